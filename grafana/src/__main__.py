"""``python -m grafana.src``: write grafana/dashboards/*.json anew."""

import sys
from pathlib import Path

from grafana.src.catalogue import rendered

DASHBOARDS = Path(__file__).parents[1] / "dashboards"


def main() -> None:
    """Overwrites; a file whose dashboard is gone is for its owner to remove."""
    DASHBOARDS.mkdir(exist_ok=True)
    for name, text in rendered().items():
        (DASHBOARDS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"grafana/dashboards/{name}: {len(text.splitlines())} lines\n")


if __name__ == "__main__":
    main()
