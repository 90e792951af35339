"""How the ledger of power recovery goes on from cycle to cycle."""

from dataclasses import replace

import pytest

from cadence_exporter.decide.ledger import (
    after,
    hear,
    intend,
    out_of_sight,
    presumed_on,
    recalled,
    see,
)
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.power import BounceReceipt, Identity, Proof
from cadence_exporter.model.recovery import (
    EMPTY_LEDGER,
    Ask,
    Bounce,
    EnsureOn,
    PowerOutcome,
    PowerResult,
    PowerView,
    RecoveryMemory,
    Request,
    Unfinished,
)
from tests.decide.cases import at

NOW = at(200_000.0)
ON_MAINS = PowerView(on_mains=True)
ON_BATTERY = PowerView(on_mains=False)
EVERYTHING = RecoveryMemory(
    bounces=(at(150_000.0),),
    unfinished=Unfinished(at(199_990.0), 30.0, real=True),
    unhelped=2,
    awaiting_up=at(199_990.0),
    identity="ours",
    maintenance_until=at(300_000.0),
    on_battery=True,
    mains_back=at(100_000.0),
    low_battery=False,
)


def maintenance(for_s, asked=None):
    return Request(Ask.MAINTENANCE_ON, for_s, asked)


def test_maintenance_begins_when_it_is_asked_for_and_ends_when_asked_or_over():
    on = hear(EMPTY_LEDGER, (maintenance(600.0),), NOW)
    assert on == replace(EMPTY_LEDGER, maintenance_until=at(200_600.0))
    assert hear(on, (), at(200_599.9)) == on
    assert hear(on, (), at(200_600.0)) == EMPTY_LEDGER
    assert hear(on, (Request(Ask.MAINTENANCE_OFF),), NOW) == EMPTY_LEDGER


def test_of_several_wishes_the_last_one_counts_and_a_bounce_is_none_of_them():
    off, on, bounce = Request(Ask.MAINTENANCE_OFF), maintenance(600.0), Request(Ask.BOUNCE)
    assert hear(EMPTY_LEDGER, (off, on, bounce), NOW).maintenance_until == at(200_600.0)
    assert hear(EMPTY_LEDGER, (on, off, bounce), NOW).maintenance_until is None


def test_forgotten_maintenance_ends_within_a_week_of_its_being_asked_for():
    asked = at(199_000.0)
    until = hear(EMPTY_LEDGER, (maintenance(1e9, asked),), NOW).maintenance_until
    assert until == at(199_000.0 + 7 * 86_400.0)


@pytest.mark.parametrize("view", [PowerView(), PowerView(low_battery=True)])
def test_a_ups_that_does_not_answer_changes_nothing(view):
    assert see(EVERYTHING, view, Phase.DOWN, NOW) == EVERYTHING
    assert see(EMPTY_LEDGER, view, Phase.DOWN, NOW) == EMPTY_LEDGER


def test_mains_that_go_and_come_are_dated_by_their_return():
    known = replace(EMPTY_LEDGER, low_battery=False)
    dark = see(known, ON_BATTERY, Phase.DOWN, at(199_000.0))
    assert dark == replace(known, on_battery=True)
    assert see(dark, ON_BATTERY, Phase.DOWN, NOW) == dark
    back = see(dark, ON_MAINS, Phase.DOWN, NOW)
    assert back == replace(known, mains_back=NOW)
    assert see(back, ON_MAINS, Phase.DOWN, at(200_060.0)) == back
    assert see(back, ON_BATTERY, Phase.DOWN, at(200_060.0)) == replace(back, on_battery=True)


def test_the_battery_is_remembered_as_the_ups_last_told_it():
    low = see(EMPTY_LEDGER, replace(ON_MAINS, low_battery=True), Phase.UP, NOW)
    assert low == replace(EMPTY_LEDGER, low_battery=True)
    assert see(low, ON_MAINS, Phase.UP, NOW) == replace(EMPTY_LEDGER, low_battery=False)


def test_the_device_that_is_met_first_stays_the_known_one():
    met = see(EMPTY_LEDGER, PowerView(plug_id="ours"), Phase.DOWN, NOW)
    assert met == replace(EMPTY_LEDGER, identity="ours")
    assert see(met, PowerView(plug_id="stranger"), Phase.DOWN, NOW) == met


def test_only_a_connection_that_comes_up_ends_the_waiting_for_it():
    waiting = replace(EMPTY_LEDGER, awaiting_up=at(199_000.0), unhelped=2)
    for phase in sorted(set(Phase) - {Phase.UP}):
        assert see(waiting, PowerView(), phase, NOW) == waiting
    for before in (waiting, replace(waiting, awaiting_up=None), replace(waiting, unhelped=0)):
        assert see(before, PowerView(), Phase.UP, NOW) == EMPTY_LEDGER


def test_power_is_presumed_only_after_its_time_and_while_up():
    over = at(200_020.0)
    assert presumed_on(EVERYTHING, Phase.UP, over) == replace(EVERYTHING, unfinished=None)
    assert presumed_on(EVERYTHING, Phase.UP, at(200_019.9)) == EVERYTHING
    assert presumed_on(EVERYTHING, Phase.DEGRADED, over) == EVERYTHING
    assert presumed_on(EMPTY_LEDGER, Phase.UP, over) == EMPTY_LEDGER


def test_a_ups_out_of_sight_counts_as_mains_that_have_just_come_back():
    assert out_of_sight(EVERYTHING, NOW) == replace(EVERYTHING, mains_back=NOW)


@pytest.mark.parametrize("real", [True, False])
def test_a_bounce_is_noted_as_late_as_it_may_still_be_made_and_the_rest_stays(real):
    noted = intend(EVERYTHING, Bounce(45.0), NOW, real=real)
    assert noted == replace(
        EVERYTHING,
        bounces=(at(150_000.0), at(200_030.0)),
        unfinished=Unfinished(NOW, 45.0, real),
        unhelped=3,
        awaiting_up=NOW,
    )


def test_a_bounce_is_real_unless_it_is_said_to_be_none_and_the_first_one_follows_none_that_did_not_help():
    noted = intend(EMPTY_LEDGER, Bounce(30.0), NOW)
    assert (noted.unfinished, noted.unhelped) == (Unfinished(NOW, 30.0, real=True), 0)


def test_a_bounce_of_a_day_ago_is_forgotten_with_the_next_one():
    kept, gone = at(200_000.1 - 86_400.0), at(200_000.0 - 86_400.0)
    noted = intend(replace(EMPTY_LEDGER, bounces=(gone, kept)), Bounce(30.0), NOW)
    assert noted.bounces == (kept, at(200_030.0))


ACTED = at(200_009.0)


def outcome(action, result, receipt=None):
    return PowerOutcome(action, result, "as tested", ACTED, 4.0, receipt)


@pytest.mark.parametrize("result", [PowerResult.REFUSED, PowerResult.FAILED])
def test_a_bounce_that_was_not_made_owes_nothing_and_keeps_its_cooldown(result):
    left = after(EVERYTHING, outcome(Bounce(45.0), result))
    assert left == replace(EVERYTHING, bounces=(ACTED,), unfinished=None)


@pytest.mark.parametrize("result", [PowerResult.SUCCESS, PowerResult.DOUBTFUL, PowerResult.REHEARSED])
def test_a_bounce_that_was_made_or_may_have_been_is_owed_its_end(result):
    before = replace(EVERYTHING, bounces=(at(150_000.0), at(200_030.0)))
    real = result is not PowerResult.REHEARSED
    owed = Unfinished(at(200_005.0), 45.0, real)
    made = after(before, outcome(Bounce(45.0), result))
    assert made == replace(before, bounces=(at(150_000.0), ACTED), unfinished=owed)


@pytest.mark.parametrize(("proof", "cut"), [(Proof.CONTROLLER, 200_006.0), (Proof.TIMER, 200_007.5)])
def test_the_cut_is_dated_on_both_clocks(proof, cut):
    receipt = BounceReceipt(Identity("ours", "", ""), proof, at(200_006.0).instant, 30.0, at(200_037.5).instant)
    owed = after(EVERYTHING, outcome(Bounce(30.0), PowerResult.SUCCESS, receipt)).unfinished
    assert owed == Unfinished(at(cut), 30.0, real=True)


@pytest.mark.parametrize(
    ("real", "result", "ends"),
    [
        (True, PowerResult.SUCCESS, True),
        (True, PowerResult.REHEARSED, False),
        (False, PowerResult.REHEARSED, True),
        *((real, result, False) for real in (True, False) for result in ("refused", "doubtful", "failed")),
    ],
)
def test_only_a_relay_that_was_read_as_on_ends_a_bounce(real, result, ends):
    before = replace(EVERYTHING, unfinished=Unfinished(NOW, 30.0, real))
    assert after(before, outcome(EnsureOn(), PowerResult(result))) == (
        replace(before, unfinished=None) if ends else before
    )


def test_power_that_is_turned_on_with_nothing_owed_stays_so():
    assert after(EMPTY_LEDGER, outcome(EnsureOn(), PowerResult.REHEARSED)) == EMPTY_LEDGER


def test_of_two_ledgers_the_later_word_counts_whichever_has_it():
    """And what this process saw of the UPS itself is newer than the disk."""
    here = RecoveryMemory(
        maintenance_until=at(5.0),
        mains_back=at(8.0),
        on_battery=True,
        low_battery=True,
        unhelped=2,
        awaiting_up=at(3.0),
    )
    disk = RecoveryMemory(maintenance_until=at(6.0), mains_back=at(7.0), unhelped=1, awaiting_up=at(4.0))
    both = replace(here, maintenance_until=at(6.0))
    assert recalled(here, disk) == both
    other = recalled(disk, here)
    assert (other.maintenance_until, other.mains_back, other.unhelped) == (at(6.0), at(8.0), 2)
    assert (other.on_battery, other.awaiting_up) == (False, at(4.0))
    assert recalled(EMPTY_LEDGER, disk).awaiting_up == at(4.0)
    assert recalled(EMPTY_LEDGER, replace(disk, awaiting_up=None)).awaiting_up is None


def test_of_two_unfinished_bounces_the_one_of_this_process_is_followed():
    mine, found = Unfinished(at(9.0), 30.0, real=True), Unfinished(at(1.0), 30.0, real=True)
    here, disk = RecoveryMemory(unfinished=mine), RecoveryMemory(unfinished=found)
    assert recalled(here, disk).unfinished == mine
    assert recalled(EMPTY_LEDGER, disk).unfinished == found
