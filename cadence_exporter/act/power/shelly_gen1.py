"""Shelly Gen1: ``/relay/0?turn=off&timer=30`` cuts the power and arms its return in one command."""

from cadence_exporter.act.power.answers import json_object, number_at, truth_of
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.power import PowerReading
from cadence_exporter.outbound.lan_http import LanHttp


class ShellyGen1:
    """The dialect of plain paths (shelly-api-docs Gen1, "/relay/{index}", "/settings/relay/{index}", "/meter/{index}")."""

    def __init__(self, http: LanHttp, channel: int) -> None:
        self._http = http
        self._relay = f"/relay/{channel}"
        self._meter = f"/meter/{channel}"

    def read(self, deadline: Instant) -> PowerReading:
        """Raises ProbeFailed."""
        relay = json_object(self._http.call(self._relay, deadline))
        on = truth_of(relay, "ison")
        returns = not on and relay.get("has_timer") is True
        left = number_at(relay, "timer_remaining") if returns else None
        return PowerReading(on, self._watts(deadline), returns, left)

    def prepare(self, off_for_s: float, deadline: Instant) -> None:  # noqa: ARG002 - the same for every time
        """After a power failure the relay must come up on, and nothing may turn it off by itself. Raises ActionFailed, ProbeFailed."""
        settings = json_object(self._http.call(f"/settings{self._relay}", deadline))
        wanted = [] if settings.get("default_state") == "on" else ["default_state=on"]
        wanted += ["auto_off=0"] if settings.get("auto_off") else []
        if wanted:
            raise ActionFailed(
                "the plug could leave the power off by itself; set it right with "
                f"curl 'http://<plug>/settings{self._relay}?{'&'.join(wanted)}'",
                refusal=True,
            )

    def cut(self, off_for_s: float, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        json_object(self._http.call(f"{self._relay}?turn=off&timer={off_for_s:g}", deadline))

    def turn_on(self, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        json_object(self._http.call(f"{self._relay}?turn=on", deadline))

    def _watts(self, deadline: Instant) -> float | None:
        """Not every model measures."""
        try:
            return number_at(json_object(self._http.call(self._meter, deadline)), "power")
        except ProbeFailed:
            return None
