"""``cadence-exporter bounce`` and ``maintenance``: ask a running instance, and say what it answered."""

import argparse
import sys
from typing import TextIO

from cadence_exporter.cli.instance import Unreachable, call
from cadence_exporter.cli.status import UNREACHABLE, ask
from cadence_exporter.record.log.plain import plain
from cadence_exporter.record.web.asking import WAIT_S, length
from cadence_exporter.record.web.calendar_time import local, span

DONE, REFUSED, WRONG = 0, 3, 2
_OK, _LATER = 200, 202
LONGEST_ANSWER = 4096


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
        found = ask(url)["power"]["maintenance"]
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
        _, code, body = call(url, path, "POST", WAIT_S + 10.0)
    except Unreachable as why:
        sys.stderr.write(f"{why}\n")
        return UNREACHABLE
    (out or sys.stdout).write(f"{plain(body[:LONGEST_ANSWER].decode(errors='replace').strip())}\n")
    return DONE if code in (_OK, _LATER) else REFUSED
