"""Shelly plugs of every generation: ``GET /shelly`` tells which one, and each operation goes on in its dialect."""

from collections.abc import Mapping
from typing import Any, Protocol

from cadence_exporter.act.power.answers import json_object, number_at, text_of
from cadence_exporter.act.power.shelly_gen1 import ShellyGen1
from cadence_exporter.act.power.shelly_gen2 import ShellyGen2
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.power import Identity, PowerReading, Proof, plain_id
from cadence_exporter.outbound.https import Https
from cadence_exporter.outbound.lan_http import LanHttp, Login

USER = "admin"
"""Generation 2 and later know no other; generation 1 ships with it."""
_FIRST_WITH_RPC = 2


class _Dialect(Protocol):
    def read(self, deadline: Instant) -> PowerReading: ...
    def prepare(self, off_for_s: float, deadline: Instant) -> None: ...
    def cut(self, off_for_s: float, deadline: Instant) -> None: ...
    def turn_on(self, deadline: Instant) -> None: ...


class Shelly:
    """A ``Relay``. Sources: shelly-api-docs, Gen1 "Shelly Plug/PlugS" and Gen2+ "Shelly.GetDeviceInfo", "Switch"."""

    name = "shelly"
    proof = Proof.TIMER
    cuts_at_once = True

    def __init__(self, https: Https, origin: str, service: str, channel: int, login: Login | None) -> None:
        self._open = LanHttp(https, origin, service)  # /shelly is answered without a password
        self._gen1 = ShellyGen1(LanHttp(https, origin, service, basic=login), channel)
        self._gen2 = ShellyGen2(LanHttp(https, origin, service, digest=login), channel)
        self._found: _Dialect | None = None

    def identify(self, deadline: Instant) -> Identity:
        """Raises ProbeFailed."""
        about = self._ask(deadline)
        later_one = isinstance(self._found, ShellyGen2)
        return Identity(
            id=plain_id(text_of(about, "mac")),
            model=text_of(about, "model" if later_one else "type"),
            firmware=text_of(about, "ver" if later_one else "fw"),
        )

    def read(self, deadline: Instant) -> PowerReading:
        """Raises ProbeFailed."""
        return self._dialect(deadline).read(deadline)

    def prepare(self, off_for_s: float, deadline: Instant) -> None:
        """Raises ActionFailed, ProbeFailed."""
        self._dialect(deadline).prepare(off_for_s, deadline)

    def cut(self, off_for_s: float, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        self._dialect(deadline).cut(off_for_s, deadline)

    def turn_on(self, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        self._dialect(deadline).turn_on(deadline)

    def _dialect(self, deadline: Instant) -> _Dialect:
        if self._found is None:
            self._ask(deadline)
        return self._found or self._gen1

    def _ask(self, deadline: Instant) -> Mapping[str, Any]:
        about = json_object(self._open.call("/shelly", deadline))
        generation = number_at(about, "gen") or 1
        self._found = self._gen2 if generation >= _FIRST_WITH_RPC else self._gen1
        self._gen2.expect(about.get("id"))
        return about
