"""A pretend Home Assistant: one switch, one script that turns it off, waits, and turns it on (developers.home-assistant.io, REST API)."""

import json

from cadence_exporter.demo.http_device import HttpDevice, json_reply
from cadence_exporter.demo.http_service import Asked, Reply
from cadence_exporter.seams import Clock

SWITCH, SCRIPT = "switch.modem", "script.modem_bounce"


class HomeAssistantFake(HttpDevice):
    def __init__(self, clock: Clock, token: str) -> None:
        self.entity = SWITCH
        self.script_delay_s = 30.0
        self.script_runs = True
        self.reaches_switch = True
        self.takes_timers = True
        self._token = token
        super().__init__(clock)

    def restart(self) -> None:
        """The switch comes up on, as its own firmware should be told to; a script under way is over."""
        self.relay.restart(on=True)

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self._token}":
            return Reply(401, b"401: Unauthorized")
        if asked.method == "GET":
            return self._get(asked.target)
        entity = json.loads(asked.body)["entity_id"]
        match asked.target, entity:
            case "/api/services/switch/turn_off", self.entity:
                self.relay.set(on=False)
            case "/api/services/switch/turn_on", self.entity:
                self.relay.set(on=True)
            case "/api/services/script/turn_on", "script.modem_bounce":
                self.relay.set(on=False, flip_after_s=self.script_delay_s if self.takes_timers else None)
            case _:
                return Reply(400, b"400: Bad Request")
        return json_reply([])

    def _get(self, target: str) -> Reply:
        runs = self.relay.timer_left_s is not None
        match target:
            case "/api/config":
                return json_reply({"version": "2026.11.1", "location_name": "Home"})
            case "/api/states/script.modem_bounce":
                return json_reply({"entity_id": SCRIPT, "state": "on" if runs else "off"})
        if target == f"/api/states/{self.entity}":
            state = "on" if self.relay.says_on else "off"
            return json_reply({"entity_id": self.entity, "state": state if self.reaches_switch else "unavailable"})
        return Reply(404, b'{"message":"Entity not found."}')
