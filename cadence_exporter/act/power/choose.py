"""From the settings to the switch: which kind, where, and with which login. Nothing is asked yet."""

from typing import Protocol

from cadence_exporter.act.power.guarded_switch import GuardedSwitch
from cadence_exporter.act.power.home_assistant import HomeAssistant
from cadence_exporter.act.power.kasa import Kasa, KasaProgram
from cadence_exporter.act.power.mqtt_devices import TasmotaMqtt, Zigbee2Mqtt
from cadence_exporter.act.power.rehearsal import Rehearsal
from cadence_exporter.act.power.relay import Relay
from cadence_exporter.act.power.shelly import USER, Shelly
from cadence_exporter.act.power.tasmota import Tasmota, TasmotaHttp
from cadence_exporter.act.power.webhook import Hooks, Webhook
from cadence_exporter.model.recovery import REHEARSAL
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.outbound.lan_http import Login
from cadence_exporter.outbound.mqtt import Broker, Mqtt
from cadence_exporter.seams import Clock
from cadence_exporter.settings.recovery_sections import DeviceSettings

SERVICE = "actuator"
"""As calls to the device are counted. They do not leave the home."""

_PORTS = {"home_assistant": 8123, "mqtt": 1883}


class _Secret(Protocol):
    def get_secret_value(self) -> str: ...


def power_switch(
    device: DeviceSettings, clock: Clock, https: Https, log: CallLog, known: str | None = None
) -> GuardedSwitch | Rehearsal:
    """The switch of ``recovery.device``. ``known`` is the id met before, for when the settings pin none.

    The settings were checked by ``device_rules``: what a type needs is there.
    """
    if device.type == REHEARSAL:
        return Rehearsal(clock)
    return GuardedSwitch(
        _relay(device, clock, https, log),
        clock,
        known=device.identity or known,
        independent_network=device.independent_network,
    )


def _relay(device: DeviceSettings, clock: Clock, https: Https, log: CallLog) -> Relay:
    origin = _origin(device)
    match device.type:
        case "tasmota":
            return Tasmota(TasmotaHttp(https, origin, SERVICE, _login(device)), device.channel)
        case "kasa":
            program = KasaProgram(device.host or "", device.port, device.username, _open(device.password))
            return Kasa(program, clock, log, SERVICE)
        case "home_assistant":
            token, entity = _open(device.token) or "", device.entity or ""
            return HomeAssistant(https, origin, SERVICE, token=token, entity=entity, script=device.script)
        case "webhook":
            return Webhook(https, SERVICE, _hooks(device), device.identity)
        case "mqtt":
            broker = Broker(device.host or "", device.port or _PORTS["mqtt"], _login(device))
            mqtt, topic = Mqtt(https.dialer, clock, log, broker, SERVICE), device.mqtt.topic or ""
            if device.mqtt.flavour == "zigbee2mqtt":
                return Zigbee2Mqtt(mqtt, topic)
            return Tasmota(TasmotaMqtt(mqtt, topic), device.channel)
    return Shelly(https, origin, SERVICE, device.channel, _login(device))


def _origin(device: DeviceSettings) -> str:
    host = device.host or ""
    port = device.port or _PORTS.get(device.type, 443 if device.tls else 80)
    return f"{'https' if device.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _login(device: DeviceSettings) -> Login | None:
    password = _open(device.password)
    return None if password is None else Login(device.username or USER, password)


def _hooks(device: DeviceSettings) -> Hooks:
    hooks = device.webhook
    return Hooks(
        cut=_open(hooks.off_url) or "",
        turn_on=_open(hooks.on_url) or "",
        state=_open(hooks.state_url) or "",
        on_text=hooks.on_text,
        off_text=hooks.off_text,
        method=hooks.method,
        returns_by_itself=hooks.returns_by_itself,
        token=_open(device.token),
    )


def _open(secret: _Secret | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
