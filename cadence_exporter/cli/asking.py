"""``cadence-exporter bounce`` and ``maintenance``: ask a running instance, and say what it answered."""

import argparse
import http.client
import ssl
import sys
from typing import TextIO

from cadence_exporter.cli.status import DEFAULT_URL, UNREACHABLE, Unreachable, ask, connect
from cadence_exporter.record.log.plain import plain
from cadence_exporter.record.web.asking import WAIT_S, length
from cadence_exporter.record.web.calendar_time import local, span

DONE, REFUSED, WRONG = 0, 3, 2
_OK, _LATER = 200, 202
_MAX_BYTES = 4096


def bounce(url: str | None, *, sure: bool, out: TextIO | None = None) -> int:
    """Cut the modem's power for a while. Returns 0 when it was done, 3 when a guardrail or the device refused, 4 without an answer."""
    if not sure:
        sys.stderr.write("this cuts the modem's power for recovery.off_for; say so with --yes\n")
        return WRONG
    return _tell(url, "/-/bounce", out)


def maintenance(options: argparse.Namespace, out: TextIO | None = None) -> int:
    """``on``, ``off`` or ``status``. Returns as ``bounce`` does."""
    match options.what:
        case "off":
            return _tell(options.url, "/-/maintenance?for=off", out)
        case "on":
            try:
                seconds = length(options.lasts)
            except ValueError as error:
                sys.stderr.write(f"--for: {error}\n")
                return WRONG
            return _tell(options.url, f"/-/maintenance?for={seconds:g}s", out)
    return _how_it_is(options.url, out or sys.stdout)


def _how_it_is(url: str | None, out: TextIO) -> int:
    try:
        found = ask(url or DEFAULT_URL)["power"]["maintenance"]
        told = "off" if found is None else f"on for {span(found['seconds'])}, until {local(found['until'])}"
    except Unreachable as why:
        sys.stderr.write(f"{why}\n")
        return UNREACHABLE
    except (KeyError, TypeError, ValueError, OverflowError):
        sys.stderr.write("the answer is of another version of cadence-exporter\n")
        return UNREACHABLE
    out.write(f"maintenance is {plain(told)}\n")
    return DONE


def _tell(url: str | None, path: str, out: TextIO | None) -> int:
    try:
        code, answer = post(url or DEFAULT_URL, path)
    except Unreachable as why:
        sys.stderr.write(f"{why}\n")
        return UNREACHABLE
    (out or sys.stdout).write(f"{plain(answer)}\n")
    return DONE if code in (_OK, _LATER) else REFUSED


def post(url: str, path: str) -> tuple[int, str]:
    """The status and the text of the answer. Raises Unreachable."""
    parts, connection, headers = connect(url, timeout_s=WAIT_S + 10.0)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # never the password
    prefix = parts.path.rstrip("/").removesuffix("/metrics")
    try:
        connection.request("POST", prefix + path, headers={**headers, "Content-Length": "0"})
        answer = connection.getresponse()
        return answer.status, answer.read(_MAX_BYTES).decode(errors="replace").strip()
    except (ssl.SSLError, OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Unreachable(f"{shown}: no answer ({plain(reason)}); is it running? --url says where") from error
    finally:
        connection.close()
