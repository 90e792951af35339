"""How one observation moves the belief in an address: its streak, its doubts, and whose turn it is to be asked."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter.decide.belief import distrust, weigh
from cadence_exporter.model.assessment import Agreed, Disputed, NotPublic, Unchanged, Unknown
from cadence_exporter.model.instants import Instant, WallTime
from cadence_exporter.model.memory import Belief
from tests.decide.cases import HOME, MOVED, at, make_policy

NOW = at(50.0)
HELD = Belief(
    candidate=HOME,
    streak=2,
    candidate_since=at(10.0),
    confirmed=HOME,
    confirmed_at=WallTime(7.0),
    agreed_at=Instant(20.0),
    turn=5,
)
DOUBTFUL = replace(HELD, doubts=1)


def after(belief, verdict, router_wan=None):
    return weigh(belief, verdict, router_wan, NOW, make_policy())


def test_the_routers_silence_about_a_change_ends_a_doubt_and_moves_nothing_else():
    assert after(DOUBTFUL, Unchanged(HOME, "router"), HOME) == HELD
    assert after(HELD, Unchanged(HOME, "router"), HOME) is HELD


def test_the_one_voice_ends_a_doubt_renews_the_agreement_and_passes_the_turn_on():
    kept = replace(HELD, agreed_at=NOW.instant, turn=6)
    assert after(DOUBTFUL, Unchanged(HOME, "echo")) == kept
    assert after(DOUBTFUL, Unchanged(HOME, "echo"), HOME) == replace(kept, router_said=HOME)
    assert after(DOUBTFUL, Unchanged(HOME, "echo"), ip_address("192.168.1.2")) == kept


@pytest.mark.parametrize(
    "verdict",
    [
        Disputed((HOME, MOVED), "they differ"),
        Unknown("silence"),
        NotPublic(ip_address("10.0.0.1"), "private"),
        Unchanged(MOVED, "echo"),
    ],
)
def test_anything_unclear_costs_the_streak_is_one_more_doubt_and_passes_the_turn_on(verdict):
    assert after(HELD, verdict) == replace(HELD, streak=0, doubts=1, turn=6)
    assert after(DOUBTFUL, verdict) == replace(HELD, streak=0, doubts=2, turn=6)


def test_agreement_ends_all_doubts_and_passes_the_turn_on():
    waiting = replace(HELD, streak=1, doubts=3)
    assert after(waiting, Agreed(HOME, ("a", "b")), HOME) == replace(
        HELD, agreed_at=NOW.instant, router_said=HOME, turn=6
    )


def test_a_confirmed_address_is_dated_by_the_observation_that_confirmed_it():
    moved = replace(HELD, candidate=MOVED, streak=1, candidate_since=at(40.0))
    assert after(moved, Agreed(MOVED, ("a", "b"))) == replace(
        moved, streak=2, confirmed=MOVED, confirmed_at=NOW.wall, agreed_at=NOW.instant, turn=6
    )


def test_a_path_that_fails_takes_the_confirmations_and_the_doubts_of_before_with_it():
    assert distrust(DOUBTFUL) == replace(HELD, streak=0, doubts=0)


@pytest.mark.parametrize("verdict", [Agreed(HOME, ("a", "b")), Unchanged(HOME, "echo")])
def test_the_tripwire_vouches_only_when_it_names_the_very_address(verdict):
    def said(outside):
        return weigh(HELD, verdict, None, NOW, make_policy(), outside)

    assert (said(HOME).outside_said, said(HOME).router_said) == (HOME, None)
    assert (said(MOVED).outside_said, said(None).outside_said) == (None, None)
