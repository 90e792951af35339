"""The stand-ins are held to what they stand for: policy, the panel's order, the doorbell's limits, the lane; more in test_alike_*.py."""

import itertools
from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter.decide.hints import MIN_SPACING_S, MOST_HINTS_AN_HOUR
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Now
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners import natpmp_announcements
from cadence_exporter.observe.listeners import router_watch as real_router_watch
from cadence_exporter.observe.public_ip.http_echo import EchoPanel
from cadence_exporter.observe.public_ip.natpmp import PATIENCE_S
from cadence_exporter.outbound.lane import Lane
from cadence_exporter.settings.load import load
from cadence_exporter.settings.schema import Settings
from cadence_exporter.settings.sections import ECHO_IPV4
from cadence_exporter.simulate import faults_line, router_watch
from cadence_exporter.simulate.crew import in_turn
from cadence_exporter.simulate.home import PLAIN, policy
from cadence_exporter.simulate.lane import InlineLane
from cadence_exporter.simulate.world import World
from cadence_exporter.simulate.zone import LATE_S, Trouble
from cadence_exporter.wiring import policy as real_policy


def world(**named):
    return World(PLAIN, 1, 86_400.0, **named)


def test_the_policy_is_that_of_the_default_settings(tmp_path):
    real = real_policy(load(None, {"STATE_DIRECTORY": str(tmp_path)}, tmp_path).settings)
    ours = policy(PLAIN)
    for name in ("interval_s", "fast_factor", "slow_factor", "jitter_s", "confirmations", "confirm_spacing_s", "quorum",
                 "cross_check_s", "cache_max_age_s", "max_changes_per_day", "families"):  # fmt: skip
        assert getattr(ours, name) == getattr(real, name), name


@pytest.mark.parametrize("turn", range(9))
def test_echo_services_take_turns_as_in_production(turn):
    real = EchoPanel(Family.IPV4, ECHO_IPV4, None, None, None)._order(turn)
    assert [service.url for service in in_turn(world().echo, turn)] == real


def test_the_question_to_the_router_has_the_pace_of_the_real_one():
    assert router_watch.AGAIN_S == real_router_watch.AGAIN_S == natpmp_announcements.AGAIN_S == faults_line.AGAIN_S
    assert router_watch.GIVE_UP_S == PATIENCE_S
    assert Settings().router.watch == router_watch.EVERY_S


@pytest.mark.parametrize(
    ("change", "rings"),
    [
        (lambda home: None, 0),
        (lambda home: home.line.lease(Family.IPV4, ip_address("81.2.69.142")), 2),
        (lambda home: home.router.off.add("off"), 2),
        (lambda home: home.router.natpmp_mute.add("mute"), 2),
        (lambda home: home.router.says.add(None), 2),
        (lambda home: home.line.vpn.add(ip_address("81.2.69.142")), 0),
    ],
)
def test_another_answer_of_the_router_rings_within_its_pace(change, rings):
    home = World(replace(PLAIN, tripwire=False), 1, 86_400.0)
    home.watch.restart()
    home.pass_time(10.0)
    rung = []
    home.doorbell.ring = rung.append
    change(home)
    home.pass_time(router_watch.EVERY_S + router_watch.GIVE_UP_S + router_watch.AGAIN_S)
    assert rung == [Reason.ROUTER] * rings
    home.pass_time(3600.0)
    assert len(rung) == rings


def test_rings_are_coalesced_spaced_and_bounded_by_the_hour():
    home = world()
    for second in range(7200):
        home.after(second + 0.5, lambda: home.doorbell.ring(Reason.CHECK))
    woken = []
    while home.clock.true < 3600.0:
        wakeup = home.doorbell.wait(home.clock.monotonic() + 10_000)
        woken.append(home.clock.true)
        assert wakeup.reasons == {Reason.CHECK}
    assert MOST_HINTS_AN_HOUR - 2 <= len([at for at in woken if at < 3600.0]) <= MOST_HINTS_AN_HOUR
    assert min(b - a for a, b in itertools.pairwise(woken)) >= MIN_SPACING_S


@pytest.mark.parametrize("make", [Lane, InlineLane])
def test_a_lane_gives_what_the_work_gave_or_raised(make):
    lane = make("test")
    assert lane.submit(lambda: 7).result(5.0) == 7
    with pytest.raises(ZeroDivisionError):
        lane.submit(lambda: 1 // 0).result(5.0)
    lane.close()
    assert lane.submit(lambda: 8).result(5.0) == 8
    lane.close()


def test_a_suspended_host_has_a_monotonic_clock_that_stands_still():
    home = world()
    before = home.clock.now()
    home.clock.sleep(3600.0)
    assert home.clock.now() == Now(before.instant, before.wall + 3600.0)


def test_a_write_that_is_carried_out_late_is_not_forgotten_when_all_is_well_again():
    home, key = world(), PLAIN.records[0].key
    home.zone.by_hand(key, ("93.184.216.34",))
    home.zone.troubles.add(Trouble.LATE)
    deadline = home.clock.monotonic() + 8.0
    (held,) = home.zone.read(PLAIN.records[0], deadline).held
    with pytest.raises(TimeoutError):
        home.zone.update(PLAIN.records[0], held, ip_address("81.2.69.142"), deadline)
    home.heal()
    assert home.zone.contents(key) == ("93.184.216.34",)
    home.pass_time(LATE_S)
    assert home.zone.contents(key) == ("81.2.69.142",)
