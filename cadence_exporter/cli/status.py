"""``cadence-exporter status``: ask a running instance how things are."""

import base64
import http.client
import json
import os
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO
from urllib.parse import SplitResult, unquote, urlsplit

from cadence_exporter.cli.colour import OF_STATE, Paint, paint_for, plainly
from cadence_exporter.record.log.plain import plain
from cadence_exporter.record.web.calendar_time import local, span
from cadence_exporter.record.web.power_rows import power_rows

DEFAULT_URL = "http://127.0.0.1:9923"
PATH = "/api/v1/status"
UP, NOT_UP, UNREACHABLE = 0, 3, 4
"""Exit codes, as documented for scripts."""
TIMEOUT_S = 5.0
MAX_BYTES = 1024 * 1024
_UNAUTHORIZED = 401


class Unreachable(Exception):
    """There is no usable answer; the message says why and what to do."""


def status(url: str | None, as_json: bool, out: TextIO, err: TextIO | None = None) -> int:
    """Print the state of the instance at ``url``. Returns the exit code; why there is no answer goes to ``err`` (stderr)."""
    try:
        document = ask(url or DEFAULT_URL)
        lines = [] if as_json else list(summary(document, paint_for(out, os.environ)))
    except Unreachable as why:
        (err or sys.stderr).write(f"{why}\n")
        return UNREACHABLE
    # All in ASCII: JSON leaves control characters beyond it, which terminals obey, as they are.
    out.write(json.dumps(document, indent=2) if as_json else "\n".join(lines))
    out.write("\n")
    return UP if document["state"] == "UP" else NOT_UP


def ask(url: str) -> Mapping[str, Any]:
    """Fetch the status document. ``user:password@`` in the URL is used for basic auth. Raises Unreachable."""
    parts, connection, headers = connect(url)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # never the password
    prefix = parts.path.rstrip("/").removesuffix(PATH).removesuffix("/metrics")
    try:
        connection.request("GET", prefix + PATH, headers=headers)
        answer = connection.getresponse()
        body = answer.read(MAX_BYTES)
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"{shown}: {error.verify_message}; SSL_CERT_FILE names the authority to trust") from error
    except ssl.SSLError as error:
        raise Unreachable(f"{shown}: TLS failed ({error.reason}); does it speak plain http?") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Unreachable(f"{shown}: no answer ({plain(reason)}); is it running? --url says where") from error
    finally:
        connection.close()
    if answer.status == _UNAUTHORIZED:
        raise Unreachable(f"{shown}: it wants a password; write the URL as {parts.scheme}://USER:PASSWORD@HOST:PORT")
    return _document(shown, answer.status, body)


def connect(url: str, timeout_s: float = TIMEOUT_S) -> tuple[SplitResult, http.client.HTTPConnection, dict[str, str]]:
    """Where an instance is, the connection to it (nothing is sent yet), and the headers to send. Raises Unreachable."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Unreachable(f"not a URL: {plain(str(error))}") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise Unreachable(f"not a URL of ours; write it as {DEFAULT_URL}")
    if parts.scheme == "https":
        return parts, http.client.HTTPSConnection(host, port, timeout=timeout_s), _headers(parts)
    return parts, http.client.HTTPConnection(host, port, timeout=timeout_s), _headers(parts)


def _headers(parts: SplitResult) -> dict[str, str]:
    headers = {"Accept": "application/json", "Connection": "close"}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers


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
    return "red" if name in ("outage", "broke at", "reachable") else ""


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "state", f"{document['state']} at {document['site']}"
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
