"""Every reachable state of the shipped decision functions, and what holds in all of them."""

from itertools import product

import pytest

from cadence_exporter.decide import phase
from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.echo_plan import EAGER_LOOKS, REST_LOOKS
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Agreed, Disputed, Link, NotPublic, Unchanged, Unknown
from cadence_exporter.model.decision import Refusal
from cadence_exporter.model.memory import Phase
from tests.decide.cases import HOME, MOVED, sees
from tests.exhaustive.abstract import (
    DAY,
    DUE,
    HOME6,
    LOOK,
    MOMENT,
    MOST_DOUBTS,
    MOVED6,
    NOW,
    PENDING,
    PRIVATE,
    RECENT,
    RETRY,
    concrete,
    search_policy,
)
from tests.exhaustive.occasions import Turn, keep
from tests.exhaustive.promises import DECIDING, REMEMBERING
from tests.exhaustive.search import explore, walk

SILENCE = Unknown("silence")
INPUTS = {
    "home": sees(Agreed(HOME, ("a", "b"))),
    "moved": sees(Agreed(MOVED, ("a", "b"))),
    "still home": sees(Unchanged(HOME, "echo")),
    "still moved": sees(Unchanged(MOVED, "echo")),
    "disputed": sees(Disputed((HOME, MOVED), "two against two")),
    "unknown": sees(SILENCE),
    "not public": sees(NotPublic(PRIVATE, "cgnat")),
    "no path": sees(SILENCE, wan=Link.DOWN),
}


# A dead tunnel broker, a lying panel, a new prefix: the second family must never sway the first.
BELIEFS = {
    **INPUTS,
    "home, says the router": sees(Agreed(HOME, ("a", "b")), router_wan=HOME),
    "moved, says the router": sees(Agreed(MOVED, ("a", "b")), router_wan=MOVED),
    "behind another NAT": sees(Agreed(HOME, ("a", "b")), router_wan=PRIVATE),
    "the router is still home": sees(Unchanged(HOME, "router"), router_wan=HOME),
    "moved, says the tripwire": sees(Agreed(MOVED, ("a", "b")), outside=MOVED),
    "home, say both": sees(Agreed(HOME, ("a", "b")), router_wan=HOME, outside=HOME),
    "home, the tripwire sees another exit": sees(Agreed(HOME, ("a", "b")), outside=MOVED),
    "the tripwire is still home": sees(Unchanged(HOME, "tripwire"), outside=HOME),
    "the budget is spent": sees(Unchanged(HOME, "belief")),
    "one voice still home": sees(Unchanged(HOME, "echo"), router_wan=HOME),
    "no LAN": sees(SILENCE, wan=Link.DOWN, lan=Link.DOWN),
    "no target to ask": sees(SILENCE, wan=Link.UNKNOWN),
}


@pytest.fixture(scope="module")
def found():
    return explore(search_policy(), INPUTS, ("home", "moved", "no path", "unknown"))


def test_every_promise_is_kept_in_every_reachable_state(found):
    print(f"\none record: {found}; {len(DECIDING)} + {len(REMEMBERING)} promises")
    assert len(found.states) > 5_000, str(found)
    phases = {state.phase for state in found.states}
    assert phases == set(Phase), "the search must get everywhere"
    assert {state.record.hold for state in found.states} == {None, DUE, PENDING}
    assert {state.record.change.address for state in found.states if state.record.change} == {HOME, MOVED}


@pytest.mark.parametrize("confirmations", [1, 2, 3])
def test_beliefs_and_phases_keep_every_promise_whatever_the_router_says(confirmations):
    policy = search_policy(confirmations=confirmations, records=())
    beliefs = explore(policy, BELIEFS, ("home", "moved"))
    print(f"\nbeliefs, {confirmations} confirmations: {beliefs}")
    assert len(beliefs.states) > 100, str(beliefs)
    agreement_leads_to_up(beliefs, confirmations + 1)


def agreement_leads_to_up(beliefs, cycles):
    for name, state in product(("home", "moved"), beliefs.states):
        *_, (_, _, last) = walk(beliefs, name, state, cycles)
        assert last.phase is Phase.UP, (name, state)


def test_a_home_that_is_stuck_is_found(monkeypatch):
    monkeypatch.setitem(phase._NEXT, (Phase.DEGRADED, phase.Sight.CONFIRMED), Phase.DEGRADED)
    stuck = explore(search_policy(records=()), INPUTS, ("home", "moved"))  # nothing that it does is wrong
    with pytest.raises(AssertionError):
        agreement_leads_to_up(stuck, 3)


def test_a_doubt_that_lasts_keeps_every_promise():
    """The search counts no further than two; when services have a rest depends on how long a doubt has lasted."""
    policy = search_policy(records=())
    doubtful = [state for state in explore(policy, BELIEFS).states if state.beliefs[0].doubts == MOST_DOUBTS]
    rests = set()
    for state, doubts in product(doubtful, range(MOST_DOUBTS, EAGER_LOOKS + 3 * (REST_LOOKS + 1) - 1)):
        memory = concrete(state._replace(beliefs=(state.beliefs[0]._replace(doubts=doubts),)), policy.families)
        for assessment in BELIEFS.values():
            turn = Turn(memory, assessment, NOW, policy, decide(memory, assessment, NOW, 0.0, policy))
            keep(DECIDING, turn)
            if any(plan.first == 0 for plan in turn.after.echo_plans.values()):
                rests.add(turn.after.beliefs[Family.IPV4].doubts)
    assert doubtful
    assert min(rests) == EAGER_LOOKS
    assert len(rests) == 3 * REST_LOOKS


def test_two_families_keep_every_promise_and_the_second_never_sways_the_first():
    first = {"home": HOME, "moved": MOVED, "unknown": None}
    second = {"home": HOME6, "moved": MOVED6, "unknown": None}
    inputs = {
        f"{v4} and {v6}": sees(_verdict(first[v4]), v6=_verdict(second[v6])) for v4, v6 in product(first, second)
    } | {"no path": sees(SILENCE, v6=SILENCE, wan=Link.DOWN)}
    both = explore(search_policy(families=(Family.IPV4, Family.IPV6), records=()), inputs, tuple(inputs))
    print(f"\ntwo families: {both}")
    assert len(both.states) > 300, str(both)
    for v4 in first:
        roads = [both.roads[f"{v4} and {v6}"] for v6 in second]
        for state in both.states:
            assert (
                len({(after.phase, after.beliefs[0], after.outage) for _, after in (road[state] for road in roads)})
                == 1
            )


def _verdict(address):
    return SILENCE if address is None else Agreed(address, ("a", "b"))


# What must happen, from everywhere


@pytest.mark.parametrize(("name", "address"), [("home", HOME), ("moved", MOVED)])
def test_agreeing_observations_lead_to_up_from_everywhere_and_it_stays(found, name, address):
    for start in found.states:
        phases = [after.phase for _, _, after in walk(found, name, start, 5)]
        assert phases[2:] == [Phase.UP] * 3, start


@pytest.mark.parametrize(("name", "address"), [("home", HOME), ("moved", MOVED)])
def test_up_means_that_the_record_is_looked_after_or_the_reason_is_told(found, name, address):
    allowed = {Refusal.BACKOFF, Refusal.CONFLICT, Refusal.DRY_RUN, Refusal.RATE_LIMITED}
    for start in found.states:
        *_, (before, decision, _) = walk(found, name, start, 3, MOMENT)
        right = before.record.verified == address and before.record.cache == RECENT
        acted = any(action.address == address for action in decision.actions)
        refused = {refusal.reason for refusal in decision.refused}
        assert right or acted or (refused and refused <= allowed), (start, decision)


@pytest.mark.parametrize(("name", "address"), [("home", HOME), ("moved", MOVED)])
def test_with_time_every_record_says_the_address_and_every_hold_ends(found, name, address):
    for start in found.states:
        *_, (_, _, last) = walk(found, name, start, 4, DAY)
        record = last.record
        assert (record.verified, record.cache) == (address, RECENT), start
        assert (record.failed, record.hold, record.refused) == (False, None, False), start


@pytest.mark.parametrize("wait", [LOOK, DAY])
@pytest.mark.parametrize("name", ["home", "moved"])
def test_a_change_in_flight_lands_unless_the_record_must_wait(found, name, wait):
    for start in found.states:
        *_, (_, decision, last) = walk(found, name, start, 5, wait)
        assert last.record.change is None or (wait is LOOK and decision.refused), (start, last)


def test_only_a_spent_budget_outlasts_a_hold(found):
    for start in found.states:
        *_, (_, decision, _) = walk(found, "moved", start, 4, RETRY)
        assert {refusal.reason for refusal in decision.refused} <= {Refusal.RATE_LIMITED}, start


def test_a_failing_path_is_down_at_once_from_everywhere(found):
    for start in found.states:
        assert all(after.phase is Phase.DOWN for _, _, after in walk(found, "no path", start, 3))


def test_who_was_up_and_goes_down_is_in_an_outage_until_up_again(found):
    for start in found.states:
        *_, (_, _, last) = walk(found, "no path", start, 1)
        assert (last.outage is not None) == start.was_up, start
        *_, (_, _, back) = walk(found, "home", last, 3)
        assert back.outage is None, start


def test_an_address_that_stays_unknown_costs_up_within_two_looks_and_changes_nothing(found):
    for start in found.states:
        *steps, (_, _, last) = walk(found, "unknown", start, 4)
        assert last.phase is Phase.DEGRADED, start
        assert last.record.verified == start.record.verified
        assert not any(decision.actions for _, decision, _ in steps)
        assert start.phase is not Phase.UP or last.outage is not None, start
