"""The status document -> one HTML page without scripts or outside assets, readable on a phone. Everything is escaped."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from cadence_exporter.record.web.calendar_time import NONE, local, span
from cadence_exporter.record.web.messages import Response

REFRESH_S = 30

STYLE = """
:root{color-scheme:light dark;--up:#1a7f37;--degraded:#9a6700;--down:#cf222e;--init:#57606a;--line:#8884}
@media(prefers-color-scheme:dark){:root{--up:#3fb950;--degraded:#d29922;--down:#f85149;--init:#8b949e}}
body{font:16px/1.45 system-ui,sans-serif;max-width:56rem;margin:0 auto;padding:1rem}
h1{font-size:1.1rem;margin:0;font-weight:600}h2{font-size:1rem;margin:1.6rem 0 .4rem}
.state{font-size:2rem;font-weight:700;margin:.2rem 0}
.up{color:var(--up)}.degraded{color:var(--degraded)}.down{color:var(--down)}.init{color:var(--init)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;white-space:nowrap}pre{font-size:.8rem;overflow-x:auto;margin:0}
.quiet{opacity:.7}nav a{margin-right:1rem}
"""

_NAT = {
    "cgnat": "behind the ISP's shared address (CGNAT): nobody reaches this home from outside by IPv4",
    "double": "behind a second router: ports must be forwarded on both",
    "mismatch": "the router's public address is not the one seen outside: nobody reaches this home by IPv4",
}
LINKS = (
    "<h2>More</h2><nav><a href=/metrics>Metrics</a><a href=/api/v1/status>Status as JSON</a>"
    "<a href=/-/healthy>Health</a><a href=/-/ready>Readiness</a></nav>"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SECURITY_HEADERS = (
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "deny"),
    ("Cache-Control", "no-store"),
)


def render(status: Mapping[str, Any]) -> Response:
    """The page for one status document."""
    state = status["state"]
    title = f"{state} · {status['site']}"
    parts = (
        f"<h1>Cadence at {_e(status['site'])}</h1>",
        f'<p class="state {_e(state.lower())}">{_e(state)}</p>',
        f"<p>{_since(status)}</p>",
        _table("Connection", (), _connection(status)),
        _table("Records", ("Record", "State", "Verified"), map(_record, status["records"])),
        _lines(status["last_cycle"]),
        _table("Recent events", ("When", "What"), map(_event, status["events"])),
        LINKS,
        f'<p class="quiet">cadence-exporter {_e(status["version"])}, refreshed every {REFRESH_S} s</p>',
    )
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="refresh" content="{REFRESH_S}"><title>{_e(title)}</title><style>{STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )
    return Response(200, "text/html; charset=utf-8", html.encode(), SECURITY_HEADERS)


def _since(status: Mapping[str, Any]) -> str:
    if status["since"] is None:
        return "The first cycle is under way."
    return f"since {_e(local(status['since']))}, for {_e(span(status['seconds_in_state']))}"


def _connection(status: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    yield "Internet", status["wan"]
    yield "Router", status["lan"]
    for family, address in status["public_ip"].items():
        why = f": {address['why']}" if address["why"] else ""
        verdict = address["verdict"].replace("_", " ")
        yield (
            f"Public {family.replace('ip', 'IP')}",
            f"{address['address'] or address['confirmed'] or NONE} ({verdict}{why})",
        )
    fault = status["fault"]
    if fault:
        hop = fault["last_hop"]
        answered = f"; the last hop that answers is {hop['address']}" if hop else ""
        yield "Where it broke", f"{fault['layer'] or 'not known'}: {fault['why']}{answered}"
    if status["nat"] in _NAT:
        yield "Reachability", _NAT[status["nat"]]
    uptime = status["uptime"]
    if uptime["ratio"] is not None:
        yield "Uptime", f"{uptime['ratio']:.2%} ({uptime['up_cycles']} of {uptime['cycles']} cycles)"
    current, last = status["outage"]["current"], status["outage"]["last"]
    if current:
        yield "Outage", f"for {span(current['seconds'])}, since {local(current['began'])} ({current['layer']})"
    if last:
        yield "Last outage", f"{span(last['seconds'])}, until {local(last['ended'])} ({last['layer']})"
    if status["next_look"]:
        yield "Next look", f"in {span(status['next_look_in_seconds'])} ({status['pace']})"


def _record(record: Mapping[str, Any]) -> tuple[str, ...]:
    change = record["change"]
    if record["refusal"]:
        state = f"left alone: {record['refusal']}"
    elif change:
        stage = "published, not visible everywhere yet" if change["published_at"] else "to be published"
        state = f"changing to {change['address']}: {stage}, {span(change['seconds'])}"
    else:
        word = {True: "in sync", False: "differs", None: "not verified yet"}[record["in_sync"]]
        state = f"{word}: {record['verified']}" if record["verified"] else word
    return f"{record['name']} {record['type']}", state, local(record["verified_at"])


def _event(event: Mapping[str, Any]) -> tuple[str, ...]:
    times = f" (\N{MULTIPLICATION SIGN}{event['times']})" if event["times"] > 1 else ""
    return local(event["at"]), f"{event['text']}{times}"


def _lines(last: Mapping[str, Any] | None) -> str:
    if not last:
        return ""
    lines = "\n".join(_line(each) for each in last["lines"])
    body = f'<div class="wide"><pre>{_e(lines)}</pre></div>' if lines else ""
    return f'<h2>Last cycle</h2><p class="quiet">{_e(local(last["began"]))}, took {last["duration_s"]:.2f} s</p>{body}'


def _line(line: Mapping[str, Any]) -> str:
    extras = "".join(f" | {key}={value}" for key, value in line["extras"].items())
    return f"{line['icon']} {line['subject']:<12}{line['status']:<10} {line['detail']}{extras}"


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table under a heading, with its first column as row headings; nothing at all when there are no rows."""
    body = "".join(
        f'<tr><th scope="row">{_e(row[0])}</th>{"".join(f"<td>{_e(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    if not body:
        return ""
    columns = "".join(f'<th scope="col">{_e(each)}</th>' for each in head)
    return f'<h2>{_e(title)}</h2><div class="wide"><table>{f"<tr>{columns}</tr>" if head else ""}{body}</table></div>'


def _e(value: object) -> str:
    return escape(str(value), quote=True)
