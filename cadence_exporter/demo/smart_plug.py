"""A pretend Shelly Plus plug on loopback: identification, RPC and digest authentication as its API documents have them.

Source: shelly-api-docs Gen2+, "Shelly.GetDeviceInfo", "Switch", "Authentication".
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from cadence_exporter.demo.http_device import HttpDevice, json_reply
from cadence_exporter.demo.http_service import Asked, Reply
from cadence_exporter.seams import Clock

MAC = "A8032ABE54DC"
USER = "admin"
NONCE = "60dc2c6a"


class SmartPlug(HttpDevice):
    """Without a password it obeys everybody."""

    def __init__(self, clock: Clock, password: str | None = None, mac: str = MAC) -> None:
        self.mac = mac
        self.initial_state = "on"
        self.auto_off = False
        self.takes_timers = True
        """False: ``toggle_after`` is ignored, as by a firmware that does not know it."""
        self._password = password
        super().__init__(clock)

    @property
    def id(self) -> str:
        """As the device names itself; the realm of its password too."""
        return f"shellyplusplugs-{self.mac.lower()}"

    def restart(self) -> None:
        """As after a power failure: ``initial_state`` decides."""
        self.relay.restart(self.relay.says_on if self.initial_state == "restore_last" else self.initial_state == "on")

    def answer(self, asked: Asked) -> Reply:
        """The paths of the API."""
        path = asked.target.partition("?")[0]
        if path == "/shelly":
            return json_reply(self._about())
        if path != "/rpc" or asked.method != "POST":
            return Reply(404, b"Not Found")
        if not self._admits(asked):
            challenge = f'Digest qop="auth", realm="{self.id}", nonce="{NONCE}", algorithm=SHA-256'
            return Reply(401, headers={"WWW-Authenticate": challenge})
        frame = json.loads(asked.body)
        return json_reply({"id": frame.get("id"), "src": self.id, "dst": frame.get("src"), **self._rpc(frame)})

    def _about(self) -> dict[str, object]:
        return {
            "name": None,
            "id": self.id,
            "mac": self.mac,
            "model": "SNPL-00112EU",
            "gen": 2,
            "fw_id": "20240625-122658/1.3.3-gbdfd9b3",
            "ver": "1.3.3",
            "app": "PlusPlugS",
            "auth_en": self._password is not None,
            "auth_domain": self.id if self._password is not None else None,
        }

    def _rpc(self, frame: Mapping[str, Any]) -> dict[str, object]:
        params = frame.get("params") or {}
        if params.get("id") != 0:
            return {"error": {"code": -105, "message": "Argument 'id', value not found!"}}
        match frame.get("method"):
            case "Switch.GetConfig":
                result: dict[str, object] = {"id": 0, "initial_state": self.initial_state, "auto_off": self.auto_off}
            case "Switch.GetStatus":
                result = self._status()
            case "Switch.Set":
                flip_after_s = params.get("toggle_after") if self.takes_timers else None
                result = {"was_on": self.relay.set(params["on"], flip_after_s)}
            case _:
                return {"error": {"code": 404, "message": "No handler for it"}}
        return {"result": result}

    def _status(self) -> dict[str, object]:
        status: dict[str, object] = {
            "id": 0,
            "source": "HTTP_in",
            "output": self.relay.says_on,
            "apower": self.relay.watts,
        }
        left = self.relay.timer_left_s
        return (
            status if left is None else {**status, "timer_started_at": 1626942399.36, "timer_duration": round(left, 2)}
        )

    def _admits(self, asked: Asked) -> bool:
        """RFC 7616 section 3.4.1 with SHA-256."""
        if self._password is None:
            return True
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', asked.headers.get("authorization", "")))
        if said.get("nonce") != NONCE or said.get("uri") != asked.target:
            return False
        account, call = _sha(f"{USER}:{self.id}:{self._password}"), _sha(f"{asked.method}:{asked.target}")
        expected = _sha(f"{account}:{NONCE}:{said.get('nc')}:{said.get('cnonce')}:auth:{call}")
        return said.get("response") == expected


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
