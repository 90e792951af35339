"""``python -m tests.page.picture FILE.png``: the page of a made-up home, as the README shows it."""

import sys
import tempfile
from pathlib import Path

from tests.page.chromium import Chromium
from tests.page.scene import Home, served

WIDTH, HEIGHT = 1000, 830


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Chromium(Path(folder) / "profile") as browser,
        served(Home().healthy()) as url,
    ):
        browser.look(WIDTH, HEIGHT, dark=False)
        browser.call("Emulation.setScrollbarsHidden", hidden=True)
        browser.open(url)
        Path(sys.argv[1]).write_bytes(browser.picture())


if __name__ == "__main__":
    main()
