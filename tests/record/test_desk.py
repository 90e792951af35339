"""What a person is told about a request, when it is on disk and not before."""

from dataclasses import replace

import pytest

from cadence_exporter.model.instants import Now, WallTime, later
from cadence_exporter.model.recovery import (
    Ask,
    Bounce,
    EnsureOn,
    PowerOutcome,
    PowerResult,
    RecoveryMemory,
    Request,
    Suppression,
    Withheld,
    unnoted,
)
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.record.desk import MOST_WAITING, Desk
from tests.record.cycles import at, make_cycle, memory

BOUNCE = Request(Ask.BOUNCE)
ASKED = replace(BOUNCE, asked=at(999))


@pytest.fixture
def rung():
    return []


@pytest.fixture
def desk(rung):
    return Desk(rung.append, Clock())


class Clock:
    def now(self):
        return at(999)


def done(result, detail="why"):
    return PowerOutcome(Bounce(30.0, by_hand=True), result, detail, at(1000), 0.5)


def test_a_request_rings_and_is_handed_over_once(desk, rung):
    desk.ask(BOUNCE)
    assert rung == [Reason.REQUEST]
    assert not desk.bounce_taken()
    assert desk.take() == (ASKED,)
    assert desk.bounce_taken()
    desk.record(make_cycle())
    assert desk.take() == ()
    assert not desk.bounce_taken()


def test_who_was_taken_in_a_cycle_that_came_to_nothing_is_answered_with_the_next(desk):
    first = desk.ask(BOUNCE)
    assert desk.take() == (ASKED,)
    second = desk.ask(BOUNCE)
    assert desk.take() == (ASKED,)
    desk.record(replace(make_cycle(), power=done(PowerResult.SUCCESS)))
    assert first.wait(0.0).code == second.wait(0.0).code == 200


@pytest.mark.parametrize("clock", ["instant", "wall"])
def test_a_bounce_that_was_asked_for_long_ago_is_refused(desk, clock):
    ticket = desk.ask(BOUNCE)
    desk.take()
    cycle = make_cycle()
    long_ago = {clock: getattr(at(999), clock) + 301.0}
    desk.record(replace(cycle, began=replace(at(999), **long_ago)))
    assert (ticket.wait(0.0).code, ticket.wait(0.0).text[:27]) == (409, "refused: it was asked too l")


def test_a_store_that_cannot_be_written_is_not_called_the_device(desk):
    ticket = desk.ask(BOUNCE)
    desk.take()
    desk.record(replace(make_cycle(), power=unnoted(Bounce(30.0, by_hand=True), at(1000))))
    assert ticket.wait(0.0).text == "refused by store: the state store cannot be written"


def test_nobody_is_answered_before_the_cycle_is_over(desk):
    ticket = desk.ask(BOUNCE)
    desk.take()
    assert ticket.wait(0.0) is None
    desk.record(replace(make_cycle(), power=done(PowerResult.SUCCESS)))
    assert ticket.wait(0.0).code == 200
    assert desk.last()["done"]


def test_a_request_that_came_during_a_cycle_waits_for_the_next(desk):
    desk.take()
    ticket = desk.ask(BOUNCE)
    desk.record(make_cycle())
    assert ticket.wait(0.0) is None


@pytest.mark.parametrize(
    ("result", "code", "words"),
    [
        (PowerResult.SUCCESS, 200, "off for 30 s; why"),
        (PowerResult.REHEARSED, 200, "nothing was switched"),
        (PowerResult.REFUSED, 409, "refused by why"),
        (PowerResult.FAILED, 502, "failed: why"),
        (PowerResult.DOUBTFUL, 502, "doubtful: why"),
    ],
)
def test_each_end_of_a_bounce_has_its_answer(desk, result, code, words):
    ticket = desk.ask(BOUNCE)
    desk.take()
    desk.record(replace(make_cycle(), power=done(result)))
    reply = ticket.wait(0.0)
    assert reply.code == code
    assert words in reply.text


def test_a_guardrail_that_refused_is_named(desk):
    ticket = desk.ask(BOUNCE)
    desk.take()
    desk.record(
        make_cycle(withheld=(Withheld(Suppression.COOLDOWN, "60 s are left"), Withheld(Suppression.STORE, "x")))
    )
    assert ticket.wait(0.0).text == "refused by cooldown: 60 s are left; store: x"


def test_a_bounce_that_is_being_ended_comes_first(desk):
    ticket = desk.ask(BOUNCE)
    desk.take()
    desk.record(make_cycle(power=EnsureOn()))
    assert ticket.wait(0.0).code == 409


def test_maintenance_says_how_long(desk):
    ticket, off = desk.ask(Request(Ask.MAINTENANCE_ON, 7200.0)), desk.ask(Request(Ask.MAINTENANCE_OFF))
    desk.take()
    cycle = make_cycle()
    until = Now(later(cycle.ended.instant, 7200.0), WallTime(cycle.ended.wall + 7200.0))
    desk.record(replace(cycle, memory=replace(memory(), recovery=RecoveryMemory(maintenance_until=until))))
    assert "maintenance for 2 h" in ticket.wait(0.0).text
    assert off.wait(0.0).code == 200


def test_a_script_that_runs_wild_is_turned_away(desk, rung):
    assert [desk.ask(BOUNCE) is None for _ in range(MOST_WAITING + 3)] == [False] * MOST_WAITING + [True] * 3
    assert len(rung) == MOST_WAITING
