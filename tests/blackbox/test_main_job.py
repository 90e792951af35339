"""The main job, end to end: the real process, real sockets, a pretend home."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cadence_exporter.demo.home import Home
from tests.blackbox.instance import QUICK, Instance, wait_for

MOVED = "81.2.69.142"


@pytest.fixture
def home():
    with Home(longest_ttl_s=0.2, negative_ttl_s=0.2) as home:
        yield home


def settings(home, tmp_path, **changes):
    return {**home.as_settings(tmp_path / "state"), "loop": QUICK, **changes}


def test_a_home_comes_up_its_record_is_made_and_a_change_converges(home, tmp_path):
    with Instance(tmp_path, settings(home, tmp_path)) as instance:
        instance.wait_until_up()
        wait_for(lambda: home.published() == ["93.184.216.34"], "the record")
        visible = 'cadence_dns_convergence_seconds_count{stage="visible"}'
        wait_for(lambda: instance.metric(visible) == 1, "the record visible")
        home.change_address(MOVED)
        wait_for(lambda: home.published() == [MOVED], "the change")
        wait_for(lambda: instance.metric(visible) == 2, "both changes visible")
        assert instance.metric('cadence_dns_convergence_seconds_count{stage="published"}') == 2
        assert instance.metric('cadence_public_ip_changes_total{family="ipv4"}') == 1
        assert instance.metric('cadence_dns_record_in_sync{record="vpn.home.example",type="A"}') == 1
        assert instance.get("/-/healthy")[0] == 200
        assert instance.get("/-/ready")[0] == 200
        assert instance.stop() == 0
    assert home.cloudflare.deletes == 0


def test_an_outage_is_seen_at_once_and_overcome_by_itself(home, tmp_path):
    with Instance(tmp_path, settings(home, tmp_path)) as instance:
        instance.wait_until_up()
        home.cut_wan()
        wait_for(lambda: instance.state() == "DOWN", "DOWN")
        home.restore_wan()
        instance.wait_until_up()
        assert instance.metric('cadence_outages_total{layer="wan"}') == 1
        wait_for(lambda: home.published() == ["93.184.216.34"], "the record")


def test_a_reload_takes_new_settings_and_a_bad_file_keeps_the_old_ones(home, tmp_path):
    with Instance(tmp_path, settings(home, tmp_path)) as instance:
        instance.wait_until_up()
        good = instance.config.read_text()
        instance.config.write_text("loop: {interval: never}\n")
        instance.process.send_signal(signal.SIGHUP)
        wait_for(lambda: instance.metric("cadence_config_last_reload_successful") == 0, "the refusal")
        assert instance.metric('cadence_config_reloads_total{result="error"}') == 1
        assert "loop.interval" in instance.output
        document = yaml.safe_load(good)
        document["dns"]["records"][0]["name"] = "other.home.example"
        instance.config.write_text(yaml.safe_dump(document))
        instance.process.send_signal(signal.SIGHUP)
        wait_for(lambda: home.published("other.home.example") == ["93.184.216.34"], "the new record")
        assert instance.metric("cadence_config_last_reload_successful") == 1
        assert instance.state() == "UP"


def once(home, tmp_path, *flags):
    config = tmp_path / "cadence.yaml"
    config.write_text(yaml.safe_dump(settings(home, tmp_path)))
    command = [sys.executable, "-m", "cadence_exporter", "once", "--config", str(config), *flags]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)


def test_once_rehearsed_changes_nothing_and_once_does(home, tmp_path):
    rehearsed = once(home, tmp_path, "--rehearse", "--json")
    assert rehearsed.returncode == 0, rehearsed.stderr
    document = json.loads(rehearsed.stdout)
    assert document["state"] == "UP"
    assert [action["result"] for action in document["actions"]] == ["rehearsed"]
    assert home.cloudflare.mutations == []
    assert not (tmp_path / "state").exists()
    done = once(home, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "CREATED" in done.stdout
    assert home.published() == ["93.184.216.34"]


def test_once_without_a_path_is_not_up(home, tmp_path):
    home.cut_wan()
    assert once(home, tmp_path).returncode == 3


def test_a_second_instance_on_the_same_state_directory_is_refused(home, tmp_path):
    with Instance(tmp_path, settings(home, tmp_path)) as instance:
        instance.wait_until_up()
        second = once(home, tmp_path)
        assert second.returncode == 2
        assert f"in use by another instance (process {instance.process.pid})" in second.stderr
        assert instance.alive


def test_a_reload_that_comes_before_the_service_listens_does_not_end_it(home, tmp_path):
    with Instance(tmp_path, settings(home, tmp_path)) as instance:
        both = 1 << (signal.SIGHUP - 1) | 1 << (signal.SIGUSR1 - 1)
        wait_for(lambda: ignored(instance.process.pid) & both == both, "the first lines of run")
        instance.process.send_signal(signal.SIGHUP)
        instance.process.send_signal(signal.SIGUSR1)
        instance.wait_until_up()


def ignored(pid):
    """The signals that a process ignores (proc(5), SigIgn)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("SigIgn:")).split()[1], 16)
