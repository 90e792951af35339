"""A pretend Shelly Plug S of the first generation (shelly-api-docs Gen1): plain paths, optional basic authentication."""

import json
from base64 import b64encode
from urllib.parse import parse_qs, urlsplit

from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.device_faults import FaultPlan, with_faults
from cadence_exporter.demo.http_service import Asked, HttpService, Reply
from cadence_exporter.demo.plug_relay import PlugRelay
from cadence_exporter.seams import Clock


class ShellyGen1Plug(Closes):
    def __init__(self, clock: Clock, password: str | None = None, mac: str = "E868E7000001") -> None:
        self.relay = PlugRelay(clock)
        self.faults = FaultPlan()
        self.mac = mac
        self.default_state = "on"
        self.auto_off = 0.0
        self.takes_timers = True
        self.measures = True
        self._password = password
        self.service = HttpService(with_faults(self.faults, self._answer, self.restart))

    @property
    def url(self) -> str:
        return self.service.url

    def close(self) -> None:
        self.service.close()

    def restart(self) -> None:
        self.relay.restart(self.relay.says_on if self.default_state == "last" else self.default_state == "on")

    def _answer(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.target)
        query = parse_qs(parts.query)
        if parts.path == "/shelly":
            return _json(
                {
                    "type": "SHPLG-S",
                    "mac": self.mac,
                    "auth": self._password is not None,
                    "fw": "20230913-113421/v1.14.0",
                }
            )
        wanted = "Basic " + b64encode(f"admin:{self._password}".encode()).decode()
        if self._password is not None and asked.headers.get("authorization") != wanted:
            return Reply(401, headers={"WWW-Authenticate": 'Basic realm="shellyplug-s"'})
        if parts.path == "/settings/relay/0":
            return _json({"default_state": self.default_state, "auto_on": 0.0, "auto_off": self.auto_off})
        if parts.path == "/meter/0" and self.measures:
            return _json({"power": self.relay.watts, "is_valid": True})
        if parts.path != "/relay/0":
            return Reply(404, b"Not Found")
        if turn := query.get("turn"):
            timer = query.get("timer") if self.takes_timers else None
            self.relay.set(turn[0] == "on", float(timer[0]) if timer else None)
        left = self.relay.timer_left_s
        return _json(
            {
                "ison": self.relay.says_on,
                "has_timer": left is not None,
                "timer_remaining": 0 if left is None else int(left),
                "overpower": False,
                "source": "http",
            }
        )


def _json(value: object) -> Reply:
    return Reply(body=json.dumps(value).encode(), content_type="application/json")
