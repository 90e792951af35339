"""The search bites: defects planted in the decision functions, each found by the promise that it breaks."""

from dataclasses import replace

import pytest

from cadence_exporter.decide import belief, dns, echo_plan, outage, pace, phase, remember
from cadence_exporter.model.assessment import Agreed, Disputed, NotPublic, Unchanged, Unknown
from cadence_exporter.model.memory import EchoPlan, Layer, Outage, Phase
from cadence_exporter.model.outcome import Result
from tests.exhaustive.abstract import search_policy
from tests.exhaustive.occasions import Broken
from tests.exhaustive.search import explore
from tests.exhaustive.test_state_space import INPUTS

weigh, consider, after, step, sight = belief.weigh, dns.consider, remember.after, phase._NEXT, phase.sight


def _with_streak(old, new):
    return replace(new, candidate=old.candidate, streak=old.streak)


def dispute_keeps_the_streak(old, verdict, *rest):
    new = weigh(old, verdict, *rest)
    return _with_streak(old, new) if isinstance(verdict, Disputed) else new


def unknown_keeps_the_streak(old, verdict, *rest):
    new = weigh(old, verdict, *rest)
    return _with_streak(old, new) if isinstance(verdict, Unknown) else new


def unchanged_confirms(old, verdict, *rest):
    return weigh(old, Agreed(verdict.ip, ("a", "b")) if isinstance(verdict, Unchanged) else verdict, *rest)


def not_public_is_taken(old, verdict, *rest):
    return weigh(old, Agreed(verdict.ip, ("a", "b")) if isinstance(verdict, NotPublic) else verdict, *rest)


def first_echo_wins(old, verdict, router_wan, now, policy, *rest):
    return weigh(old, verdict, router_wan, now, replace(policy, confirmations=1), *rest)


def a_change_keeps_the_streak(old, verdict, *rest):
    new = weigh(old, verdict, *rest)
    return replace(new, streak=2, confirmed=new.candidate) if isinstance(verdict, Agreed) and old.streak == 2 else new


def a_change_is_overlooked(wan, at, before, after, policy):
    return sight(wan, at, replace(before, confirmed=after.candidate), after, policy)


def hold_ignored(spec, record, *rest):
    return consider(spec, replace(record, hold_until=None), *rest)


def down_ignored(spec, record, standing, *rest):
    return consider(spec, record, standing._replace(phase=Phase.UP), *rest)


def stale_cache_trusted(record, address, now, policy):
    return record.verified == address


def failure_remembered_as_done(record, outcome, draw):
    return after(record, replace(outcome, result=Result.UPDATED) if outcome.result is Result.FAILED else outcome, draw)


def lost_answer_not_counted(record, outcome, draw):
    new = after(record, outcome, draw)
    return replace(new, writes=record.writes) if outcome.result is Result.FAILED else new


def refusal_without_hold(record, outcome, draw):
    new = after(record, outcome, draw)
    return replace(new, hold_until=None) if outcome.result is Result.REFUSED else new


def lag_counts_as_visible(record, outcome, draw):
    new = after(record, outcome, draw)
    return replace(new, verified=None, verified_at=None) if outcome.result is Result.LAGGING else new


def always_spares(*_):
    return EchoPlan(first=1)


def outage_before_up(memory, to, *_):
    return Layer.WAN if memory.outage is None and to is Phase.DOWN else None


def outage_never_ends(old, began, to, now):
    return old or (began and Outage(now, began)), None


def outage_forgotten(old, began, to, now):
    return None, None


PLANTED = [
    (belief, "weigh", dispute_keeps_the_streak, "doubt_throws_confirmations_away"),
    (belief, "weigh", unknown_keeps_the_streak, "doubt_throws_confirmations_away"),
    (belief, "weigh", unchanged_confirms, "unchanged_confirms_nothing"),
    (belief, "weigh", not_public_is_taken, "doubt_throws_confirmations_away"),
    (belief, "weigh", first_echo_wins, "."),
    (belief, "weigh", a_change_keeps_the_streak, "one_observation_confirms_once"),
    (phase, "sight", a_change_is_overlooked, "up_knows_one_address"),
    (belief, "distrust", lambda old: replace(old, doubts=0), "throws_confirmations_away"),
    (dns, "intend", lambda record, action: record, "nothing_vouches_after_an_intent"),
    (dns, "consider", hold_ignored, "a_hold_is_kept"),
    (dns, "consider", down_ignored, "not_up_is_the_reason_without_a_path"),
    (dns, "is_known_right", stale_cache_trusted, "every_record_is_accounted_for"),
    (dns, "writes_within_a_day", lambda record, now: 0, "a_spent_budget_forbids_writing"),
    (dns, "_may_lag", lambda *_: False, "lagging_resolvers_are_not_believed"),
    (remember, "after", failure_remembered_as_done, "what_failed_vouches_for_nothing"),
    (remember, "after", lost_answer_not_counted, "every_attempt_to_write_is_counted"),
    (remember, "after", refusal_without_hold, "what_did_not_work_waits"),
    (remember, "after", lag_counts_as_visible, "what_failed_vouches_for_nothing"),
    (echo_plan, "plan", always_spares, "echo_services_are_spared_only_when_healthy"),
    (outage, "begins", outage_before_up, "an_outage_begins_only_after_up"),
    (outage, "after", outage_never_ends, "an_outage_ends_only_at_up"),
    (outage, "after", outage_forgotten, "an_outage_begins_only_after_up"),
    (phase, "TOLERATED_DOUBTS", 2, "two_doubts_are_not"),
    (phase, "TOLERATED_DOUBTS", 0, "one_doubt_is_tolerated"),
    (pace, "next_look", lambda _p, _b, now, *_, **__: (now.instant + 1.0, "hurry"), "the_next_look_is_within_bounds"),
]
CELLS = [
    ((Phase.UP, phase.Sight.PATH_FAILS), Phase.UP, "a_failing_path_is_down"),
    ((Phase.INIT, phase.Sight.UNCONFIRMED), Phase.UP, "up_is_reached_by_one_rung"),
    ((Phase.DEGRADED, phase.Sight.UNCONFIRMED), Phase.UP, "up_is_entered_confirmed"),
    ((Phase.DEGRADED, phase.Sight.UNCONFIRMED), Phase.DOWN, "only_a_failing_path_is_down"),
    ((Phase.UP, phase.Sight.UNCONFIRMED), Phase.UP, "up_knows_one_address"),
    ((Phase.DOWN, phase.Sight.UNCONFIRMED), Phase.INIT, "init_is_left_for_good"),
]


def _name(value):
    return getattr(value, "__name__", None)


@pytest.mark.parametrize(("module", "name", "defect", "promise"), PLANTED, ids=_name)
def test_a_planted_defect_is_found(monkeypatch, module, name, defect, promise):
    monkeypatch.setattr(module, name, defect)
    with pytest.raises(Broken, match=promise):
        explore(search_policy(), INPUTS)


@pytest.mark.parametrize(("cell", "to", "promise"), CELLS)
def test_a_wrong_cell_of_the_step_table_is_found(monkeypatch, cell, to, promise):
    monkeypatch.setitem(step, cell, to)
    with pytest.raises(Broken, match=promise):
        explore(search_policy(), INPUTS)
