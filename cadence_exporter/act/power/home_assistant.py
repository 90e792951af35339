"""A switch behind Home Assistant: by a script that owns the delay, or directly, and then only Cadence turns it on again."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cadence_exporter.act.power.answers import json_object, successful, text_of
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.power import Identity, PowerReading, Proof
from cadence_exporter.outbound.https import Https
from cadence_exporter.outbound.lan_http import LanHttp

_JSON = {"Content-Type": "application/json"}


class HomeAssistant:
    """A ``Relay``, by the REST API (developers.home-assistant.io, "REST API").

    The device is known by its entity id: which device that is, Home Assistant keeps.
    """

    name = "home_assistant"

    def __init__(self, https: Https, origin: str, service: str, *, token: str, entity: str, script: str | None) -> None:
        self._http = LanHttp(https, origin, service, bearer=token)
        self._entity = entity
        self._script = script
        self.proof = Proof.CONTROLLER if script is None else Proof.SCRIPT
        self.cuts_at_once = script is None

    def identify(self, deadline: Instant) -> Identity:
        """The entity must exist. Raises ProbeFailed."""
        self._state(self._entity, deadline)
        config = json_object(self._http.call("/api/config", deadline))
        return Identity(self._entity.lower(), "Home Assistant", text_of(config, "version"))

    def read(self, deadline: Instant) -> PowerReading:
        """Raises ProbeFailed."""
        state = self._state(self._entity, deadline)
        if state not in ("on", "off"):
            raise ProbeFailed(FailureReason.CONTENT, "Home Assistant does not reach the switch")
        runs = self._script is not None and self._state(self._script, deadline) == "on"
        return PowerReading(on=state == "on", returns=runs)

    def prepare(self, off_for_s: float, deadline: Instant) -> None:  # noqa: ARG002 - the script knows its time
        """Raises ActionFailed, ProbeFailed."""
        if self._script is None:
            return
        state = self._state(self._script, deadline)
        if state != "off":
            raise ActionFailed(
                f"the script is not ready to run ({'it runs' if state == 'on' else 'unavailable'})", refusal=True
            )

    def cut(self, off_for_s: float, deadline: Instant) -> None:  # noqa: ARG002 - the script knows its time
        """Raises ProbeFailed."""
        if self._script is None:
            self._serve(self._entity.partition(".")[0], "turn_off", self._entity, deadline)
        else:
            # Not the service named like the script: that one answers when the script is over.
            self._serve("script", "turn_on", self._script, deadline)

    def turn_on(self, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        self._serve(self._entity.partition(".")[0], "turn_on", self._entity, deadline)

    def _state(self, entity: str, deadline: Instant) -> str:
        path = f"/api/states/{quote(entity, safe='')}"
        answer: Mapping[str, Any] = json_object(self._http.call(path, deadline))
        if answer.get("entity_id") != entity:
            raise ProbeFailed(FailureReason.CONTENT, "not an answer of Home Assistant about this entity")
        return text_of(answer, "state")

    def _serve(self, domain: str, service: str, entity: str, deadline: Instant) -> None:
        path = f"/api/services/{quote(domain, safe='')}/{service}"
        body = json.dumps({"entity_id": entity}).encode()
        successful(self._http.call(path, deadline, method="POST", headers=_JSON, body=body))
