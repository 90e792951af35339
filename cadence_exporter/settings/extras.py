"""Whether the extras that the settings need are installed. Asked of the interpreter's search path: nothing is imported."""

from collections.abc import Iterator
from importlib.util import find_spec

from cadence_exporter.settings.schema import Settings


def missing_extras(settings: Settings) -> Iterator[str]:
    """Warnings, each beginning with its key. A part without its library says so in its metric as well, and waits."""
    if settings.sheets.enabled and not _installed("google", "google.auth"):
        yield "sheets.enabled: google-auth is not installed, so no row is written; pip install 'cadence-exporter[sheets]'"
    if settings.notify.urls and not _installed("apprise"):
        yield "notify.urls: Apprise is not installed, so no message is sent; pip install 'cadence-exporter[notify]'"


def _installed(*names: str) -> bool:
    """Each name after the one that it lies in: looking for a part of nothing is an error."""
    return all(find_spec(name) is not None for name in names)
