"""``cadence-exporter status``: ask a running instance how things are."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from cadence_exporter.cli.colour import OF_STATE, Paint, paint_for, plainly
from cadence_exporter.cli.instance import STATUS_PATH, Unreachable, call
from cadence_exporter.record.log.plain import plain
from cadence_exporter.record.web.calendar_time import local, span
from cadence_exporter.record.web.power_rows import power_rows

UP, NOT_UP, UNREACHABLE = 0, 3, 4
"""Exit codes, as documented for scripts."""
STUCK = "cadence"
"""The row that says that the loop stands still."""


def status(url: str | None, as_json: bool, out: TextIO, err: TextIO | None = None) -> int:
    """Print the state of the instance at ``url``. Returns the exit code; why there is no answer goes to ``err`` (stderr)."""
    try:
        document = ask(url)
        lines = [] if as_json else list(summary(document, paint_for(out, os.environ)))
    except Unreachable as why:
        (err or sys.stderr).write(f"{why}\n")
        return UNREACHABLE
    # All in ASCII: JSON leaves control characters beyond it, which terminals obey, as they are.
    out.write(json.dumps(document, indent=2) if as_json else "\n".join(lines))
    out.write("\n")
    return UP if document["state"] == "UP" and not _stuck(document) else NOT_UP


def ask(url: str | None) -> Mapping[str, Any]:
    """Fetch the status document. Raises Unreachable."""
    shown, code, body = call(url, STATUS_PATH)
    return _document(shown, code, body)


def _document(shown: str, code: int, body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict) and isinstance(document.get("state"), str) and "last_cycle" in document:
        return document
    raise Unreachable(f"{shown}: answered {code}, but not as cadence-exporter does; is this the right port?")


def summary(document: Mapping[str, Any], paint: Paint = plainly) -> Iterator[str]:
    """The document as lines for people. Raises Unreachable when it is not one."""
    try:
        rows = list(_rows(document))
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise Unreachable("the answer is of another version of cadence-exporter") from error
    width = max(len(name) for name, _ in rows) + 2
    for name, text in rows:
        yield paint(f"{plain(name):<{width}}", "dim") + paint(plain(text), _colour(name, text, document))


def _colour(name: str, text: str, document: Mapping[str, Any]) -> str:
    """Only what wants to be seen is coloured."""
    if name == "state":
        return OF_STATE.get(document["state"], "")
    if name == "record":
        return "green" if ": in sync" in text else "red" if ": DIFFERS" in text else "yellow"
    return "red" if name in (STUCK, "outage", "broke at", "reachable") else ""


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "state", f"{document['state']} at {document['site']}"
    if _stuck(document):
        yield STUCK, f"{document['health']['why']}; what stands here is of then"
    yield "since", f"{local(document['since'])} ({span(document['seconds_in_state'])})"
    uptime = document["uptime"]
    if uptime["ratio"] is not None:
        yield "uptime", f"{uptime['ratio']:.2%} ({uptime['up_cycles']} of {uptime['cycles']} cycles)"
    yield "internet", f"{document['wan']}, router {document['lan']}"
    fault = document.get("fault")
    if fault:
        hop = fault["last_hop"]
        answered = f" (last hop that answers: {hop['address']})" if hop else ""
        yield "broke at", f"{fault['layer'] or 'not known'}: {fault['why']}{answered}"
    if document.get("nat") in ("cgnat", "double", "mismatch"):
        yield "reachable", f"no, {document['nat']} NAT: docs/where-it-broke.md"
    for family, address in document["public_ip"].items():
        yield family, f"{address['address'] or address['confirmed'] or 'none'} ({address['verdict'].replace('_', ' ')})"
    for record in document["records"]:
        yield "record", _record(record)
    current, last = document["outage"]["current"], document["outage"]["last"]
    if current:
        yield "outage", f"for {span(current['seconds'])}, since {local(current['began'])} ({current['layer']})"
    ended = f"{span(last['seconds'])}, until {local(last['ended'])} ({last['layer']})" if last else "none known"
    yield "last outage", ended
    yield from power_rows(document["power"])
    if document["listeners"]:
        yield "hears", _hears(document["listeners"])
    if document["next_look"]:
        yield "next look", f"in {span(document['next_look_in_seconds'])} ({document['pace']})"


def _stuck(document: Mapping[str, Any]) -> bool:
    """Whether the loop stands still; earlier versions do not say."""
    health = document.get("health")
    return isinstance(health, dict) and health.get("healthy") is False


def _hears(listeners: Sequence[Mapping[str, Any]]) -> str:
    """Who hears, and who does not."""
    hears = [each["name"] for each in listeners if each["up"]]
    deaf = [f"{each['name']} ({each['why'] or 'starting'})" for each in listeners if each["up"] is False]
    return ", ".join(hears) + (f"; not: {', '.join(deaf)}" if deaf else "") if hears or deaf else "nobody"


def _record(record: Mapping[str, Any]) -> str:
    name = f"{record['name']} {record['type']}"
    if record["refusal"]:
        return f"{name}: left alone, {record['refusal']}"
    if record["change"]:
        return f"{name}: changing to {record['change']['address']} for {span(record['change']['seconds'])}"
    word = {True: "in sync", False: "DIFFERS", None: "not verified yet"}[record["in_sync"]]
    return f"{name}: {word}" + (f", {record['verified']}" if record["verified"] else "")
