"""Shelly Gen2, 3 and 4: ``Switch.Set`` with ``toggle_after`` cuts the power and arms its return in one command."""

import json
from collections.abc import Mapping
from typing import Any

from cadence_exporter.act.power.answers import inner, json_object, number_at, truth_of
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.power import PowerReading
from cadence_exporter.outbound.lan_http import LanHttp


class ShellyGen2:
    """The RPC dialect, by ``POST /rpc`` (shelly-api-docs Gen2+, "RPC Protocol", "Switch")."""

    def __init__(self, http: LanHttp, channel: int) -> None:
        self._http = http
        self._channel = channel
        self._device: object = None

    def expect(self, device: object) -> None:
        """The id of the device that was identified: every answer carries it, and one from another device is not believed."""
        self._device = device

    def read(self, deadline: Instant) -> PowerReading:
        """``timer_duration`` is there while a flip of the relay is due; how much of it is over is not asked. Raises ProbeFailed."""
        status = self._rpc("Switch.GetStatus", {}, deadline)
        on = truth_of(status, "output")
        duration = number_at(status, "timer_duration")
        returns = not on and duration is not None
        return PowerReading(on, number_at(status, "apower"), returns, duration if returns else None)

    def prepare(self, off_for_s: float, deadline: Instant) -> None:  # noqa: ARG002 - the same for every time
        """After a power failure the relay must come up on, and nothing may turn it off by itself. Raises ActionFailed, ProbeFailed."""
        config = self._rpc("Switch.GetConfig", {}, deadline)
        wanted = [] if config.get("initial_state") == "on" else ['"initial_state":"on"']
        wanted += ['"auto_off":false'] if config.get("auto_off") else []
        if wanted:
            params = f'{{"id":{self._channel},"config":{{{",".join(wanted)}}}}}'
            raise ActionFailed(
                "the plug could leave the power off by itself; set it right with "
                f"""curl 'http://<plug>/rpc' -d '{{"id":1,"method":"Switch.SetConfig","params":{params}}}'""",
                refusal=True,
            )

    def cut(self, off_for_s: float, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        self._rpc("Switch.Set", {"on": False, "toggle_after": off_for_s}, deadline)

    def turn_on(self, deadline: Instant) -> None:
        """Without ``toggle_after``: a timer that still runs is dropped. Raises ProbeFailed."""
        self._rpc("Switch.Set", {"on": True}, deadline)

    def _rpc(self, method: str, params: Mapping[str, object], deadline: Instant) -> Mapping[str, Any]:
        frame = {"id": 1, "src": "cadence", "method": method, "params": {"id": self._channel, **params}}
        headers = {"Content-Type": "application/json"}
        answer = self._http.call("/rpc", deadline, method="POST", headers=headers, body=json.dumps(frame).encode())
        reply = json_object(answer)
        if self._device is not None and reply.get("src") != self._device:
            raise ProbeFailed(FailureReason.CONTENT, f"{method} was answered by another device")
        if "error" in reply:
            code = number_at(inner(reply, "error"), "code")
            raise ProbeFailed(FailureReason.CONTENT, f"{method} was refused with error {code or 0:.0f}")
        return inner(reply, "result")
