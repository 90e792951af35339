"""``make bench``: what the whole process costs, each figure beside its bound. Always exits 0: it measures, tests judge.

``python -m tests.bench [--json FILE]``. The services around the product are the pretend home's, on loopback and behind TLS;
settings are the defaults except their addresses, and except where a group says otherwise.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path

from tests.bench import imports, page, simulated, steady, stops, whole
from tests.bench.figures import Figure, table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    began = time.monotonic()
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="cadence-bench-") as folder, whole.Idle(Path(folder)) as idle:
        for part in (whole.figures, page.figures, stops.figures, imports.figures, steady.figures, idle.figures):
            found += part()
    found += simulated.figures()  # alone: nothing of the bench runs beside it
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.release()}, "
        f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, took {time.monotonic() - began:.0f} s"
    )
    print(table(found))
    over = [figure for figure in found if figure.verdict == "OVER"]
    print(f"\n{len(over)} of {sum(figure.bound is not None for figure in found)} bounds missed")
    if options.json:
        document = {"took_s": time.monotonic() - began, "figures": [figure.as_dict() for figure in found]}
        options.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
