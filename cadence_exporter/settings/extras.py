"""Whether the extras that the settings need are installed, and how they get there. Nothing is imported: the search path is asked."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from cadence_exporter.settings.schema import Settings

REQUIREMENTS = {"sheets": "google-auth>=2.40,<3", "notify": "apprise>=2,<3"}
"""What each extra brings, as in pyproject.toml. They are named themselves: this program may have come from anywhere but an index."""
IMAGE = Path("/opt/cadence")
"""Where the program is in the image of ``deploy/image``."""
PIPX_FOR_ALL = Path("/opt/pipx")


def missing_extras(settings: Settings) -> Iterator[str]:
    """Warnings, each beginning with its key. A part without its library says so in its metric as well, and waits."""
    if settings.sheets.enabled and not _installed("google", "google.auth"):
        yield f"sheets.enabled: google-auth is not installed, so no row is written; {how_to_add('sheets')}"
    if settings.notify.urls and not _installed("apprise"):
        yield f"notify.urls: Apprise is not installed, so no message is sent; {how_to_add('notify')}"


def how_to_add(extra: str, prefix: Path | None = None) -> str:
    """The command that adds an extra to the environment in ``prefix`` (this one), by how that was made."""
    prefix, what = prefix or Path(sys.prefix), REQUIREMENTS[extra]
    if prefix == IMAGE:
        return "build the image with --build-arg LOCK=extras"
    if (prefix / "pipx_metadata.json").is_file():
        for_all = "--global " if prefix.is_relative_to(PIPX_FOR_ALL) else ""
        return f"pipx inject {for_all}cadence-exporter '{what}'"
    if (prefix / "uv-receipt.toml").is_file():
        return f"uv tool install, once more, with --with '{what}'"
    return f"pip --python {prefix / 'bin' / 'python'} install '{what}'"


def _installed(*names: str) -> bool:
    """Each name after the one that it lies in: looking for a part of nothing is an error."""
    return all(find_spec(name) is not None for name in names)
