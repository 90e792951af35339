import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from cadence_exporter.demo.demo import FASTEST, SLOWEST, demo_home, demo_settings
from cadence_exporter.demo.home import RECORD, Home
from cadence_exporter.demo.natpmp_router import NatPmpMode
from cadence_exporter.demo.tcp_port import PortMode, TcpPort
from cadence_exporter.settings.load import load


@pytest.fixture
def home() -> Iterator[Home]:
    with Home() as home:
        yield home


def reachable(port: TcpPort) -> bool:
    try:
        socket.create_connection((port.host, port.port), 0.1).close()
    except OSError:
        return False
    return True


def test_everybody_sees_the_new_address(home: Home) -> None:
    home.change_address("81.2.69.142")
    assert all("81.2.69.142" in requests.get(echo.url, timeout=5).text for echo in home.echoes)


def test_a_cut_line_leaves_the_router_alive(home: Home) -> None:
    outside = [*home.wan_targets, home.echoes[0].http.port, home.cloudflare.http.port, home.resolvers[0].http.port]
    home.cut_wan()
    assert reachable(home.router_port)
    assert home.router.mode is NatPmpMode.NO_ADDRESS
    assert not any(reachable(port) for port in outside)
    home.restore_wan()
    assert all(reachable(port) for port in outside)


def test_a_router_without_power_takes_everything_with_it_and_does_not_even_refuse(home: Home) -> None:
    home.router_off()
    assert home.router.mode is NatPmpMode.OFF
    assert home.router_port.mode is PortMode.SILENT
    assert not any(reachable(port) for port in (home.router_port, *home.wan_targets))
    home.router_on()
    assert all(reachable(port) for port in (home.router_port, *home.wan_targets))


def test_a_modem_that_hangs_is_well_again_when_its_power_was_cut_by_the_plug() -> None:
    with Home(plug=True) as home:
        assert home.plug is not None
        home.modem_hangs()
        assert not reachable(home.wan_targets[0])
        assert home.router.mode is NatPmpMode.NO_ADDRESS
        home.plug.relay.set(on=False)
        assert not home.online
        home.plug.relay.set(on=True)
        assert home.online
        assert reachable(home.wan_targets[0])


def test_a_modem_without_power_is_no_line_whoever_restarted_it() -> None:
    with Home(plug=True) as home:
        assert home.plug is not None
        home.plug.relay.set(on=False)
        home.modem_restarted()
        assert not home.online


def test_power_does_not_mend_a_dead_line(home: Home) -> None:
    home.cut_wan()
    home.router_off()
    home.router_on()
    assert not home.online
    assert home.router.mode is NatPmpMode.NO_ADDRESS


def written(settings: dict[str, Any], directory: Path) -> Path:
    path = directory / "cadence.yaml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(settings), "utf-8")
    return path


def test_its_settings_are_settings(home: Home, tmp_path: Path) -> None:
    loaded = load(written(home.as_settings(tmp_path), tmp_path), {}, tmp_path)
    assert loaded.warnings == ()
    assert [str(spec.key) for spec in loaded.settings.record_specs()] == [f"{RECORD} A"]


def test_with_an_ipv6_address_it_has_an_aaaa_record(tmp_path: Path) -> None:
    with Home(address6="2a02:8071::1") as home:
        loaded = load(written(home.as_settings(tmp_path), tmp_path), {}, tmp_path)
        assert [spec.key.type for spec in loaded.settings.record_specs()] == ["A", "AAAA"]
        assert requests.get(home.echoes6[0].url, timeout=5).text == "2a02:8071::1\n"


@pytest.mark.parametrize("speed", [0.0, SLOWEST, 1.0, 7.0, FASTEST, 1000.0])
def test_the_demonstration_keeps_the_rules_at_any_speed(speed: float, tmp_path: Path) -> None:
    with demo_home(speed) as home:
        settings = demo_settings(home, tmp_path, speed, "127.0.0.1:0")
        assert load(written(settings, tmp_path), {}, tmp_path).warnings == ()


def test_the_demonstration_has_the_modem_on_a_plug_that_cadence_may_switch(tmp_path: Path) -> None:
    with demo_home(1.0) as home:
        assert home.plug is not None
        recovery = load(
            written(demo_settings(home, tmp_path, 1.0, "127.0.0.1:0"), tmp_path), {}, tmp_path
        ).settings.recovery
        assert recovery.enabled
        assert f"http://{recovery.device.host}:{recovery.device.port}" == home.plug.url


def test_an_hour_of_the_demonstration_is_within_its_budget_of_calls(tmp_path):
    with demo_home(1.0) as home:
        settings = demo_settings(home, tmp_path, 1.0, "127.0.0.1:0")
        fastest_look_s = 3.0 * settings["loop"]["fast_factor"]
        services = len(settings["public_ip"]["echo"])
    assert settings["budget"]["ip_echo"] >= 2 * services * 3600 / fastest_look_s
    assert settings["budget"]["doh"] >= 3600
    assert settings["budget"]["provider"] >= 3600
