"""The same plugs behind a real Mosquitto: our five packets are what a broker takes for MQTT."""

import threading
from collections.abc import Iterator

import pytest

from cadence_exporter.act.power.guarded_switch import GuardedSwitch
from cadence_exporter.act.power.mqtt_devices import TasmotaMqtt, Zigbee2Mqtt
from cadence_exporter.act.power.relay import Relay
from cadence_exporter.act.power.tasmota import Tasmota
from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.power import Proof
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.dial import Dialer
from cadence_exporter.outbound.lan_http import Login
from cadence_exporter.outbound.mqtt import Broker, Mqtt
from tests.fakes.mqtt_broker import Behind, DeviceAtBroker, TasmotaBehind, ZigbeePlug
from tests.hand_clock import HandClock
from tests.servers.mosquitto import running_mosquitto

pytestmark = pytest.mark.real_server
CLOCK = SystemClock()
USER, PASSWORD = "cadence", "s3same-ü"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running_mosquitto(tmp_path_factory.mktemp("mosquitto"), USER, PASSWORD) as port:
        yield port


def soon(seconds: float = 5.0) -> Instant:
    return later(CLOCK.monotonic(), seconds)


def mqtt(port: int, password: str = PASSWORD) -> Mqtt:
    return Mqtt(Dialer(CLOCK), CLOCK, CallLog(), Broker("127.0.0.1", port, Login(USER, password)), "actuator")


class Plugged:
    """A device that is connected to the broker while the block runs."""

    def __init__(self, device: Behind, port: int, listen: str) -> None:
        started = threading.Event()
        self._at = DeviceAtBroker(device, port, (USER, PASSWORD), listen, started.set)
        self._thread = threading.Thread(target=self._at.serve, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._at.close()
        self._thread.join(5)


def bounced(relay: Relay, device: Behind, clock: HandClock) -> Proof:
    switch = GuardedSwitch(relay, CLOCK, known=None, independent_network=True)
    switch.identify(soon())
    receipt = switch.bounce(30, soon())
    assert not device.relay.power_on
    clock.seconds += 31
    if receipt.proof is Proof.CONTROLLER:
        switch.ensure_on(soon())
    assert device.relay.power_on
    return receipt.proof


def test_a_tasmota_plug_behind_mosquitto_is_bounced_by_its_own_timer(port: int) -> None:
    clock = HandClock()
    device = TasmotaBehind(clock)
    with Plugged(device, port, f"cmnd/{device.topic}/#"):
        assert bounced(Tasmota(TasmotaMqtt(mqtt(port), device.topic), 0), device, clock) is Proof.TIMER


def test_a_zigbee_plug_behind_mosquitto_is_turned_on_by_us(port: int) -> None:
    clock = HandClock()
    device = ZigbeePlug(clock)
    with Plugged(device, port, f"zigbee2mqtt/{device.name}/+"):
        assert bounced(Zigbee2Mqtt(mqtt(port), device.name), device, clock) is Proof.CONTROLLER


def test_a_wrong_password_is_a_sentence_without_it(port: int) -> None:
    with pytest.raises(ProbeFailed, match="wants another user or password") as failed:
        Zigbee2Mqtt(mqtt(port, "wr0ng"), "x").read(soon())
    assert "wr0ng" not in str(failed.value)


def test_a_plug_that_is_not_there_is_a_timeout(port: int) -> None:
    with pytest.raises(ProbeFailed, match="deadline"):
        Tasmota(TasmotaMqtt(mqtt(port), "nobody"), 0).read(soon(0.3))


def test_a_retained_answer_of_old_is_not_taken_for_one(port: int) -> None:
    with Plugged(TasmotaBehind(HandClock()), port, "somewhere/else"), pytest.raises(ProbeFailed, match="deadline"):
        Tasmota(TasmotaMqtt(mqtt(port), TasmotaBehind.topic), 0).read(soon(0.3))
