"""The status document and the history -> one HTML page without outside assets, readable on a phone, with or without JavaScript."""

from collections.abc import Mapping
from typing import Any

from cadence_exporter.record.web import sections
from cadence_exporter.record.web.html import Html, element, joined
from cadence_exporter.record.web.messages import Response
from cadence_exporter.record.web.page_style import EVERY_S, POLICY, SCRIPT, STYLE
from cadence_exporter.record.web.past import Shown
from cadence_exporter.record.web.strips import strips

REFRESH_S = 30
"""Without JavaScript."""

SECURITY_HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "deny"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
LINKS = (
    ("metrics", "Metrics"),
    ("api/v1/status", "Status as JSON"),
    ("api/v1/history?since=7d", "History as JSON"),
    ("-/healthy", "Health"),
    ("-/ready", "Readiness"),
)
_TAB_COLOURS = {"up": "2da44e", "degraded": "d4a72c", "down": "cf222e"}
_DOCTYPE = Html("<!doctype html>\n")
_STYLE_TEXT = Html(STYLE)
_SCRIPT_TEXT = Html(SCRIPT)


def render(status: Mapping[str, Any], past: Shown) -> Response:
    """The page for one status document."""
    state = str(status["state"])
    newest = {(each.name, each.type): each for each in past.view.dns_changes}
    cards = (
        sections.section("History", _history(past), wide=True),
        element("div", sections.connection(status), sections.recovery(status), class_="column"),
        element("div", sections.records(status, newest), sections.outside(status), class_="column"),
        sections.events(status, past.now.wall),
        sections.last_cycle(status),
    )
    body = element(
        "body",
        element(
            "p",
            "No answer from Cadence: what you see here is not of this moment.",
            id="lost",
            class_="lost",
            role="status",
            hidden=True,
        ),
        element("main", sections.head(status), element("div", *cards, class_="cards")),
        element("nav", *(element("a", name, href=path) for path, name in LINKS), aria_label="More"),
        element("footer", f"cadence-exporter {status['version']}, fresh every {EVERY_S} s", class_="quiet small"),
        element("script", _SCRIPT_TEXT),
    )
    page = joined(
        _DOCTYPE, element("html", _head(f"{state} · {status['site']}", sections.colour_of(status)), body, lang="en")
    )
    return Response(200, "text/html; charset=utf-8", f"{page}\n".encode(), SECURITY_HEADERS)


def _head(title: str, state: str) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("noscript", element("meta", http_equiv="refresh", content=REFRESH_S)),
        element("title", title),
        element("link", rel="icon", href=_icon(state)),
        element("style", _STYLE_TEXT),
    )


def _icon(state: str) -> str:
    """The tab in the colour of the state."""
    dot = f"<circle cx='8' cy='8' r='7' fill='%23{_TAB_COLOURS.get(state, '6e7781')}'/>"
    return f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>{dot}</svg>"


def _history(past: Shown) -> Html:
    if past.why is not None:
        return element("p", past.why, class_="degraded")
    return strips(past.view, past.current, past.now)
