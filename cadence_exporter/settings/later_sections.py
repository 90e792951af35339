"""Sections whose parts are not built yet. They are read and checked; switching one on gives a warning, never silence."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from cadence_exporter.settings.endpoints import parse_host
from cadence_exporter.settings.kinds import choice, duration, flag, location, read_by, secret, text, whole
from cadence_exporter.settings.sections import Port, Section


class DeviceSettings(Section):
    """The switch that the modem's power runs through."""

    type: Annotated[str, choice("shelly", "tasmota", "kasa", "home_assistant", "rehearsal")] = Field(
        default="shelly", description="What it is; `rehearsal` switches nothing."
    )
    host: Annotated[str | None, read_by("host or address", parse_host, nullable=True)] = Field(
        default=None, description="Where it is in the home's network."
    )
    port: Annotated[int | None, whole(1, 65535, nullable=True)] = Field(
        default=None, description="Its port; default: the usual one of its type."
    )
    channel: Annotated[int, whole(0, 63)] = Field(default=0, description="Which of its outlets, counted from 0.")
    username: Annotated[str | None, text(nullable=True)] = Field(
        default=None, description="For devices that ask for one."
    )
    password: Annotated[SecretStr | None, secret()] = Field(default=None, description="The password of the device.")
    password_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds the password, instead of the password."
    )
    token: Annotated[SecretStr | None, secret()] = Field(
        default=None, description="A long-lived access token (Home Assistant)."
    )
    token_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds the token, instead of the token itself."
    )
    entity: Annotated[str | None, text(nullable=True)] = Field(
        default=None, description="The switch's entity id (Home Assistant)."
    )
    independent_network: Annotated[bool, flag()] = Field(
        default=False,
        description="The device stays reachable while the modem is off, so it may be switched without a timer of its own.",
    )


class RecoverySettings(Section):
    """Switching the modem off and on again. Not in this version."""

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
    """A UPS watched by Network UPS Tools. Not in this version."""

    server: Annotated[str | None, read_by("host or address", parse_host, nullable=True)] = Field(
        default=None, description="Where upsd runs."
    )
    name: Annotated[str, text()] = Field(default="ups", description="The name of the UPS there.")
    port: Port = Field(default=3493, description="The port of upsd.")


class VpnSettings(Section):
    """The VPN that people reach through the record. Not in this version."""

    wireguard: Annotated[str | None, text(nullable=True)] = Field(
        default=None, description="The interface whose peers are read."
    )
    port: Port = Field(default=51820, description="The UDP port that the router forwards to it.")
