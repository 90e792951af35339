"""Tasmota, over HTTP or MQTT: safe only with ``PowerOnState 5``, which turns the relay on a ``PulseTime`` after each off.

The queue of ``Backlog Power1 0; Delay 300; Power1 1`` cannot be read back, is wiped by the next empty ``Backlog``, and is lost when
the plug restarts; then the default ``PowerOnState 3`` leaves the modem off. So it is not used.
"""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

from cadence_exporter.act.power.answers import inner, json_object, number_at, text_of
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.power import Identity, PowerReading, Proof, plain_id
from cadence_exporter.outbound.https import Https
from cadence_exporter.outbound.lan_http import LanHttp, Login

INVERTED_PULSE = 5
"""``PowerOnState 5``: off for ``PulseTime``, then on; the same at each start of the device (Tasmota docs, Commands)."""

_TENTHS_UP_TO = 111
_WHOLE_SECONDS_OFFSET = 100
_CLOSE_ENOUGH_S = 1.0


class TasmotaLink(Protocol):
    """How a command gets there, and its answer back."""

    name: str

    def ask(self, command: str, argument: str, deadline: Instant) -> Mapping[str, Any]:
        """Raises ProbeFailed."""
        ...


class TasmotaHttp:
    """``/cm?cmnd=``. The web password travels in the query: there is no other way in."""

    name = "tasmota"

    def __init__(self, https: Https, origin: str, service: str, login: Login | None) -> None:
        self._http = LanHttp(https, origin, service)
        self._login = login

    def ask(self, command: str, argument: str, deadline: Instant) -> Mapping[str, Any]:
        """Raises ProbeFailed."""
        who = (
            f"user={quote(self._login.user, safe='')}&password={quote(self._login.password, safe='')}&"
            if self._login
            else ""
        )
        words = quote(f"{command} {argument}".strip(), safe="")
        return json_object(self._http.call(f"/cm?{who}cmnd={words}", deadline))


class Tasmota:
    """A ``Relay`` behind either link."""

    proof = Proof.TIMER
    cuts_at_once = True

    def __init__(self, link: TasmotaLink, channel: int) -> None:
        self.name = link.name
        self._link = link
        self._number = channel + 1

    def identify(self, deadline: Instant) -> Identity:
        """Raises ProbeFailed."""
        network = inner(self._ask("Status", "5", deadline), "StatusNET")
        firmware = inner(self._ask("Status", "2", deadline), "StatusFWR")
        hardware = firmware.get("Hardware")
        model = f"Tasmota {hardware}"[:100] if isinstance(hardware, str) else "Tasmota"
        return Identity(plain_id(text_of(network, "Mac")), model, text_of(firmware, "Version"))

    def read(self, deadline: Instant) -> PowerReading:
        """Raises ProbeFailed."""
        on = self._relay(self._ask(f"Power{self._number}", "", deadline))
        remaining = number_at(self._pulse(deadline), "Remaining") or 0
        returns = not on and remaining > 0
        return PowerReading(on, self._watts(deadline), returns, seconds_of_pulse(remaining) if returns else None)

    def prepare(self, off_for_s: float, deadline: Instant) -> None:
        """Raises ActionFailed, ProbeFailed."""
        state = number_at(self._ask("PowerOnState", "", deadline), "PowerOnState")
        pulse = number_at(self._pulse(deadline), "Set") or 0
        if state != INVERTED_PULSE or abs(seconds_of_pulse(pulse) - off_for_s) > _CLOSE_ENOUGH_S:
            name = f"PulseTime{self._number}"
            raise ActionFailed(
                f"the plug would not turn the power on again after {off_for_s:g} s (PowerOnState {state or 0:.0f}, {name} {pulse:.0f}); "
                f"type in its console: Backlog PowerOnState {INVERTED_PULSE}; {name} {pulse_of_seconds(off_for_s)}",
                refusal=True,
            )

    def cut(self, off_for_s: float, deadline: Instant) -> None:  # noqa: ARG002 - the time is in the device's settings
        """Raises ProbeFailed."""
        self._ask(f"Power{self._number}", "0", deadline)

    def turn_on(self, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        self._ask(f"Power{self._number}", "1", deadline)

    def _ask(self, command: str, argument: str, deadline: Instant) -> Mapping[str, Any]:
        reply = self._link.ask(command, argument, deadline)
        if "WARNING" in reply:
            raise ProbeFailed(FailureReason.HTTP, "wants another web password")
        return reply

    def _pulse(self, deadline: Instant) -> Mapping[str, Any]:
        return inner(self._ask(f"PulseTime{self._number}", "", deadline), f"PulseTime{self._number}")

    def _relay(self, reply: Mapping[str, Any]) -> bool:
        """A device with one relay calls it ``POWER``."""
        word = reply.get(f"POWER{self._number}", reply.get("POWER") if self._number == 1 else None)
        if word not in ("ON", "OFF"):
            raise ProbeFailed(FailureReason.CONTENT, f"says nothing of relay {self._number}")
        return bool(word == "ON")

    def _watts(self, deadline: Instant) -> float | None:
        """Not every model measures."""
        try:
            return number_at(inner(inner(self._ask("Status", "8", deadline), "StatusSNS"), "ENERGY"), "Power")
        except ProbeFailed:
            return None


def seconds_of_pulse(value: float) -> float:
    """``PulseTime`` counts 1..111 in tenths of a second, and 112..64900 in seconds after 100 (Tasmota docs, Commands)."""
    return value / 10 if value <= _TENTHS_UP_TO else value - _WHOLE_SECONDS_OFFSET


def pulse_of_seconds(seconds: float) -> int:
    """The value of ``PulseTime`` for a time."""
    tenths = round(seconds * 10)
    return tenths if tenths <= _TENTHS_UP_TO else max(round(seconds), 12) + _WHOLE_SECONDS_OFFSET
