"""Calls an hour: what is left, what is held when nothing is, and that a flood of hints leaves enough for looks of our own."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from cadence_exporter.decide import budget, echo_plan, ration
from cadence_exporter.decide.decide import decide
from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import Agreed, Disputed, Unchanged, Unknown
from cadence_exporter.model.decision import ConfirmVisible, Reconcile, Refusal, Refused
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.memory import Belief, EchoPlan, Phase
from cadence_exporter.model.outcome import ApiCall
from cadence_exporter.model.record import RecordKey, RecordSpec
from tests.decide.cases import HOME, MOVED, at, fresh, make_policy, sees

V4 = Family.IPV4
URLS = tuple(f"https://{letter}.example" for letter in "abcde")
LIMITS = {"ip_echo": 100, "doh": 10, "cloudflare": 20}
POLICY = make_policy(echo=MappingProxyType({V4: URLS}), max_calls_per_hour=MappingProxyType(LIMITS))
UP = Belief(candidate=HOME, streak=2, confirmed=HOME, agreed_at=Instant(0.0), candidate_since=at(0))


RESOLVERS_USED_UP = "the calls to doh of this hour are used up"


def calls(service, number, when=0.0):
    return ((service, Instant(when)),) * number


def home(phase=Phase.UP, belief=UP, made=()):
    return replace(fresh(), phase=phase, beliefs=MappingProxyType({V4: belief}), calls=made)


def plan(memory, seen=None, when=1.0):
    decision = decide(memory, seen or sees(Unchanged(HOME, "echo")), at(when), 0.0, POLICY)
    return decision.memory.plan_for(V4, hinted=False), decision


def test_calls_are_forgotten_after_an_hour():
    made = calls("doh", 3) + calls("doh", 4, 100.0)
    assert budget.left(made, "doh", Instant(3599.9), POLICY) == 3
    assert budget.left(made, "doh", Instant(3600.0), POLICY) == 6
    assert budget.left(made, "doh", Instant(3700.0), POLICY) == 10
    assert budget.left(calls("doh", 30), "doh", Instant(1.0), POLICY) == 0
    assert budget.left(made, "rfc2136", Instant(1.0), POLICY) == budget.UNLIMITED


def test_the_calls_of_a_cycle_are_remembered_and_old_ones_are_not():
    call = ApiCall("ip_echo", "2xx", 0.1, "a.example")
    assert budget.after(calls("doh", 2), (call,), Instant(3601.0)) == (("ip_echo", Instant(3601.0)),)
    assert budget.after(calls("doh", 2), (call,), Instant(9.0)) == (*calls("doh", 2), ("ip_echo", Instant(9.0)))
    assert budget.after(calls("doh", 2), (), Instant(5.0)) == calls("doh", 2)
    assert budget.after(calls("doh", 2), (), Instant(3600.0)) == calls("doh", 2)
    assert budget.after(calls("doh", 2), (call,), Instant(3600.0)) == (("ip_echo", Instant(3600.0)),)


def test_a_home_that_is_up_stays_up_on_what_it_believes_when_the_calls_are_used_up():
    held, decision = plan(home(made=calls("ip_echo", 96)))
    assert (held.first, held.meanwhile, held.even_if_hinted) == (0, Unchanged(HOME, "belief"), True)
    assert decision.memory.plan_for(V4, hinted=True) is held
    for minute in range(30):
        decision = decide(decision.memory, sees(held.meanwhile), at(60.0 * minute), 0.0, POLICY)
        assert decision.memory.phase is Phase.UP
    back, _ = plan(decision.memory, sees(held.meanwhile), 3600.0)
    assert back.first == 1


def test_a_home_that_is_not_sure_learns_nothing_and_is_not_down():
    quarrel = sees(Disputed((HOME, MOVED), "two against two"))
    held, decision = plan(home(made=calls("ip_echo", 99)), quarrel)
    assert (held.first, held.expected) == (0, None)
    assert isinstance(held.meanwhile, Unknown)
    for minute in range(10):
        decision = decide(decision.memory, sees(held.meanwhile), at(60.0 * minute), 0.0, POLICY)
    assert decision.memory.phase is Phase.DEGRADED
    assert decision.actions == ()


def test_the_look_that_is_being_judged_counts_already():
    asked = MappingProxyType({(V4, url): True for url in URLS})
    just_asked = replace(sees(Unchanged(HOME, "echo")), asked=asked)
    assert plan(home(made=calls("ip_echo", 95)))[0].first == 1
    assert plan(home(made=calls("ip_echo", 95)), just_asked)[0].first == 0


def test_hints_may_use_up_half_and_then_change_nothing_any_more():
    """A flood of them leaves the calls of an hour of looks that come by themselves."""
    _, decision = plan(home(made=calls("ip_echo", 45)))
    assert decision.memory.plan_for(V4, hinted=True) is None
    left, decision = plan(home(made=calls("ip_echo", 46)))
    assert left.first == 1
    assert decision.memory.plan_for(V4, hinted=True) == left


def test_when_half_is_gone_a_quorum_is_asked_first_and_the_rest_if_it_does_not_agree():
    unsure = replace(UP, streak=1)
    moved = sees(Agreed(MOVED, ("a", "b")))
    assert plan(home(Phase.DEGRADED, unsure, calls("ip_echo", 45)), moved)[0] is None
    frugal, _ = plan(home(Phase.DEGRADED, unsure, calls("ip_echo", 46)), moved)
    assert (frugal.first, frugal.expected) == (2, MOVED)


def test_a_process_that_begins_with_a_spent_budget_asks_nobody():
    spent = echo_plan.at_start(replace(fresh(), calls=calls("ip_echo", 96)), at(1), POLICY)
    assert spent.plan_for(V4, hinted=True).first == 0
    some = replace(fresh(), calls=calls("ip_echo", 95))
    assert echo_plan.at_start(some, at(1), POLICY) is some


@pytest.mark.parametrize(
    ("made", "refused"),
    [
        (calls("doh", 9), "doh"),
        (calls("doh", 8), None),
        (calls("cloudflare", 13), "cloudflare"),
        (calls("cloudflare", 12), None),
    ],
)
def test_a_record_waits_for_calls_and_is_counted_as_rate_limited(made, refused):
    decision = decide(home(made=made), sees(), at(1.0), 0.0, POLICY)
    assert decision.memory.phase is Phase.UP
    if refused is None:
        assert len(decision.actions) == 1
    else:
        assert decision.actions == ()
        (held,) = decision.refused
        assert held.reason is Refusal.RATE_LIMITED
        assert refused in held.detail


def test_records_of_one_cycle_share_what_is_left_and_one_that_is_only_looked_at_needs_no_provider():
    records = tuple(RecordSpec(RecordKey(f"{name}.example.com", RecordType.A), "cloudflare") for name in "abc")
    a, b, c = (Reconcile(spec, HOME, at(0), at(0), full_truth=True, turn=0, may_write=True) for spec in records)
    visible, nothing = ConfirmVisible(records[2], HOME), None
    no = Refused(records[0].key, Refusal.BACKOFF, "as tested")

    def within(considered, **made):
        spent = tuple(call for service, number in made.items() for call in calls(service, number))
        return ration.within_budgets(considered, spent, at(1.0), POLICY)

    used_up = {
        spec.key: Refused(spec.key, Refusal.RATE_LIMITED, "the calls to cloudflare of this hour are used up")
        for spec in records
    }
    assert within((a, nothing, b, c), cloudflare=4) == [a, nothing, b, used_up[c.record.key]]
    assert within((a, no, visible), cloudflare=20) == [used_up[a.record.key], no, visible]
    assert within((a, b, visible), doh=5) == [a, b, Refused(c.record.key, Refusal.RATE_LIMITED, RESOLVERS_USED_UP)]
    assert within((no, nothing, a), doh=7) == [no, nothing, a], "nor does what is none"
    assert within((visible, a, b), doh=5)[:2] == [visible, a], "what was refused costs nothing"


def test_what_is_held_and_what_is_frugal_keeps_its_turn_and_is_not_undone_by_hints():
    waiting = replace(UP, turn=4)
    held, _ = plan(home(belief=waiting, made=calls("ip_echo", 96)))
    assert held == EchoPlan(0, 5, HOME, meanwhile=Unchanged(HOME, "belief"), even_if_hinted=True)
    unsure = replace(waiting, streak=1)
    moved = sees(Agreed(MOVED, ("a", "b")))
    frugal, decision = plan(home(Phase.DEGRADED, unsure, calls("ip_echo", 46)), moved)
    assert frugal == EchoPlan(2, 5, MOVED, even_if_hinted=True)
    assert decision.memory.plan_for(V4, hinted=True) == frugal


def test_a_home_whose_calls_are_used_up_and_that_is_not_sure_says_why_it_knows_nothing():
    spent = echo_plan.at_start(replace(fresh(), calls=calls("ip_echo", 96)), at(1), POLICY)
    why = Unknown("the calls to echo services of this hour are used up")
    assert spent.plan_for(V4, hinted=True) == EchoPlan(0, meanwhile=why, even_if_hinted=True)


def test_an_address_that_is_only_half_confirmed_again_is_not_believed_when_the_calls_are_used_up():
    held, decision = plan(home(Phase.DEGRADED, replace(UP, streak=0), calls("ip_echo", 96)), sees())
    assert (decision.memory.beliefs[V4].streak, decision.memory.beliefs[V4].doubts) == (1, 0)
    assert (held.expected, type(held.meanwhile)) == (None, Unknown)


def test_a_family_with_few_services_is_asked_although_the_calls_do_not_suffice_for_the_other():
    six = Family.IPV6
    echo = MappingProxyType({V4: URLS, six: URLS[:2]})
    policy = replace(POLICY, families=(V4, six), echo=echo)
    plans = echo_plan.plans(home(made=calls("ip_echo", 96)), Phase.UP, {V4: UP, six: UP}, sees(), at(1.0), policy)
    assert plans[V4].first == 0
    assert plans[six] == EchoPlan(first=1, expected=HOME, even_if_hinted=True)


def test_a_runaway_is_remembered_by_its_last_twenty_thousand_calls():
    call = ApiCall("ip_echo", "2xx", 0.1, "a.example")
    kept = budget.after(calls("doh", 25_000), (call,), Instant(5.0))
    assert kept == (*calls("doh", 19_999), ("ip_echo", Instant(5.0)))
