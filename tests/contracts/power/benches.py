"""Each kind of switch with its pretend device: what the contract suite runs against."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

from cadence_exporter.act.power.guarded_switch import GuardedSwitch
from cadence_exporter.act.power.home_assistant import HomeAssistant
from cadence_exporter.act.power.kasa import Kasa, KasaProgram
from cadence_exporter.act.power.mqtt_devices import TasmotaMqtt, Zigbee2Mqtt
from cadence_exporter.act.power.relay import Relay
from cadence_exporter.act.power.shelly import USER, Shelly
from cadence_exporter.act.power.tasmota import Tasmota, TasmotaHttp
from cadence_exporter.act.power.webhook import Hooks, Webhook
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.device_faults import FaultPlan
from cadence_exporter.demo.plug_relay import PlugRelay
from cadence_exporter.demo.smart_plug import SmartPlug
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.outbound.lan_http import Login
from cadence_exporter.outbound.mqtt import Broker, Mqtt
from cadence_exporter.simulate.plug import OURS, Plug, PlugFault, PlugLine, Restores
from tests.fakes.home_assistant import SCRIPT, SWITCH, HomeAssistantFake
from tests.fakes.hooks import HookDevice
from tests.fakes.kasa_device import KasaPlug, install_program
from tests.fakes.mqtt_broker import BrokerFake, TasmotaBehind, ZigbeePlug
from tests.fakes.shelly_gen1 import ShellyGen1Plug
from tests.fakes.tasmota import TasmotaOverHttp
from tests.hand_clock import HandClock

CLOCK = SystemClock()
SECRET = "sesame-Ü-4711"
OFF_FOR_S = 30.0


HTTPS = Https(CLOCK, CallLog())


def _https(log: CallLog) -> Https:
    """A client with a log of its own; reading the certificate authorities for each would take longer than the tests."""
    https = copy(HTTPS)
    https._log = log
    return https


@dataclass
class Bench:
    """A device, its clock, and a maker of clients: each client is a process of its own that forgot everything."""

    kind: str
    relay: PlugRelay | Plug
    faults: FaultPlan
    clock: HandClock
    restart: Callable[[], None]
    make: Callable[[CallLog], Relay]
    become_another: Callable[[], None]
    """The device at the address is replaced by another of the same kind."""
    ids: str
    unsafe: Callable[[], None] | None = None
    """Set the device up so that its power would not come back, where it can be."""
    ignores_timers: Callable[[], None] | None = None
    close: Callable[[], None] = lambda: None
    denies_with: str = "password"
    restart_limit_s: float = OFF_FOR_S + 5
    """How long the power may be off after a restart of the device in the middle."""
    survives_restart: bool = True
    logs: list[CallLog] = field(default_factory=list)

    def client(self, known: str | None = "", log: CallLog | None = None, *, independent: bool = True) -> GuardedSwitch:
        """A client that knows the device, unless told otherwise."""
        self.logs.append(log or CallLog())
        known = self.ids if known == "" else known
        return GuardedSwitch(self.make(self.logs[-1]), CLOCK, known=known, independent_network=independent)

    def later(self, seconds: float) -> None:
        self.clock.seconds += seconds


def shelly_gen2(_: Path, password: str | None = SECRET) -> Bench:
    clock = HandClock()
    plug = SmartPlug(clock, password)

    def make(log: CallLog) -> Relay:
        return Shelly(_https(log), plug.url, "actuator", 0, Login(USER, SECRET))

    def become_another() -> None:
        plug.mac = "A8032AFFFFFF"

    def unsafe() -> None:
        plug.initial_state = "restore_last"

    def ignores_timers() -> None:
        plug.takes_timers = False

    return Bench(
        "shelly", plug.relay, plug.faults, clock, plug.restart, make, become_another, "a8:03:2a:be:54:dc",
        unsafe, ignores_timers, plug.close,
    )  # fmt: skip


def shelly_gen2_open(folder: Path) -> Bench:
    return shelly_gen2(folder, None)


def shelly_gen1(_: Path) -> Bench:
    clock = HandClock()
    plug = ShellyGen1Plug(clock, SECRET)

    def make(log: CallLog) -> Relay:
        return Shelly(_https(log), plug.url, "actuator", 0, Login(USER, SECRET))

    def become_another() -> None:
        plug.mac = "E868E7FFFFFF"

    def unsafe() -> None:
        plug.auto_off = 3600.0

    def ignores_timers() -> None:
        plug.takes_timers = False

    return Bench(
        "shelly", plug.relay, plug.faults, clock, plug.restart, make, become_another, "E868E7000001",
        unsafe, ignores_timers, plug.close,
    )  # fmt: skip


def tasmota_http(_: Path) -> Bench:
    clock = HandClock()
    plug = TasmotaOverHttp(clock, SECRET)

    def make(log: CallLog) -> Relay:
        return Tasmota(TasmotaHttp(_https(log), plug.url, "actuator", Login("admin", SECRET)), 0)

    def become_another() -> None:
        plug.device.mac = "24:A1:60:FF:FF:FF"

    def unsafe() -> None:
        plug.device.power_on_state = 3

    def ignores_timers() -> None:
        plug.device.takes_timers = False

    return Bench(
        "tasmota", plug.relay, plug.faults, clock, plug.device.restart, make, become_another, "24:a1:60:00:00:01",
        unsafe, ignores_timers, plug.close, restart_limit_s=2 * OFF_FOR_S + 5,
    )  # fmt: skip


def tasmota_mqtt(_: Path) -> Bench:
    clock = HandClock()
    plug = TasmotaBehind(clock)
    broker = BrokerFake(plug, SECRET)

    def make(log: CallLog) -> Relay:
        return Tasmota(TasmotaMqtt(_mqtt(broker, log), plug.topic), 0)

    def become_another() -> None:
        plug.mac = "24:A1:60:FF:FF:FF"

    def unsafe() -> None:
        plug.pulse_time = 111

    def ignores_timers() -> None:
        plug.takes_timers = False

    return Bench(
        "mqtt", plug.relay, plug.faults, clock, plug.restart, make, become_another, "24a160000001",
        unsafe, ignores_timers, broker.close, restart_limit_s=2 * OFF_FOR_S + 5,
    )  # fmt: skip


def zigbee(_: Path) -> Bench:
    clock = HandClock()
    plug = ZigbeePlug(clock)
    broker = BrokerFake(plug, SECRET)

    def become_another() -> None:
        plug.ieee_address = "0x00158d0009999999"

    return Bench(
        "mqtt", plug.relay, plug.faults, clock, plug.restart, lambda log: Zigbee2Mqtt(_mqtt(broker, log), plug.name),
        become_another, "0x00158D0001A2B3C4", close=broker.close,
    )  # fmt: skip


def _mqtt(broker: BrokerFake, log: CallLog) -> Mqtt:
    where = Broker("127.0.0.1", broker.port.port, Login("cadence", SECRET))
    return Mqtt(_https(log).dialer, CLOCK, log, where, "actuator")


def kasa(folder: Path) -> Bench:
    clock = HandClock()
    plug = KasaPlug(clock)
    environ = install_program(folder)

    def make(log: CallLog) -> Relay:
        return Kasa(KasaProgram("127.0.0.1", plug.port.port, environ=environ), CLOCK, log, "actuator")

    def become_another() -> None:
        plug.mac = "50:C7:BF:FF:FF:FF"

    def ignores_timers() -> None:
        plug.takes_timers = False

    return Bench(
        "kasa", plug.relay, plug.faults, clock, plug.restart, make, become_another, "50:C7:BF:00:00:01",
        ignores_timers, None, plug.close, survives_restart=False,
    )  # fmt: skip


def home_assistant_script(_: Path) -> Bench:
    return _home_assistant(SCRIPT)


def home_assistant_switch(_: Path) -> Bench:
    return _home_assistant(None)


def _home_assistant(script: str | None) -> Bench:
    clock = HandClock()
    fake = HomeAssistantFake(clock, SECRET.encode("ascii", "ignore").decode())
    token = SECRET.encode("ascii", "ignore").decode()

    def make(log: CallLog) -> Relay:
        return HomeAssistant(_https(log), fake.url, "actuator", token=token, entity=SWITCH, script=script)

    def become_another() -> None:
        fake.entity = "switch.freezer"

    def ignores_timers() -> None:
        fake.takes_timers = False

    return Bench(
        "home_assistant", fake.relay, fake.faults, clock, fake.restart, make, become_another, SWITCH,
        None, ignores_timers if script else None, fake.close,
    )  # fmt: skip


def webhook(_: Path) -> Bench:
    return _webhook("/off", returns=False)


def webhook_declared(_: Path) -> Bench:
    return _webhook("/bounce", returns=True)


def _webhook(cut: str, *, returns: bool) -> Bench:
    clock = HandClock()
    device = HookDevice(clock, SECRET.encode("ascii", "ignore").decode())
    key = "?key=" + SECRET.encode("ascii", "ignore").decode()
    hooks = Hooks(
        cut=device.url + cut + key,
        turn_on=device.url + "/on" + key,
        state=device.url + "/state" + key,
        on_text="power=ON",
        off_text="power=OFF",
        returns_by_itself=returns,
    )

    def become_another() -> None:
        device.serial = "outlet-9999"

    return Bench(
        "webhook", device.relay, device.faults, clock, device.restart,
        lambda log: Webhook(_https(log), "actuator", hooks, "outlet-0001"), become_another, "outlet-0001",
        close=device.close,
    )  # fmt: skip


def simulated(_: Path) -> Bench:
    """The plug of the pretend home: held to the same contract, so that it cannot drift."""
    clock = HandClock()
    plug, faults = Plug(clock.monotonic), FaultPlan()

    def fault() -> PlugFault | None:
        planned = faults.next()
        return None if planned is None else PlugFault(planned.value)

    def make(log: CallLog) -> Relay:
        line = PlugLine(plug, CLOCK, log.add)
        line.fault = fault
        return line

    def become_another() -> None:
        plug.is_stranger = True

    def unsafe() -> None:
        plug.restores = Restores.LAST

    def ignores_timers() -> None:
        plug.takes_timers = False

    return Bench("simulated", plug, faults, clock, plug.restart, make, become_another, OURS, unsafe, ignores_timers)


KINDS: tuple[Callable[[Path], Bench], ...] = (
    simulated,
    shelly_gen2,
    shelly_gen2_open,
    shelly_gen1,
    tasmota_http,
    tasmota_mqtt,
    zigbee,
    kasa,
    home_assistant_script,
    home_assistant_switch,
    webhook,
    webhook_declared,
)
