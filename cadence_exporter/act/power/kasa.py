"""TP-Link Kasa plugs by the command line of python-kasa, run as a program of its own: it is GPL-3 and never imported.

Looked at: python-kasa 0.12.0. Legacy protocol modules as in its ``kasa command --module``: system, count_down.
"""

import math
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cadence_exporter.act.power.answers import number_at, parsed_object, text_of
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.outcome import ApiCall
from cadence_exporter.model.power import Identity, PowerReading, Proof, plain_id
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.seams import Clock

_ARMED_AHEAD_S = 3
"""The countdown starts when it is armed; this is for the two programs that are started until the relay goes off."""

_LEAST_OFF_S = 8.0
"""Less time than this left on the countdown before the cut, and the modem would hardly notice."""

_SPARE_S = 5.0
"""The off command is given up this long before the countdown ends: one that came after it would leave the power off for good."""

_TURN_ON = 1


@dataclass(frozen=True, slots=True)
class KasaProgram:
    """How ``kasa`` is started. The account's password goes by its environment, where other users of the machine cannot see it."""

    host: str
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def arguments(self) -> Sequence[str]:
        """Without an account: the legacy protocol on port 9999; with one: KLAP on port 80."""
        port = [] if self.port is None else ["--port", str(self.port)]
        kind = ["--type", "plug"] if self.user is None else ["-df", "IOT.SMARTPLUGSWITCH", "-e", "KLAP"]
        return ["kasa", "--json", "--host", self.host, *port, *kind]

    def environment(self) -> dict[str, str]:
        """Only what it needs: its own KASA_ variables could point it at another device."""
        kept = {key: self.environ[key] for key in ("PATH", "HOME", "LANG") if key in self.environ}
        account = {"KASA_USERNAME": self.user, "KASA_PASSWORD": self.password}
        return kept | {key: value for key, value in account.items() if value}


class Kasa:
    """A ``Relay``: the countdown is armed and read back before the relay goes off."""

    name = "kasa"
    proof = Proof.TIMER
    cuts_at_once = True

    def __init__(self, program: KasaProgram, clock: Clock, log: CallLog, service: str) -> None:
        self._program = program
        self._clock = clock
        self._log = log
        self._service = service
        self._armed_until: Instant | None = None

    def identify(self, deadline: Instant) -> Identity:
        """Raises ProbeFailed."""
        about = self._about(deadline)
        mac = "mac" if "mac" in about else "mic_mac"
        return Identity(plain_id(text_of(about, mac)), text_of(about, "model"), text_of(about, "sw_ver"))

    def read(self, deadline: Instant) -> PowerReading:
        """Raises ProbeFailed."""
        state = number_at(self._about(deadline), "relay_state")
        if state not in (0, 1):
            raise ProbeFailed(FailureReason.CONTENT, "says nothing of its relay")
        left = None if state else self._remaining(deadline)
        return PowerReading(on=bool(state), returns=left is not None, timer_left_s=left)

    def prepare(self, off_for_s: float, deadline: Instant) -> None:
        """Arm the countdown and read it back. A device has room for one. Raises ActionFailed, ProbeFailed."""
        delay = math.ceil(off_for_s) + _ARMED_AHEAD_S
        rule = {"enable": 1, "delay": delay, "act": _TURN_ON, "name": "cadence"}
        self._armed_until = Instant(self._clock.monotonic() + delay)
        self._ask("count_down", "delete_all_rules", {}, deadline)
        self._ask("count_down", "add_rule", rule, deadline)
        left = self._remaining(deadline)
        if left is None or left > delay:
            raise ActionFailed("the plug did not take the countdown that turns the power on again", refusal=True)

    def cut(self, off_for_s: float, deadline: Instant) -> None:  # noqa: ARG002 - the countdown runs already
        """Raises ProbeFailed, ActionFailed: when the countdown is nearly over, nothing is cut."""
        if self._armed_until is None or self._armed_until - self._clock.monotonic() < _LEAST_OFF_S:
            raise ActionFailed("the countdown is nearly over, or was not armed")
        limit = Instant(min(deadline, self._armed_until - _SPARE_S))
        self._ask("system", "set_relay_state", {"state": 0}, limit)

    def turn_on(self, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        self._ask("system", "set_relay_state", {"state": 1}, deadline)

    def _about(self, deadline: Instant) -> Mapping[str, Any]:
        about = self._ask("system", "get_sysinfo", None, deadline)
        if about.get("children"):
            raise ProbeFailed(FailureReason.CONTENT, "is a strip of several outlets, which is not supported")
        return about

    def _remaining(self, deadline: Instant) -> float | None:
        """Seconds until the countdown turns the power on; None when none is armed to do that."""
        rules = self._ask("count_down", "get_rules", None, deadline).get("rule_list")
        for rule in rules if isinstance(rules, list) else ():
            if isinstance(rule, dict) and rule.get("enable") == 1 and rule.get("act") == _TURN_ON:
                return number_at(rule, "remain")
        return None

    def _ask(self, module: str, command: str, argument: object, deadline: Instant) -> Mapping[str, Any]:
        began = self._clock.monotonic()
        code = "error"
        try:
            reply = self._run(
                ["command", "--module", module, command, *([] if argument is None else [repr(argument)])], deadline
            )
            code = "2xx"
        finally:
            self._log.add(ApiCall(self._service, code, self._clock.monotonic() - began, self._program.host))
        if number_at(reply, "err_code") not in (None, 0.0):
            raise ProbeFailed(FailureReason.CONTENT, f"refused {module} {command}")
        return reply

    def _run(self, words: Sequence[str], deadline: Instant) -> Mapping[str, Any]:
        left_s = deadline - self._clock.monotonic()
        if left_s <= 0:
            raise ProbeFailed(FailureReason.TIMEOUT, "the deadline passed")
        try:
            done = subprocess.run(  # noqa: S603 - no shell; the arguments are ours and the settings'
                [*self._program.arguments(), *words],
                env=self._program.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=left_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ProbeFailed(FailureReason.TIMEOUT, "the kasa program did not end in time") from error
        except OSError as error:
            raise ProbeFailed(
                FailureReason.OTHER, "the kasa program cannot be started; install python-kasa, for example with pipx"
            ) from error
        if done.returncode != 0:
            raise ProbeFailed(FailureReason.OTHER, f"the kasa program failed with exit code {done.returncode}")
        return parsed_object(done.stdout)
