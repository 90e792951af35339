"""Hearing a change, end to end: the real process in a pretend home, with the long waits of a healthy one."""

import io
import signal
import socket

import pytest

from cadence_exporter.cli.status import status
from cadence_exporter.demo.home import Home
from tests.blackbox.instance import Instance, wait_for

MOVED = "81.2.69.142"
PATIENT = {"interval": "60s", "jitter": "0s", "confirm_spacing": "100ms", "probe_timeout": "500ms"}
"""Whatever happens within seconds here was heard, not polled for."""


@pytest.fixture
def home():
    with Home(longest_ttl_s=0.2, negative_ttl_s=0.2) as home:
        yield home


def settings(home, tmp_path, **router):
    made = {**home.as_settings(tmp_path / "state"), "loop": PATIENT}
    return {**made, "router": {**made["router"], "watch": "200ms", **router}, "wan": {**made["wan"], "tripwire": "off"}}


def listener(instance, name):
    return next((each for each in instance.status()["listeners"] if each["name"] == name), None)


def settled(instance, home):
    wait_for(lambda: instance.state() != "INIT", "a first cycle")
    instance.check()
    instance.wait_until_up()
    wait_for(lambda: home.published() == ["93.184.216.34"], "the record")
    wait_for(lambda: listener(instance, "router_watch")["up"], "the watch")


def test_a_change_that_the_router_answers_with_is_published_within_seconds(home, tmp_path):
    with Instance(tmp_path, settings(home, tmp_path)) as instance:
        settled(instance, home)
        home.change_address(MOVED)
        wait_for(lambda: home.published() == [MOVED], "the change")
        assert instance.metric('cadence_wakeups_total{reason="router"}') >= 1
        assert instance.metric('cadence_listener_rings_total{listener="router_watch"}') >= 1
        assert instance.metric('cadence_listener_packets_total{listener="router_watch"}') >= 1
        assert instance.stop() == 0


def test_an_outage_is_down_on_metrics_and_its_end_up_without_waiting_for_the_next_regular_look(home, tmp_path):
    with Instance(tmp_path, settings(home, tmp_path)) as instance:
        settled(instance, home)
        home.cut_wan()
        wait_for(lambda: instance.metric('cadence_state{state="down"}') == 1, "DOWN")
        home.restore_wan()
        wait_for(lambda: instance.metric('cadence_state{state="up"}') == 1, "UP")


def test_a_word_of_the_router_that_changes_nothing_costs_no_call_outside(home, tmp_path):
    home.router._booted_at -= 1000.0  # one that is too young to tell may have restarted unnoticed
    with Instance(tmp_path, settings(home, tmp_path)) as instance:
        settled(instance, home)
        before = [echo.calls for echo in home.echoes]
        woken = instance.metric('cadence_wakeups_total{reason="router"}')
        home.router.reboot()
        wait_for(lambda: instance.metric('cadence_wakeups_total{reason="router"}') > woken, "a look")
        assert [echo.calls for echo in home.echoes] == before


def test_a_reload_begins_and_ends_listening_and_polling_goes_on(home, tmp_path):
    with Instance(tmp_path, settings(home, tmp_path)) as instance:
        settled(instance, home)
        wanted = instance.config.read_text()
        instance.config.write_text(wanted.replace("watch: 200ms", "watch: off"))
        instance.process.send_signal(signal.SIGHUP)
        wait_for(lambda: listener(instance, "router_watch")["up"] is None, "the watch off")
        assert instance.metric('cadence_listener_up{listener="router_watch"}') is None
        assert instance.metric('cadence_listener_up{listener="natpmp_announcements"}') is not None
        home.change_address(MOVED)
        instance.check()
        wait_for(lambda: home.published() == [MOVED], "the change")
        instance.config.write_text(wanted)
        instance.process.send_signal(signal.SIGHUP)
        wait_for(lambda: listener(instance, "router_watch")["up"], "the watch on again")


def test_a_listener_whose_port_is_taken_is_down_with_its_reason_and_everything_else_works(home, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        try:
            taken.bind(("224.0.0.1", 5350))
        except OSError as error:
            pytest.skip(f"somebody listens on this host already: {error.strerror}")
        with Instance(tmp_path, settings(home, tmp_path)) as instance:
            settled(instance, home)
            deaf = wait_for(
                lambda: (found := listener(instance, "natpmp_announcements")) and found["why"] and found, "a reason"
            )
            assert (deaf["up"], deaf["why"]) == (False, "Address already in use")
            assert instance.metric('cadence_listener_up{listener="natpmp_announcements"}') == 0
            told = io.StringIO()
            status(f"http://127.0.0.1:{instance.port}", as_json=False, out=told)
            assert "natpmp_announcements (Address already in use)" in told.getvalue()
            home.change_address(MOVED)
            wait_for(lambda: home.published() == [MOVED], "the change")
            assert instance.stop() == 0
