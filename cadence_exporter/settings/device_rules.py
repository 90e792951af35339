"""What the switch of the modem's power needs, by its type. Pure."""

from collections.abc import Iterator

from cadence_exporter.model.recovery import REHEARSAL
from cadence_exporter.settings.recovery_sections import DeviceSettings, RecoverySettings
from cadence_exporter.settings.schema import Settings

_KEY = "recovery.device"
BrokenDevice = tuple[tuple[str, ...], str]
"""Keys to report at, sentence."""


def broken_device(settings: Settings) -> Iterator[BrokenDevice]:
    """Every rule about the switch that is broken. One that is never used may be incomplete."""
    if not settings.recovery.enabled:
        return
    device = settings.recovery.device
    if device.type not in (REHEARSAL, "webhook") and device.host is None:
        yield (
            ("recovery.enabled",),
            "is true, but nothing says which switch; set recovery.device.host (or PLUG_IP)",
        )
    for key in _missing(device):
        text = f"is {device.type}, which needs {_KEY}.{key}"
        yield (f"{_KEY}.type", "recovery.enabled", f"{_KEY}.{key}"), text
    if device.type == "kasa" and (device.username is None) != (device.password is None):
        text = "recovery.device.username and password go together for kasa: set both, or neither"
        yield (f"{_KEY}.username", f"{_KEY}.password", "recovery.enabled"), text
    if not device.owns_timer and not device.independent_network:
        danger = "otherwise the power would stay off when Cadence, or the way to the device, fails in between"
        text = f"is {device.type}, and {_way_out(device)}; {danger}"
        yield (f"{_KEY}.type", "recovery.enabled"), text


def is_usable(recovery: RecoverySettings) -> bool:
    """Whether there is a switch: for Cadence itself, or, while recovery is off, for people to use by hand."""
    device = recovery.device
    if recovery.enabled:
        return True
    named = device.type == "webhook" or device.host is not None
    returns = device.owns_timer or device.independent_network
    return named and returns and not any(_missing(device)) and device.type != REHEARSAL


def _missing(device: DeviceSettings) -> Iterator[str]:
    """What a type cannot do without."""
    match device.type:
        case "home_assistant":
            yield from (key for key in ("token", "entity") if getattr(device, key) is None)
        case "mqtt" if device.mqtt.topic is None:
            yield "mqtt.topic"
        case "webhook":
            urls = ("off_url", "on_url", "state_url")
            yield from (f"webhook.{key}" for key in urls if getattr(device.webhook, key) is None)


def _way_out(device: DeviceSettings) -> str:
    ways = {
        "home_assistant": "no script that owns the delay is named: set recovery.device.script",
        "webhook": "what is called does not turn the power on again by itself: set recovery.device.webhook.returns_by_itself if it does",
        "mqtt": "a Zigbee plug has no timer that turns it on again: take another plug",
    }
    return f"{ways[device.type]}, or independent_network: true if the device stays reachable while the modem is off"
