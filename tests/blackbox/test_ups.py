"""The real program beside a real upsd with its dummy driver: on battery nobody is switched, an empty battery ends it cleanly."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cadence_exporter.demo.home import Home
from cadence_exporter.demo.smart_plug import SmartPlug
from tests.blackbox.bounces import CLOCK, settings_of
from tests.blackbox.instance import PATIENCE_S, Instance, wait_for
from tests.servers.nut import NAME, Nut, running_nut

pytestmark = pytest.mark.real_server
MODEM_BOOT = "120s"


@pytest.fixture
def nut(tmp_path: Path) -> Iterator[Nut]:
    folder = tmp_path / "nut"
    folder.mkdir()
    with running_nut(folder) as running:
        yield running


def objections(instance: Instance) -> dict[str, str]:
    return {each["reason"]: each["detail"] for each in instance.status()["power"]["objections"]}


def test_on_battery_a_refusal_on_low_battery_a_clean_stop_and_a_grace_once_the_mains_are_back(
    nut: Nut, tmp_path: Path
) -> None:
    home, plug = Home(), SmartPlug(CLOCK)
    settings = settings_of(home, plug, tmp_path, modem_boot=MODEM_BOOT, boot_grace=MODEM_BOOT)
    settings["ups"] = {"server": "127.0.0.1", "port": nut.port, "name": NAME}
    try:
        with Instance(tmp_path / "run", settings) as running:
            running.wait_until_up()
            assert running.metric("cadence_ups_on_battery") == 0
            assert running.metric("cadence_ups_battery_charge_ratio") == 0.87
            assert running.metric("cadence_ups_battery_runtime_seconds") == 1260
            nut.says(ups_status="OB DISCHRG", battery_charge="60", battery_runtime="600")
            wait_for(lambda: running.metric("cadence_ups_on_battery") == 1, "on battery", PATIENCE_S)
            wait_for(lambda: running.status()["pace"] == "on battery", "fewer probes")
            code, answer = running.get("/-/bounce", "POST")
            assert (code, answer.strip()) == (409, "refused by ups: the UPS is on battery")
            nut.says(ups_status="OL CHRG", battery_charge="61", battery_runtime="610")
            wait_for(lambda: running.metric("cadence_ups_on_battery") == 0, "mains", PATIENCE_S)
            assert "mains back for" in objections(running)["ups_grace"]
            nut.says(ups_status="OB DISCHRG", battery_charge="20", battery_runtime="90")
            wait_for(lambda: running.metric("cadence_ups_on_battery") == 1, "on battery", PATIENCE_S)
            nut.says(ups_status="OB DISCHRG LB", battery_charge="5", battery_runtime="30")
            assert running.process.wait(PATIENCE_S) == 0
            stops = [line for line in running.log if line["subject"] == "SERVICE" and line["status"] == "STOP"]
            assert [line["why"] for line in stops] == ["the battery of the UPS runs out"]
        with Instance(tmp_path / "run", settings) as again:  # by a supervisor, while the battery is still low: it stays
            again.wait_until_up()
            again.wait_for_cycles(3)
            assert again.alive
            assert "ups" in objections(again)
            nut.says(ups_status="OL CHRG", battery_charge="6", battery_runtime="40")
            wait_for(lambda: "ups_grace" in objections(again), "the grace, although another process saw the mains go")
            nut.driver.terminate()
            wait_for(lambda: running_without_word(again), "a UPS that is not heard is no permission", PATIENCE_S)
            assert again.stop() == 0
        assert len(plug.relay.history) == 1
    finally:
        home.close()
        plug.close()


def running_without_word(instance: Instance) -> bool:
    shown = instance.metrics()
    return shown["cadence_ups_up"] == 0 and "cadence_ups_on_battery" not in shown and "ups" in objections(instance)
