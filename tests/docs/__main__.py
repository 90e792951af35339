"""``python -m tests.docs``: write the generated pages anew."""

import importlib
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("settings", "metrics")


def main() -> None:
    for name in PAGES:
        try:
            module = importlib.import_module(f"tests.docs.{name}_page")
        except ModuleNotFoundError as error:
            if error.name != f"tests.docs.{name}_page":
                raise
            print(f"docs/{name}.md: nothing draws it")
            continue
        page: str = getattr(module, f"{name}_page")()
        (DOCS / f"{name}.md").write_text(page, encoding="utf-8")
        print(f"docs/{name}.md: {len(page.splitlines())} lines")


if __name__ == "__main__":
    main()
