"""The sections of power recovery: the switch that the modem's power runs through, when it may be used, and the UPS."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from cadence_exporter.model.operators import literal_of
from cadence_exporter.model.power import plain_id
from cadence_exporter.model.ranges import special_range
from cadence_exporter.settings.endpoints import parse_host
from cadence_exporter.settings.kinds import choice, duration, flag, line, location, read_by, secret, text, whole
from cadence_exporter.settings.sections import Port, Section


def _hook(text: str) -> str:
    """The URL of a device at home, or of a service outside. It may hold a key, so what is wrong is said without repeating it."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        usable = parts.scheme in ("http", "https") and bool(host) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        usable, host = False, ""
    if not usable or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be a URL as http://192.168.0.150/off, without user or password (it is not shown here)")
    address = literal_of(host)
    if parts.scheme == "http" and address is not None and special_range(address) is None:
        raise ValueError("is not encrypted and leads out of the home; write https:// (it is not shown here)")
    return text


def _identity(value: object) -> str:
    return plain_id(line(value, 100))


def _ups_name(value: object) -> str:
    text = line(value, 100)
    if not re.fullmatch(r"[0-9A-Za-z_.-]+", text):
        raise ValueError(
            "must be the name of the UPS as upsd knows it (LIST UPS), without its host: letters, digits, and ._-"
        )
    return text


class WebhookSettings(Section):
    """Any device that is switched by calling URLs. They may carry keys, so they are secrets."""

    off_url: Annotated[SecretStr | None, secret("URL", _hook)] = Field(default=None, description="Turns the power off.")
    off_url_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds it, instead of the URL itself."
    )
    on_url: Annotated[SecretStr | None, secret("URL", _hook)] = Field(default=None, description="Turns it on.")
    on_url_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds it, instead of the URL itself."
    )
    state_url: Annotated[SecretStr | None, secret("URL", _hook)] = Field(
        default=None, description="Tells whether it is on, when asked by GET."
    )
    state_url_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds it, instead of the URL itself."
    )
    on_text: Annotated[str, text()] = Field(default="ON", description="Stands in that answer while the power is on.")
    off_text: Annotated[str, text()] = Field(default="OFF", description="Stands in it while the power is off.")
    method: Annotated[str, choice("GET", "POST", "PUT")] = Field(
        default="POST", description="How `off_url` and `on_url` are called."
    )
    returns_by_itself: Annotated[bool, flag()] = Field(
        default=False,
        description="What `off_url` calls turns the power on again by itself after `recovery.off_for`. Nobody can check that.",
    )


class MqttSettings(Section):
    """A plug behind an MQTT broker: `host`, `port`, `username` and `password` of the device are the broker's."""

    flavour: Annotated[str, choice("tasmota", "zigbee2mqtt")] = Field(
        default="tasmota", description="Whose topics the plug speaks."
    )
    topic: Annotated[str | None, text(nullable=True)] = Field(
        default=None, description="The plug's topic (Tasmota), or its friendly name (Zigbee2MQTT)."
    )


class DeviceSettings(Section):
    """The switch that the modem's power runs through."""

    type: Annotated[str, choice("shelly", "tasmota", "kasa", "home_assistant", "webhook", "mqtt", "rehearsal")] = Field(
        default="shelly", description="What it is; `rehearsal` switches nothing."
    )
    host: Annotated[str | None, read_by("host or address", parse_host, nullable=True)] = Field(
        default=None, description="Where it is in the home's network."
    )
    port: Annotated[int | None, whole(1, 65535, nullable=True)] = Field(
        default=None, description="Its port; default: the usual one of its type."
    )
    tls: Annotated[bool, flag()] = Field(default=False, description="Reached by https (Home Assistant).")
    channel: Annotated[int, whole(0, 63)] = Field(default=0, description="Which of its outlets, counted from 0.")
    identity: Annotated[str | None, read_by("MAC address or id", _identity, nullable=True)] = Field(
        default=None,
        description="The device's MAC address, or its id. Another device at the address is never switched. "
        "Left out: the first one met is remembered.",
    )
    username: Annotated[str | None, text(nullable=True)] = Field(
        default=None, description="For devices that ask for one."
    )
    password: Annotated[SecretStr | None, secret()] = Field(default=None, description="The password of the device.")
    password_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds the password, instead of the password."
    )
    token: Annotated[SecretStr | None, secret()] = Field(
        default=None, description="A long-lived access token (Home Assistant, or a webhook that takes a bearer)."
    )
    token_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds the token, instead of the token itself."
    )
    entity: Annotated[str | None, text(nullable=True)] = Field(
        default=None, description="The switch's entity id (Home Assistant)."
    )
    script: Annotated[str | None, text(nullable=True)] = Field(
        default=None,
        description="The entity id of a script that turns it off, waits, and turns it on (Home Assistant).",
    )
    independent_network: Annotated[bool, flag()] = Field(
        default=False,
        description="The device stays reachable while the modem is off, so it may be switched without a timer of its own.",
    )
    webhook: WebhookSettings = WebhookSettings()
    mqtt: MqttSettings = MqttSettings()

    @property
    def owns_timer(self) -> bool:
        """Whether the device, or what stands before it, turns the power on again without us."""
        match self.type:
            case "home_assistant":
                return self.script is not None
            case "webhook":
                return self.webhook.returns_by_itself
            case "mqtt":
                return self.mqtt.flavour == "tasmota"
        return True


class RecoverySettings(Section):
    """Switching the modem off and on again."""

    enabled: Annotated[bool, flag()] = Field(default=False, description="Whether the power may ever be cut.")
    device: DeviceSettings = DeviceSettings()
    expected_recovery: Annotated[float, duration()] = Field(
        default=180.0, description="How long the network is given to heal itself."
    )
    buffer: Annotated[float, duration()] = Field(
        default=60.0, description="Added to it; the sum is the escalation delay."
    )
    off_for: Annotated[float, duration()] = Field(
        default=30.0, description="How long the power stays off; 10s to 120s."
    )
    cooldown: Annotated[float, duration()] = Field(
        default=1800.0, description="Least time between two; doubles with each that did not help."
    )
    max_per_day: Annotated[int, whole(1, 24)] = Field(default=4, description="How many in 24 hours.")
    boot_grace: Annotated[float, duration()] = Field(
        default=600.0, description="None this soon after Cadence's own start."
    )
    modem_boot: Annotated[float, duration()] = Field(
        default=180.0, description="How long the modem takes until it is online."
    )


class UpsSettings(Section):
    """A UPS watched by Network UPS Tools."""

    server: Annotated[str | None, read_by("host or address", parse_host, nullable=True)] = Field(
        default=None, description="Where upsd runs."
    )
    name: Annotated[str, read_by("name", _ups_name)] = Field(default="ups", description="The name of the UPS there.")
    port: Port = Field(default=3493, description="The port of upsd.")
