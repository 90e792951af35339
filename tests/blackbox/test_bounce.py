"""The real program, a pretend home and a pretend plug: what people ask for, what the guardrails answer, and what a stop leaves behind."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cadence_exporter.cli import main
from cadence_exporter.demo.home import Home
from cadence_exporter.demo.smart_plug import SmartPlug
from tests.blackbox.bounces import CLOCK, OFF_FOR_S, settings_of
from tests.blackbox.instance import Instance, wait_for


@pytest.fixture
def home() -> Iterator[Home]:
    made = Home()
    yield made
    made.close()


@pytest.fixture
def plug() -> Iterator[SmartPlug]:
    made = SmartPlug(CLOCK)
    yield made
    made.close()


def url(instance: Instance) -> str:
    return f"http://127.0.0.1:{instance.port}"


def test_a_bounce_by_hand_from_the_terminal_to_the_power_being_back(
    home: Home, plug: SmartPlug, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Instance(tmp_path, settings_of(home, plug, tmp_path)) as running:
        running.wait_until_up()
        assert main(["bounce", "--url", url(running)]) == 2
        assert "--yes" in capsys.readouterr().err
        assert plug.relay.power_on
        assert main(["bounce", "--yes", "--url", url(running)]) == 0
        assert "off for 10 s" in capsys.readouterr().out
        assert not plug.relay.power_on
        main(["status", "--url", url(running)])
        assert "may be OFF" in capsys.readouterr().out
        assert main(["bounce", "--yes", "--url", url(running)]) == 3
        assert plug.relay.power_on, "nobody looks at anything, and nobody is answered, while the power is off"
        assert "cooldown" in capsys.readouterr().out
        assert running.status()["power"]["last_request"]["done"] is False
        wait_for(lambda: running.metric("cadence_recovery_power_in_doubt") == 0, "the end to be seen", OFF_FOR_S + 10)
        assert plug.relay.power_on
        assert plug.relay.longest_off_s() == pytest.approx(OFF_FOR_S, abs=1.0)
        shown = running.metrics()
        assert shown['cadence_recovery_actions_total{action="modem_power_cycle",result="success"}'] == 1
        assert shown['cadence_recovery_actions_total{action="power_on",result="success"}'] == 1
        assert shown['cadence_recovery_suppressed_total{reason="cooldown"}'] == 1
        assert shown["cadence_recovery_budget_remaining"] == 3
        assert shown["cadence_recovery_cooldown_end_timestamp_seconds"] == pytest.approx(CLOCK.wall() + 3600, abs=60)
        assert shown['cadence_recovery_actuator_up{actuator="shelly"}'] == 1
        assert [line["status"] for line in running.log if line["subject"] == "RECOVERY"].count("BOUNCE") == 1
        running.stop()
    capsys.readouterr()
    assert main(["history", "--json", "--config", str(running.config)]) == 0
    (bounce,) = json.loads(capsys.readouterr().out)["bounces"]
    assert (bounce["by_hand"], bounce["off_for_s"], bounce["result"]) == (True, OFF_FOR_S, "success")
    assert main(["history", "--config", str(running.config)]) == 0
    assert "BOUNCES (1)" in capsys.readouterr().out
    with Instance(tmp_path, settings_of(home, plug, tmp_path)) as again:
        again.wait_until_up()
        assert main(["bounce", "--yes", "--url", url(again)]) == 3
        assert "cooldown" in capsys.readouterr().out
        shown = again.metrics()
        assert shown['cadence_recovery_actions_total{action="modem_power_cycle",result="success"}'] == 1
        assert shown["cadence_recovery_budget_remaining"] == 3
        assert 'cadence_recovery_last_action_timestamp_seconds{action="modem_power_cycle"}' in shown


def test_a_stop_in_the_middle_of_a_bounce_leaves_the_power_on(home: Home, plug: SmartPlug, tmp_path: Path) -> None:
    with Instance(tmp_path, settings_of(home, plug, tmp_path)) as running:
        running.wait_until_up()
        running.get("/-/bounce", "POST")
        assert not plug.relay.power_on
        assert running.stop() == 0
        assert plug.relay.power_on
        assert any(line["status"] == "LEFT_ON" and line["result"] == "success" for line in running.log)


def test_maintenance_holds_power_and_dns_survives_a_restart_and_ends_when_told(
    home: Home, plug: SmartPlug, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(home, plug, tmp_path)
    with Instance(tmp_path, settings) as running:
        running.wait_until_up()
        assert main(["maintenance", "on", "--for", "3h", "--url", url(running)]) == 0
        assert running.metric('cadence_feature_enabled{feature="maintenance"}') == 1
        home.change_address("81.2.69.142")
        wait_for(
            lambda: running.metric('cadence_dns_mutations_suppressed_total{reason="maintenance"}'), "a write held back"
        )
        assert running.get("/-/bounce", "POST")[0] == 409
        running.kill()
    assert home.published() == [settings_address(home)]
    with Instance(tmp_path, settings) as again:
        again.wait_until_up()
        capsys.readouterr()
        assert main(["maintenance", "status", "--url", url(again)]) == 0
        assert "maintenance is on for 2 h 59 min" in capsys.readouterr().out
        assert main(["maintenance", "off", "--url", url(again)]) == 0
        wait_for(lambda: home.published() == ["81.2.69.142"], "the write that was held back")
        assert plug.relay.power_on


def settings_address(home: Home) -> str:
    del home
    return "93.184.216.34"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/-/maintenance?for=2", "no unit"),
        ("/-/maintenance?for=8d", "at most 7d"),
        ("/-/maintenance?for=0s", "more than 0s"),
        ("/-/maintenance?for=soon", "not a duration"),
        ("/-/maintenance?until=9", "write /-/maintenance?for=2h"),
        ("/-/maintenance?for=1h&for=2h", "write /-/maintenance?for=2h"),
    ],
)
def test_what_is_asked_wrongly_gets_one_clear_error(running: Instance, path: str, words: str) -> None:
    code, answer = running.get(path, "POST")
    assert code == 400
    assert words in answer
    assert answer.count("\n") == 1
    assert running.status()["power"]["last_request"] is None


def test_looking_changes_nothing_and_without_a_switch_a_bounce_is_refused_with_the_setting_that_is_missing(
    running: Instance,
) -> None:
    assert running.get("/-/bounce")[0] == 405
    assert running.get("/-/maintenance?for=2h")[0] == 405
    code, answer = running.get("/-/bounce", "POST")
    assert code == 409
    assert "recovery.device" in answer


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One without a switch."""
    home, folder = Home(), tmp_path_factory.mktemp("no-switch")
    with Instance(folder, home.as_settings(folder / "state")) as instance:
        yield instance.wait_until_up()
    home.close()


def test_another_device_at_the_address_is_not_switched(home: Home, plug: SmartPlug, tmp_path: Path) -> None:
    settings = settings_of(home, plug, tmp_path)
    del settings["recovery"]["device"]["identity"]
    with Instance(tmp_path, settings) as running:
        running.wait_until_up()
        code, answer = running.get("/-/bounce", "POST")
        assert (code, plug.relay.power_on) == (200, False), answer
        wait_for(lambda: running.status()["power"]["may_be_off"] is False, "the end", OFF_FOR_S + 10)
    plug.mac = "B0B21C000001"  # the plug's address went to the freezer's
    settings["recovery"]["cooldown"] = "30s"
    with Instance(tmp_path, settings) as running:
        running.wait_until_up()
        code, answer = running.get("/-/bounce", "POST")
        assert code == 409
        assert "another device answers" in answer
        assert plug.relay.power_on
