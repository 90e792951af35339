"""The state machine: every cell of the table, and scripts of cycles through the whole decision."""

import itertools
from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.phase import Sight, sight, step
from cadence_exporter.model.assessment import Agreed, Disputed, Link, NotPublic, Unchanged, Unknown
from cadence_exporter.model.memory import Belief, Layer, Phase
from cadence_exporter.model.policy import Policy
from tests.decide.cases import HOME, MOVED, at, fresh, make_policy, sees

AGREED = sees()
CHANGED = sees(Agreed(MOVED, ("a", "b")))
UNKNOWN = sees(Unknown("silence"))
DISPUTED = sees(Disputed((HOME, MOVED), "two against two"))
NOT_PUBLIC = sees(NotPublic(ip_address("100.64.0.1"), "cgnat"))
NO_PATH = sees(Unknown("silence"), wan=Link.DOWN)
DOWN, DEG, UP = Phase.DOWN, Phase.DEGRADED, Phase.UP


NEXT = {
    # from: path fails, unconfirmed, wavering, confirmed
    Phase.INIT: (DOWN, DEG, DEG, DEG),
    DOWN: (DOWN, DEG, DEG, DEG),
    DEG: (DOWN, DEG, DEG, UP),
    UP: (DOWN, DEG, UP, UP),
}


def phases(script, policy=None, memory=None):
    memory = memory or fresh()
    seen = []
    for turn, assessment in enumerate(script):
        memory = decide(memory, assessment, at(turn * 60.0), 0.0, policy or make_policy()).memory
        seen.append(memory.phase)
    return seen


def test_every_cell_of_the_table_is_filled_and_promotion_climbs_one_rung_only():
    ladder = [DOWN, Phase.INIT, DEG, UP]
    for phase, seen in itertools.product(Phase, Sight):
        after = step(phase, seen)
        assert ladder.index(after) - ladder.index(phase) <= (2 if phase is DOWN else 1)
        assert after is not Phase.INIT


def test_each_phase_is_followed_by_the_one_that_this_table_names():
    assert {phase: tuple(step(phase, seen) for seen in Sight) for phase in Phase} == NEXT


def test_a_confirmed_address_and_one_that_wavers_are_told_apart_while_up():
    held = Belief(candidate=HOME, streak=2, confirmed=HOME)
    assert sight(Link.UP, UP, held, held, make_policy()) is Sight.CONFIRMED
    assert sight(Link.UP, UP, held, replace(held, streak=0, doubts=1), make_policy()) is Sight.WAVERING


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([AGREED, AGREED], [DEG, UP]),
        ([NO_PATH, AGREED, AGREED], [DOWN, DEG, UP]),
        ([UNKNOWN, UNKNOWN, AGREED, AGREED], [DEG, DEG, DEG, UP]),
        ([AGREED, AGREED, NO_PATH, AGREED, AGREED], [DEG, UP, DOWN, DEG, UP]),
        ([AGREED, NO_PATH, AGREED, AGREED], [DEG, DOWN, DEG, UP]),
        ([AGREED, AGREED, UNKNOWN, AGREED, AGREED], [DEG, UP, UP, UP, UP]),
        ([AGREED, AGREED, UNKNOWN, UNKNOWN, AGREED, AGREED], [DEG, UP, UP, DEG, DEG, UP]),
        ([AGREED, AGREED, DISPUTED, DISPUTED, AGREED, AGREED], [DEG, UP, UP, DEG, DEG, UP]),
        ([AGREED, AGREED, NOT_PUBLIC, NOT_PUBLIC], [DEG, UP, UP, DEG]),
        ([AGREED, AGREED, UNKNOWN, DISPUTED], [DEG, UP, UP, DEG]),
        ([AGREED, AGREED, CHANGED, CHANGED], [DEG, UP, DEG, UP]),
        ([AGREED, AGREED, CHANGED, AGREED, AGREED], [DEG, UP, DEG, DEG, UP]),
        ([AGREED, DISPUTED, AGREED, AGREED], [DEG, DEG, DEG, UP]),
        ([AGREED, CHANGED, CHANGED], [DEG, DEG, UP]),
        ([UNKNOWN] * 6, [DEG] * 6),
    ],
)
def test_a_script_of_observations_leads_through_these_phases(script, expected):
    assert phases(script) == expected


def test_one_confirmation_still_climbs_one_rung_a_cycle():
    assert phases([AGREED, AGREED], make_policy(confirmations=1)) == [DEG, UP]


def test_with_one_confirmation_a_changed_address_still_takes_up_away_at_once_and_is_published_meanwhile():
    policy = make_policy(confirmations=1)
    assert phases([AGREED, AGREED, CHANGED, CHANGED], policy) == [DEG, UP, DEG, UP]
    decisions = run([AGREED, AGREED, CHANGED], policy)
    assert decisions[2].transition.why == "address changed to 81.2.69.142"
    assert decisions[2].actions[0].address == MOVED
    assert [decision.why for decision in decisions] == ["confirm", "healthy", "confirm"]


def test_five_confirmations_are_five_agreeing_observations_in_a_row():
    assert phases([AGREED] * 4 + [DISPUTED] + [AGREED] * 5, make_policy(confirmations=5))[-2:] == [DEG, UP]


def test_an_unchanged_address_keeps_up_but_confirms_nothing():
    kept = sees(Unchanged(HOME, "router"))
    assert phases([AGREED, AGREED, kept, kept]) == [DEG, UP, UP, UP]
    assert phases([AGREED, kept, kept]) == [DEG, DEG, DEG]


def test_unchanged_naming_another_address_than_the_confirmed_one_is_a_doubt():
    other = sees(Unchanged(MOVED, "router"))
    assert phases([AGREED, AGREED, other, other]) == [DEG, UP, UP, DEG]


def run(script, policy: Policy | None = None):
    memory, decisions = fresh(), []
    for turn, assessment in enumerate(script):
        decision = decide(memory, assessment, at(turn * 60.0), 0.0, policy or make_policy())
        memory = decision.memory
        decisions.append(decision)
    return decisions


def test_an_outage_begins_at_down_and_ends_at_up_with_its_length():
    decisions = run([AGREED, AGREED, NO_PATH, NO_PATH, AGREED, AGREED])
    assert [d.outage_began for d in decisions] == [None, None, Layer.WAN, None, None, None]
    ended = [d.outage_ended for d in decisions]
    assert ended[:5] == [None] * 5
    assert ended[5] is not None
    assert ended[5].seconds == 180.0


def test_an_outage_is_laid_to_the_lan_when_the_router_is_silent_too():
    lan_down = sees(Unknown("silence"), wan=Link.DOWN, lan=Link.DOWN)
    assert run([AGREED, AGREED, lan_down])[-1].outage_began is Layer.LAN


def test_losing_sight_of_the_address_is_an_outage_of_the_ip_layer_but_a_change_is_none():
    assert run([AGREED, AGREED, UNKNOWN, UNKNOWN])[-1].outage_began is Layer.IP
    assert all(d.outage_began is None for d in run([AGREED, AGREED, CHANGED, CHANGED]))


def test_a_home_that_was_never_up_has_no_outage():
    assert all(d.outage_began is None for d in run([NO_PATH, NO_PATH, AGREED, AGREED]))


def test_transitions_say_what_happened_and_which_way():
    decisions = run([NO_PATH, AGREED, AGREED, CHANGED, UNKNOWN, NO_PATH])
    steps = [d.transition for d in decisions]
    assert [(s.to_phase, s.is_demotion) for s in steps if s] == [
        (DOWN, True), (DEG, False), (UP, False), (DEG, True), (DOWN, True),
    ]  # fmt: skip
    assert [s.why for s in steps if s] == [
        "no WAN target answers",
        "the WAN path works",
        "address 93.184.216.34 confirmed",
        "address changed to 81.2.69.142",
        "no WAN target answers",
    ]
    assert run([AGREED, AGREED, UNKNOWN, UNKNOWN])[-1].transition.why == "the public address is not clear"


def test_only_a_confirmed_address_counts_as_a_change():
    changes = [d.address_changes for d in run([AGREED, AGREED, CHANGED, AGREED, CHANGED, CHANGED])]
    assert [bool(c) for c in changes] == [False, True, False, False, False, True]
    assert (changes[5][0].before, changes[5][0].after) == (HOME, MOVED)
