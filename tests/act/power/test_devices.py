"""What is particular to each kind of device; what all have in common is in tests/contracts/power."""

from pathlib import Path

import pytest

from cadence_exporter.act.power.choose import power_switch
from cadence_exporter.act.power.guarded_switch import GuardedSwitch
from cadence_exporter.act.power.kasa import KasaProgram
from cadence_exporter.act.power.rehearsal import Rehearsal
from cadence_exporter.act.power.tasmota import pulse_of_seconds, seconds_of_pulse
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.smart_plug import SmartPlug
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.power import Identity, Proof, plain_id
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.settings.recovery_sections import DeviceSettings
from tests.contracts.power import benches
from tests.fakes.home_assistant import SCRIPT, SWITCH, HomeAssistantFake
from tests.fakes.kasa_device import KasaPlug, install_program
from tests.fakes.shelly_gen1 import ShellyGen1Plug
from tests.fakes.tasmota import TasmotaOverHttp
from tests.hand_clock import HandClock

CLOCK = SystemClock()


def soon(seconds: float = 5.0) -> Instant:
    return later(CLOCK.monotonic(), seconds)


def chosen(known: str | None = None, **settings: object) -> GuardedSwitch | Rehearsal:
    log = CallLog()
    return power_switch(DeviceSettings.model_validate(settings), CLOCK, Https(CLOCK, log), log, known)


def at(url: str) -> dict[str, object]:
    host, _, port = url.removeprefix("http://").rpartition(":")
    return {"host": host, "port": int(port)}


def test_from_settings_to_a_shelly_that_was_bounced() -> None:
    clock = HandClock()
    with SmartPlug(clock, "geheim") as plug:
        switch = chosen(**at(plug.url), password="geheim", identity="A8:03:2A:BE:54:DC")
        assert switch.identify(soon()) == Identity("a8032abe54dc", "SNPL-00112EU", "1.3.3")
        assert switch.bounce(30, soon()).proof is Proof.TIMER
        assert not plug.relay.power_on
        clock.seconds += 30
        assert switch.is_on(soon()).watts == 9.5


def test_a_wrong_password_of_a_shelly_is_said() -> None:
    with SmartPlug(HandClock(), "geheim") as plug, pytest.raises(ProbeFailed, match="another password"):
        chosen(**at(plug.url), password="wrong").is_on(soon())


def test_a_second_outlet_that_is_not_there_is_a_failure() -> None:
    with SmartPlug(HandClock()) as plug, pytest.raises(ProbeFailed, match="error -105"):
        chosen(**at(plug.url), channel=1).is_on(soon())


@pytest.mark.parametrize(("state", "wanted"), [("off", 'initial_state":"on'), ("restore_last", 'initial_state":"on')])
def test_a_shelly_that_comes_up_off_is_refused_with_what_to_type(state: str, wanted: str) -> None:
    with SmartPlug(HandClock()) as plug:
        plug.initial_state = state
        with pytest.raises(ActionFailed, match=r"Switch\.SetConfig") as refused:
            chosen(**at(plug.url), known=plain_id(plug.mac)).bounce(30, soon())
    assert wanted in str(refused.value)


def test_a_shelly_that_turns_itself_off_is_refused() -> None:
    with SmartPlug(HandClock()) as plug:
        plug.auto_off = True
        with pytest.raises(ActionFailed, match="auto_off"):
            chosen(**at(plug.url), known=plain_id(plug.mac)).bounce(30, soon())


def test_an_old_shelly_tells_its_seconds_left_and_need_not_measure() -> None:
    clock = HandClock()
    with ShellyGen1Plug(clock) as plug:
        plug.measures = False
        switch = chosen(**at(plug.url), known=plain_id(plug.mac))
        assert switch.bounce(30, soon()).watts_before is None
        clock.seconds += 10
        assert switch.is_on(soon()).timer_left_s == 20


@pytest.mark.parametrize(("seconds", "value"), [(10, 100), (11, 110), (11.1, 111), (12, 112), (30, 130), (120, 220)])
def test_pulse_time_counts_in_two_ways(seconds: float, value: int) -> None:
    assert pulse_of_seconds(seconds) == value
    assert seconds_of_pulse(value) == seconds


@pytest.mark.parametrize(("state", "pulse"), [(3, 130), (1, 130), (0, 130), (5, 0), (5, 30), (5, 160)])
def test_tasmota_set_up_otherwise_is_refused_with_what_to_type(state: int, pulse: int) -> None:
    with TasmotaOverHttp(HandClock()) as plug:
        plug.device.power_on_state, plug.device.pulse_time = state, pulse
        with pytest.raises(ActionFailed, match="Backlog PowerOnState 5; PulseTime1 130") as refused:
            chosen(**at(plug.url), type="tasmota", known="24a160000001").bounce(30, soon())
        assert refused.value.refusal
        assert plug.relay.power_on


def test_a_script_of_home_assistant_that_is_running_is_not_started_again() -> None:
    with HomeAssistantFake(HandClock(), "token") as fake:
        fake.relay.set(on=True, flip_after_s=20)
        settings = {"type": "home_assistant", "token": "token", "entity": SWITCH, "script": SCRIPT}
        with pytest.raises(ActionFailed, match="it runs"):
            chosen(**at(fake.url), **settings, known=SWITCH).bounce(30, soon())


def test_a_switch_that_home_assistant_does_not_reach_is_neither_on_nor_off() -> None:
    with HomeAssistantFake(HandClock(), "token") as fake:
        fake.reaches_switch = False
        with pytest.raises(ProbeFailed, match="does not reach"):
            chosen(**at(fake.url), type="home_assistant", token="token", entity=SWITCH).is_on(soon())


def test_a_kasa_strip_is_refused(tmp_path: Path) -> None:
    with KasaPlug(HandClock()) as plug:
        plug.children = [{"id": "00"}]
        with pytest.raises(ProbeFailed, match="strip"):
            kasa(plug, install_program(tmp_path)).identify(soon())


def test_without_the_kasa_program_the_message_says_what_to_install(tmp_path: Path) -> None:
    with KasaPlug(HandClock()) as plug, pytest.raises(ProbeFailed, match="install python-kasa"):
        kasa(plug, {"PATH": str(tmp_path)}).identify(soon())


def test_the_account_of_a_kasa_plug_travels_by_environment_and_not_by_argument(tmp_path: Path) -> None:
    program = KasaProgram("127.0.0.1", 1, "me@example.com", "geheim", install_program(tmp_path))
    assert program.environment() == {
        "PATH": str(tmp_path),
        "KASA_USERNAME": "me@example.com",
        "KASA_PASSWORD": "geheim",
    }
    assert not {"geheim", "me@example.com"} & set(program.arguments())
    assert "geheim" not in repr(program)


def test_a_kasa_program_that_hangs_is_ended_at_the_deadline(tmp_path: Path) -> None:
    program = tmp_path / "kasa"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    with KasaPlug(HandClock()) as plug, pytest.raises(ProbeFailed, match="did not end in time"):
        kasa(plug, {"PATH": f"{tmp_path}:/usr/bin:/bin"}).identify(soon(0.3))


def kasa(plug: KasaPlug, environ: dict[str, str]) -> GuardedSwitch:
    program = KasaProgram("127.0.0.1", plug.port.port, environ=environ)
    relay = benches.Kasa(program, CLOCK, CallLog(), "actuator")
    return GuardedSwitch(relay, CLOCK, known=None, independent_network=False)


def test_a_rehearsal_switches_nothing_and_says_so() -> None:
    switch = chosen(type="rehearsal")
    assert switch.identify(soon()).id == ""
    receipt = switch.bounce(30, soon())
    assert receipt.proof is Proof.REHEARSED
    assert receipt.on_due_at - receipt.cut_at == 30
    assert switch.is_on(soon()).on
    switch.ensure_on(soon())


def test_the_first_device_met_is_remembered() -> None:
    with SmartPlug(HandClock()) as plug:
        switch = chosen(**at(plug.url))
        assert isinstance(switch, GuardedSwitch)
        assert switch.known is None
        switch.identify(soon())
        assert switch.known == "a8032abe54dc"


def test_what_the_settings_pin_goes_before_what_was_met() -> None:
    switch = chosen(known="aaaaaaaaaaaa", host="plug.lan", identity="BB:BB:BB:BB:BB:BB")
    assert isinstance(switch, GuardedSwitch)
    assert switch.known == "bbbbbbbbbbbb"


@pytest.mark.parametrize(
    ("settings", "owns"),
    [
        ({"type": "shelly", "host": "plug"}, True),
        ({"type": "tasmota", "host": "plug"}, True),
        ({"type": "kasa", "host": "plug"}, True),
        ({"type": "home_assistant", "host": "ha", "token": "t", "entity": "switch.x"}, False),
        (
            {
                "type": "home_assistant",
                "host": "ha",
                "tls": True,
                "token": "t",
                "entity": "switch.x",
                "script": "script.y",
            },
            True,
        ),
        ({"type": "webhook", "webhook": {"off_url": "http://x/off"}}, False),
        ({"type": "webhook", "webhook": {"off_url": "http://x/off", "returns_by_itself": True}}, True),
        ({"type": "mqtt", "host": "b", "mqtt": {"topic": "t"}}, True),
        ({"type": "mqtt", "host": "b", "mqtt": {"topic": "t", "flavour": "zigbee2mqtt"}}, False),
        ({"type": "rehearsal"}, True),
    ],
)
def test_settings_and_devices_agree_on_who_turns_the_power_on_again(settings: dict[str, object], owns: bool) -> None:
    assert chosen(**settings).device_owns_timer is owns
    assert DeviceSettings.model_validate(settings).owns_timer is owns


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("A8:03:2A:BE:54:DC", "a8032abe54dc"),
        ("a803.2abe.54dc", "a8032abe54dc"),
        ("switch.Modem", "switch.modem"),
        ("0x00158D00", "0x00158d00"),
        ("outlet-0001", "outlet-0001"),
    ],
)
def test_ids_are_compared_in_one_spelling(text: str, same: str) -> None:
    assert plain_id(text) == same


def test_an_answer_of_another_shelly_on_the_way_is_not_believed() -> None:
    with SmartPlug(HandClock()) as plug:
        relay = benches.Shelly(Https(CLOCK, CallLog()), plug.url, "actuator", 0, None)
        relay.identify(soon())
        plug.mac = "A8032AFFFFFF"
        with pytest.raises(ProbeFailed, match="another device"):
            relay.cut(30, soon())
