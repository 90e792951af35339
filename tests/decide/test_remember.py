"""What is remembered of an action. A failed write is never remembered as done."""

from dataclasses import replace

import pytest

from cadence_exporter.decide import pace
from cadence_exporter.decide import remember as remembering
from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.remember import doubt_changed, remember
from cadence_exporter.model.decision import ConfirmVisible, Reconcile
from cadence_exporter.model.instants import Instant, WallTime
from cadence_exporter.model.memory import Change, RecordMemory
from cadence_exporter.model.outcome import ApiCall, Done, Operation, Outcome, Result
from cadence_exporter.model.record import RecordKey
from cadence_exporter.model.recovery import Bounce, PowerOutcome, PowerResult, RecoveryMemory, Unfinished
from tests.decide.cases import HOME, MOVED, SPEC, at, fresh, make_policy, sees

NOW = at(1_000.0)
ACTION = Reconcile(SPEC, HOME, at(990.0), at(990.0), full_truth=True, turn=0, may_write=True)
OLD = RecordMemory(verified=MOVED, verified_at=WallTime(5.0), failures=3, hold_until=Instant(999.0), refusal="was odd")
RIGHT = RecordMemory(verified=HOME, verified_at=NOW.wall)


def came(result, action=ACTION, **changes):
    return Outcome(action, result, "detail", NOW, 0.1, **changes)


def after(record, outcome, draw=0.0):
    return remembering.after(record, outcome, draw)


@pytest.mark.parametrize("result", [Result.VERIFIED, Result.VISIBLE, Result.HELD, Result.UPDATED, Result.CREATED])
def test_what_was_verified_or_read_back_is_remembered_with_its_time(result):
    record = after(OLD, came(result))
    assert (record.verified, record.verified_at) == (HOME, NOW.wall)
    assert (record.failures, record.hold_until, record.refusal) == (0, None, None)


@pytest.mark.parametrize("result", [Result.LAGGING, Result.REFUSED, Result.REHEARSED, Result.FAILED])
def test_anything_else_leaves_what_was_verified_before(result):
    record = after(OLD, came(result))
    assert (record.verified, record.verified_at) == (MOVED, WallTime(5.0))


@pytest.mark.parametrize(
    ("result", "found", "operation", "holds"),
    [
        (Result.FAILED, (MOVED,), None, False),
        (Result.FAILED, (MOVED,), Operation.UPDATE, False),
        (Result.FAILED, (), Operation.CREATE, False),
        (Result.FAILED, (), None, True),
        (Result.REFUSED, (HOME, MOVED), None, False),
        (Result.REFUSED, (), None, False),
        (Result.REFUSED, (HOME,), None, True),
        (Result.REHEARSED, (MOVED,), Operation.UPDATE, False),
        (Result.REHEARSED, (MOVED,), None, False),
        (Result.REHEARSED, (), None, False),
        (Result.LAGGING, (MOVED,), None, True),
    ],
)
def test_a_record_that_was_seen_to_be_wrong_and_not_put_right_is_not_called_right(result, found, operation, holds):
    record = after(RIGHT, came(result, found=found, operation=operation))
    assert record.holds(HOME) is holds
    assert after(record, came(Result.FAILED)).holds(HOME) is holds
    assert after(record, came(Result.HELD, found=(HOME,))).holds(HOME) is True


def test_a_rehearsal_puts_failures_and_refusals_behind():
    troubled = replace(RIGHT, failures=3, refusal="two records")
    record = after(troubled, came(Result.REHEARSED, found=(MOVED,)))
    assert (record.failures, record.refusal, record.change) == (0, None, None)


def test_a_record_that_was_never_looked_at_is_neither_right_nor_wrong():
    assert RecordMemory().holds(HOME) is None
    assert (OLD.holds(HOME), RIGHT.holds(HOME)) == (False, True)


@pytest.mark.parametrize("result", [Result.UPDATED, Result.CREATED])
def test_a_write_counts_against_the_budget_and_is_followed_until_visible(result):
    record = after(OLD, came(result))
    assert record.writes == (NOW,)
    assert record.change == Change(HOME, at(990.0), NOW, 0, Instant(1_002.0))


def test_a_change_that_no_resolver_can_show_is_not_followed():
    assert after(OLD, came(Result.UPDATED, visible_at_once=True)).change is None
    assert after(OLD, came(Result.UPDATED, ConfirmVisible(SPEC, HOME))).change is None


def test_an_attempted_write_counts_even_if_its_answer_was_lost():
    failed = came(Result.FAILED, operation=Operation.UPDATE)
    assert after(replace(OLD, writes=(at(NOW.instant - 90_000),)), failed).writes == (NOW,)
    assert after(OLD, came(Result.FAILED)).writes == ()


def test_a_write_that_is_a_day_old_no_longer_counts_against_the_budget():
    writes = (at(NOW.instant - 86_400), at(NOW.instant - 86_400 + 1))
    assert after(replace(OLD, writes=writes), came(Result.UPDATED)).writes == (writes[1], NOW)


@pytest.mark.parametrize("result", [Result.VERIFIED, Result.VISIBLE])
def test_a_change_that_the_resolvers_show_is_no_longer_followed(result):
    assert after(replace(OLD, change=Change(HOME, at(990.0), NOW)), came(result)).change is None


def test_a_failure_after_a_refusal_is_waited_out_as_a_failure():
    record = after(OLD, came(Result.FAILED))
    assert (record.refusal, record.failures) == (None, 4)


def test_a_rehearsal_is_repeated_as_rarely_as_a_refusal_is_looked_at():
    assert after(OLD, came(Result.REHEARSED)).hold_until == 1_300.0


def test_failures_back_off_and_the_provider_may_ask_for_longer():
    holds = []
    record = RecordMemory()
    for _ in range(9):
        record = after(record, came(Result.FAILED))
        holds.append(record.hold_until - NOW.instant)
    assert holds == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert after(RecordMemory(), came(Result.FAILED, retry_after_s=900.0)).hold_until == 1_900.0
    assert pace.retry_after(10_000, None, 0.0) == 300.0


def test_repeated_attempts_are_spread_and_never_sooner_than_the_provider_asked():
    asked = came(Result.FAILED, retry_after_s=300.0)
    holds = [after(RecordMemory(), asked, draw).hold_until - NOW.instant for draw in (0.0, 0.5, 0.999)]
    assert holds == pytest.approx([300.0, 337.5, 374.925])


def test_looks_after_a_write_are_spread():
    change = Change(HOME, at(990.0), NOW, looks=3)
    for result, least in ((Result.UPDATED, 2.0), (Result.LAGGING, 10.125), (Result.HELD, 10.125)):
        record = replace(OLD, change=change)
        waits = [after(record, came(result), draw).change.next_look - NOW.instant for draw in (0.0, 0.5)]
        assert waits == pytest.approx([least, 1.125 * least])


def test_a_refusal_is_remembered_with_its_reason_and_looked_at_again():
    record = after(OLD, came(Result.REFUSED))
    assert (record.refusal, record.hold_until) == ("detail", 1_300.0)


def test_resolvers_that_lag_are_asked_less_and_less_often():
    change = Change(HOME, at(990.0), NOW)
    record, waits = replace(OLD, change=change), []
    for _ in range(40):
        record = after(record, came(Result.LAGGING, ConfirmVisible(SPEC, HOME)))
        waits.append(record.change.next_look - NOW.instant)
    assert waits[:3] == [3.0, 4.5, 6.75]
    assert waits[-1] == 900.0
    assert after(RecordMemory(), came(Result.LAGGING)).change is None


def test_held_at_the_provider_restarts_the_patience_with_a_change_in_flight():
    change = Change(HOME, at(1.0), published_at=at(2.0), looks=4)
    assert after(replace(OLD, change=change), came(Result.HELD)).change.published_at == NOW
    assert after(replace(OLD, change=replace(change, address=MOVED)), came(Result.HELD)).change is None
    assert after(replace(OLD, change=change), came(Result.HELD, visible_at_once=True)).change is None


def test_a_refusal_forgets_what_was_only_intended_and_follows_what_was_published():
    intended = Change(HOME, at(990.0))
    published = replace(intended, published_at=at(995.0))
    assert after(replace(OLD, change=intended), came(Result.REFUSED)).change is None
    assert after(replace(OLD, change=published), came(Result.REFUSED)).change == published
    assert after(replace(OLD, change=intended), came(Result.REHEARSED)).change is None
    assert after(replace(OLD, change=intended), came(Result.FAILED)).change == intended


def test_outcomes_bring_the_next_look_forward_but_never_into_the_past():
    memory = decide(fresh(), sees(), at(0.0), 0.0, make_policy()).memory
    decision = decide(memory, sees(), NOW, 0.0, make_policy())
    assert decision.why == "healthy"
    assert remember(decision, Done(), NOW, 0.0) == decision
    after_write = remember(decision, Done((came(Result.UPDATED),)), NOW, 0.0)
    assert (after_write.next_look, after_write.why) == (1_002.0, "visible")
    after_failure = remember(decision, Done((came(Result.FAILED),)), NOW, 0.0)
    assert (after_failure.next_look, after_failure.why) == (1_005.0, "retry")
    long_after = remember(decision, Done((came(Result.FAILED),)), at(1_100.0), 0.0)
    assert long_after.next_look == decision.next_look


def healthy(**records):
    """A decision while UP, whose regular look is at 1,180 s and which wants no action."""
    memory = decide(fresh(), sees(), at(0.0), 0.0, make_policy()).memory
    decision = decide(memory, sees(), NOW, 0.0, make_policy(records=()))
    return replace(decision, memory=replace(decision.memory, **records))


def test_each_outcome_is_remembered_of_its_own_record_and_all_others_stay_as_they_were():
    other = RecordKey("www.example.com", SPEC.key.type)
    written = replace(OLD, writes=(at(900.0),))
    done = remember(healthy(records={SPEC.key: written, other: RIGHT}), Done((came(Result.VERIFIED),)), NOW, 0.0)
    assert done.memory.records == {SPEC.key: replace(RIGHT, writes=(at(900.0),)), other: RIGHT}
    assert (done.next_look, done.why) == (1_180.0, "healthy")


def test_the_first_outcome_of_a_record_is_remembered_too():
    assert remember(healthy(), Done((came(Result.VERIFIED),)), NOW, 0.0).memory.records == {SPEC.key: RIGHT}


def test_a_record_that_waits_from_an_earlier_cycle_brings_the_next_look_forward():
    decision = healthy(records={SPEC.key: replace(OLD, hold_until=Instant(1_050.0))})
    waiting = remember(decision, Done(), NOW, 0.0)
    assert waiting == replace(decision, next_look=Instant(1_050.0), why="retry")


def test_after_a_reload_only_unchanged_settings_keep_their_cache():
    memory = replace(fresh(), records={SPEC.key: replace(OLD, refusal=None)})
    assert doubt_changed(memory, (SPEC,), (SPEC,)).records[SPEC.key].verified_at == WallTime(5.0)
    elsewhere = replace(SPEC, provider="file")
    doubted = doubt_changed(memory, (SPEC,), (elsewhere,)).records[SPEC.key]
    assert (doubted.verified_at, doubted.hold_until) == (None, Instant(999.0))


def test_after_a_reload_a_refusal_is_looked_at_anew():
    memory = replace(fresh(), records={SPEC.key: OLD})
    record = doubt_changed(memory, (SPEC,), (SPEC,)).records[SPEC.key]
    assert (record.refusal, record.hold_until, record.verified_at) == (None, None, WallTime(5.0))


def test_the_calls_of_a_cycle_are_noted_even_if_nothing_was_done_in_it():
    decision = healthy(calls=(("doh", Instant(900.0)),))
    noted = remember(decision, Done(), NOW, 0.0, (ApiCall("ip_echo", "2xx", 0.1, "a.example"),))
    assert noted == replace(
        decision, memory=replace(decision.memory, calls=(("doh", Instant(900.0)), ("ip_echo", NOW.instant)))
    )


def test_what_came_of_the_power_is_noted_and_brings_the_next_look_forward():
    owed = Unfinished(at(985.0), 30.0, real=True)
    ledger = RecoveryMemory(bounces=(at(1_010.0),), unfinished=Unfinished(at(980.0), 30.0, real=True))
    done = Done(power=PowerOutcome(Bounce(30.0), PowerResult.SUCCESS, "as tested", NOW, 15.0))
    decision = remember(healthy(recovery=ledger), done, NOW, 0.0)
    assert decision.memory.recovery == replace(ledger, bounces=(NOW,), unfinished=owed)
    assert (decision.next_look, decision.why) == (1_015.0, "power")


def test_power_that_became_due_during_the_cycle_is_turned_on_at_once():
    before = healthy(recovery=RecoveryMemory(unfinished=Unfinished(at(965.0), 30.0, real=True)))
    decision = remember(before, Done(), NOW, 0.0, began=at(994.0).instant)
    assert (decision.next_look, decision.why) == (NOW.instant, "power")
    assert remember(before, Done(), NOW, 0.0, began=at(996.0).instant) == before


def test_what_is_held_at_the_provider_takes_nothing_off_the_budget():
    written = replace(OLD, writes=(at(900.0),))
    assert after(written, came(Result.HELD)).writes == (at(900.0),)
