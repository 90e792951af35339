"""Plugs behind an MQTT broker: Tasmota with its own timer, and Zigbee plugs, which only Cadence turns on again."""

import json
from collections.abc import Mapping
from typing import Any

from cadence_exporter.act.power.answers import parsed_object, text_of
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.power import Identity, PowerReading, Proof, plain_id
from cadence_exporter.outbound.mqtt import Message, Mqtt

NAME = "mqtt"
_BASE = "zigbee2mqtt"


class TasmotaMqtt:
    """A ``TasmotaLink``: ``cmnd/<topic>/<command>``, answered on ``stat/<topic>/RESULT`` or ``STATUS<n>`` (Tasmota docs, MQTT)."""

    name = NAME

    def __init__(self, mqtt: Mqtt, topic: str) -> None:
        self._mqtt = mqtt
        self._topic = topic

    def ask(self, command: str, argument: str, deadline: Instant) -> Mapping[str, Any]:
        """Raises ProbeFailed."""
        suffix = f"STATUS{argument}" if command == "Status" else "RESULT"
        key = "" if command == "Status" else command.upper()

        def answers(message: Message) -> bool:
            """Of this command, and said now: the stream holds the answers to other people's questions too."""
            return not message.retained and _has_key(message.payload, key)

        said = (f"cmnd/{self._topic}/{command}", argument.encode())
        return parsed_object(self._mqtt.ask(f"stat/{self._topic}/{suffix}", said, answers, deadline).payload)


class Zigbee2Mqtt:
    """A ``Relay`` without a timer: "on_time" only ever delays an off (zigbee2mqtt.io, "MQTT topics and messages")."""

    name = NAME
    proof = Proof.CONTROLLER
    cuts_at_once = True

    def __init__(self, mqtt: Mqtt, device: str) -> None:
        self._mqtt = mqtt
        self._device = device

    def identify(self, deadline: Instant) -> Identity:
        """From the bridge's retained list of devices. Raises ProbeFailed."""
        listed = self._mqtt.ask(f"{_BASE}/bridge/devices", None, lambda _: True, deadline)
        for entry in _list(listed.payload):
            if isinstance(entry, dict) and entry.get("friendly_name") == self._device:
                definition = entry.get("definition")
                model = definition.get("model") if isinstance(definition, dict) else None
                return Identity(plain_id(text_of(entry, "ieee_address")), str(model or "zigbee")[:100], "")
        raise ProbeFailed(FailureReason.CONTENT, "the Zigbee bridge knows no device of this name")

    def read(self, deadline: Instant) -> PowerReading:
        """Raises ProbeFailed."""
        return PowerReading(on=self._exchange("get", "", deadline, None) == "ON")

    def prepare(self, off_for_s: float, deadline: Instant) -> None:
        """Nothing can be armed."""

    def cut(self, off_for_s: float, deadline: Instant) -> None:  # noqa: ARG002 - it knows no time
        """Raises ProbeFailed."""
        self._exchange("set", "OFF", deadline, "OFF")

    def turn_on(self, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        self._exchange("set", "ON", deadline, "ON")

    def _exchange(self, verb: str, state: str, deadline: Instant, wanted: str | None) -> str:
        """Say it, and wait for the device's own word on its state."""

        def tells(message: Message) -> bool:
            said = _state(message)
            return said is not None and not message.retained and (wanted is None or said == wanted)

        topic = f"{_BASE}/{self._device}"
        message = self._mqtt.ask(topic, (f"{topic}/{verb}", json.dumps({"state": state}).encode()), tells, deadline)
        return str(_state(message))


def _state(message: Message) -> str | None:
    try:
        state = parsed_object(message.payload).get("state")
    except ProbeFailed:
        return None
    return state if state in ("ON", "OFF") else None


def _has_key(payload: bytes, key: str) -> bool:
    """Whether it is an object with this key in any case; ``POWER1`` answers as ``POWER`` on a device with one relay."""
    try:
        keys = {str(name).upper() for name in parsed_object(payload)}
    except ProbeFailed:
        return False
    return not key or key in keys or (key == "POWER1" and "POWER" in keys)


def _list(payload: bytes) -> list[Any]:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProbeFailed(FailureReason.CONTENT, "the Zigbee bridge's list is not JSON") from error
    return value if isinstance(value, list) else []
