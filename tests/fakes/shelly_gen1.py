"""A pretend Shelly Plug S of the first generation (shelly-api-docs Gen1): plain paths, optional basic authentication."""

from base64 import b64encode
from urllib.parse import parse_qs, urlsplit

from cadence_exporter.demo.http_device import HttpDevice, json_reply
from cadence_exporter.demo.http_service import Asked, Reply
from cadence_exporter.seams import Clock


class ShellyGen1Plug(HttpDevice):
    def __init__(self, clock: Clock, password: str | None = None, mac: str = "E868E7000001") -> None:
        self.mac = mac
        self.default_state = "on"
        self.auto_off = 0.0
        self.takes_timers = True
        self.measures = True
        self._password = password
        super().__init__(clock)

    def restart(self) -> None:
        self.relay.restart(self.relay.says_on if self.default_state == "last" else self.default_state == "on")

    def answer(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.target)
        query = parse_qs(parts.query)
        if parts.path == "/shelly":
            return json_reply(
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
            return json_reply({"default_state": self.default_state, "auto_on": 0.0, "auto_off": self.auto_off})
        if parts.path == "/meter/0" and self.measures:
            return json_reply({"power": self.relay.watts, "is_valid": True})
        if parts.path != "/relay/0":
            return Reply(404, b"Not Found")
        if turn := query.get("turn"):
            timer = query.get("timer") if self.takes_timers else None
            self.relay.set(turn[0] == "on", float(timer[0]) if timer else None)
        left = self.relay.timer_left_s
        return json_reply(
            {
                "ison": self.relay.says_on,
                "has_timer": left is not None,
                "timer_remaining": 0 if left is None else int(left),
                "overpower": False,
                "source": "http",
            }
        )
