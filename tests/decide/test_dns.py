"""When a DNS record is touched: only with a confirmed address, only when the cache does not vouch for it, only within the budget."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter.decide.dns import Standing, consider, intend
from cadence_exporter.model.assessment import Agreed, Disputed, NotPublic, Unknown
from cadence_exporter.model.decision import ConfirmVisible, Reconcile, Refusal, Refused
from cadence_exporter.model.instants import Instant, WallTime
from cadence_exporter.model.memory import Belief, Change, Phase, RecordMemory
from tests.decide.cases import HOME, MOVED, SPEC, at, make_policy

NOW = at(10_000.0)
TRUSTED = Belief(candidate=HOME, streak=2, candidate_since=at(9_990.0), confirmed=HOME, agreed_at=Instant(9_999.0))
AGREED = Agreed(HOME, ("a", "b"))
RIGHT = RecordMemory(verified=HOME, verified_at=WallTime(NOW.wall - 10))


def look(record=None, belief=TRUSTED, verdict=AGREED, phase=Phase.UP, now=NOW, **changes):
    return consider(SPEC, record or RecordMemory(), Standing(phase, belief, verdict), now, make_policy(**changes))


def test_a_record_never_verified_is_reconciled_with_every_truth_operator():
    action = look()
    assert action == Reconcile(SPEC, HOME, at(9_990.0), at(10_000.0), full_truth=True, turn=0, may_write=True)


def test_fresh_and_equal_means_that_nothing_leaves_the_house():
    assert look(RIGHT) is None


def test_what_was_verified_this_very_moment_is_fresh():
    assert look(replace(RIGHT, verified_at=NOW.wall)) is None


@pytest.mark.parametrize("age", [3600.0, 90_000.0, -1.0])
def test_an_old_verification_or_one_from_the_future_is_renewed_by_one_voice(age):
    action = look(replace(RIGHT, verified_at=WallTime(NOW.wall - age)))
    assert isinstance(action, Reconcile)
    assert not action.full_truth
    assert action.evidence_at == NOW


def test_a_verified_record_of_the_old_address_is_reconciled_in_full():
    action = look(replace(RIGHT, verified=MOVED))
    assert isinstance(action, Reconcile)
    assert action.full_truth
    assert action.evidence_at == at(9_990.0)


@pytest.mark.parametrize("phase", [Phase.INIT, Phase.DOWN])
def test_nothing_is_touched_while_the_path_is_not_known_to_work(phase):
    assert look(phase=phase) == Refused(SPEC.key, Refusal.NOT_UP, f"the connection is {phase}")


@pytest.mark.parametrize(
    ("verdict", "reason", "detail"),
    [
        (Disputed((HOME, MOVED), "they differ"), Refusal.DISPUTED, "they differ: 93.184.216.34, 81.2.69.142"),
        (Unknown("silence"), Refusal.UNKNOWN, "silence"),
        (NotPublic(ip_address("10.0.0.1"), "private"), Refusal.NOT_PUBLIC, "10.0.0.1 is private"),
        (AGREED, Refusal.UNSTABLE_IP, "confirmed 1 of 2 times"),
    ],
)
def test_an_address_that_is_not_confirmed_is_refused_with_its_reason(verdict, reason, detail):
    assert look(belief=replace(TRUSTED, streak=1), verdict=verdict) == Refused(SPEC.key, reason, detail)


def test_an_address_confirmed_before_a_restart_publishes_nothing():
    refused = look(belief=Belief(confirmed=HOME))
    assert isinstance(refused, Refused)


@pytest.mark.parametrize("missing", ["confirmed", "candidate_since"])
def test_a_belief_that_is_not_whole_publishes_nothing(missing):
    assert isinstance(look(belief=replace(TRUSTED, **{missing: None})), Refused)


@pytest.mark.parametrize(
    ("record", "reason", "detail"),
    [
        (RecordMemory(failures=2), Refusal.BACKOFF, "waiting after 2 failed attempts"),
        (RecordMemory(refusal="two records"), Refusal.CONFLICT, "two records"),
        (RecordMemory(), Refusal.DRY_RUN, "rehearsing: it would have been written"),
    ],
)
def test_a_record_that_must_wait_waits_and_says_why(record, reason, detail):
    assert look(replace(record, hold_until=Instant(10_001.0))) == Refused(SPEC.key, reason, detail)
    assert isinstance(look(replace(record, hold_until=Instant(10_000.0))), Reconcile)


def test_the_daily_budget_holds_a_changed_address_back():
    writes = tuple(at(NOW.instant - 60 * n) for n in range(24))
    refused = Refused(SPEC.key, Refusal.RATE_LIMITED, "24 changes within a day")
    assert look(RecordMemory(verified=MOVED, verified_at=NOW.wall, writes=writes)) == refused


def test_with_one_write_left_of_the_daily_budget_a_changed_address_is_written():
    writes = tuple(at(NOW.instant - 60 * n) for n in range(23))
    assert look(RecordMemory(verified=MOVED, verified_at=NOW.wall, writes=writes)).may_write is True


def test_with_the_budget_spent_a_record_that_was_right_is_looked_at_but_left():
    record = replace(RIGHT, verified_at=None, writes=tuple(NOW for _ in range(24)))
    action = look(record)
    assert isinstance(action, Reconcile)
    assert not action.may_write


@pytest.mark.parametrize("wall_jumped_by", [-1e6, 0.0, 1e6])
def test_writes_count_for_a_day_whatever_the_wall_clock_did_meanwhile(wall_jumped_by):
    old = tuple(at(NOW.instant - 86_400, NOW.wall + wall_jumped_by) for _ in range(24))
    assert look(RecordMemory(writes=old)).may_write
    young = tuple(at(NOW.instant - 86_400 + 1, NOW.wall + wall_jumped_by) for _ in range(24))
    assert look(RecordMemory(verified=MOVED, writes=young)).reason is Refusal.RATE_LIMITED


def flying(**changes):
    change = Change(HOME, at(9_900.0), published_at=at(9_990.0), looks=3, next_look=Instant(9_999.0))
    return replace(RIGHT, change=replace(change, **changes))


def test_a_published_change_is_followed_until_the_resolvers_show_it():
    assert look(flying()) == ConfirmVisible(SPEC, HOME)
    assert look(flying(next_look=NOW.instant)) == ConfirmVisible(SPEC, HOME)


@pytest.mark.parametrize("changes", [{"next_look": Instant(10_001.0)}, {"address": MOVED}, {"published_at": None}])
def test_a_change_is_not_asked_after_before_its_time_nor_for_another_address(changes):
    assert look(flying(**changes)) is None


def test_after_a_write_or_an_attempt_the_resolvers_word_is_not_enough_for_an_address_that_went_back():
    wrote = (at(NOW.instant - 60),)
    assert look(RecordMemory(verified=MOVED, verified_at=NOW.wall, writes=wrote)).resolvers_may_lag
    assert look(RecordMemory(verified=HOME, writes=wrote)).resolvers_may_lag
    assert look(RecordMemory(verified=HOME, change=Change(MOVED, NOW))).resolvers_may_lag
    assert not look(RecordMemory(verified=MOVED, verified_at=NOW.wall)).resolvers_may_lag
    assert not look(replace(RIGHT, verified_at=WallTime(NOW.wall - 3600), writes=wrote)).resolvers_may_lag


def test_what_goes_to_disk_before_a_write_vouches_for_nothing():
    action = look(RecordMemory(verified=MOVED, verified_at=NOW.wall))
    intended = intend(RecordMemory(verified=MOVED, verified_at=NOW.wall), action)
    assert (intended.verified, intended.verified_at) == (MOVED, None)
    assert intended.change == Change(HOME, at(9_990.0))
    assert intend(flying(), action).change == flying().change
    assert intend(flying(), ConfirmVisible(SPEC, HOME)) == flying()


def test_a_change_that_stays_invisible_is_taken_back_to_the_provider_and_every_resolver_is_asked():
    published = at(10_000.0 - 900.0)
    assert look(flying(published_at=at(published.instant + 1.0), next_look=None)) == ConfirmVisible(SPEC, HOME)
    action = look(flying(published_at=published, next_look=None))
    assert action == Reconcile(SPEC, HOME, at(9_900.0), at(10_000.0), full_truth=True, turn=3, may_write=True)


def test_with_the_budget_spent_a_change_that_stays_invisible_is_looked_at_but_left():
    published = at(10_000.0 - 900.0)
    record = replace(flying(published_at=published, next_look=None), writes=tuple(NOW for _ in range(24)))
    action = look(record)
    assert action == Reconcile(SPEC, HOME, at(9_900.0), at(10_000.0), full_truth=True, turn=3, may_write=False)
