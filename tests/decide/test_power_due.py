"""When power that was cut is due: counted from the act, turned on before anything is looked at, and never left to a regular look."""

from dataclasses import replace

import pytest

from cadence_exporter.decide.ledger import after, intend
from cadence_exporter.decide.pace import brought_forward
from cadence_exporter.decide.recovery import cooldown_ends, owed
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.recovery import (
    EMPTY_LEDGER,
    Bounce,
    EnsureOn,
    PowerOutcome,
    PowerResult,
    RecoveryMemory,
    RecoveryPolicy,
    Unfinished,
)

DECIDED, ACTED = Now(Instant(1000.0), WallTime(5000.0)), Now(Instant(1009.0), WallTime(5009.0))
CUT = Bounce(30.0)
NOTED = intend(EMPTY_LEDGER, CUT, DECIDED)


def done(result: PowerResult) -> RecoveryMemory:
    return after(NOTED, PowerOutcome(CUT, result, "as tested", ACTED, 1.0))


@pytest.mark.parametrize("result", PowerResult)
def test_the_cooldown_counts_from_the_act_and_not_from_the_look_before_it(result: PowerResult) -> None:
    policy = RecoveryPolicy(cooldown_s=600.0)
    assert cooldown_ends(done(result), policy) == ACTED.instant + 600.0
    assert len(done(result).bounces) == 1


@pytest.mark.parametrize("result", [PowerResult.SUCCESS, PowerResult.DOUBTFUL, PowerResult.REHEARSED])
def test_the_power_is_not_turned_on_before_its_time_is_over(result: PowerResult) -> None:
    assert owed(done(result), Instant(0.0), Now(Instant(1038.0), WallTime(0.0))) is None
    assert isinstance(owed(done(result), Instant(0.0), Now(Instant(1039.0), WallTime(0.0))), EnsureOn)


def memory(due: float) -> Memory:
    ledger = RecoveryMemory(unfinished=Unfinished(Now(Instant(due - 30.0), WallTime(0.0)), 30.0))
    return replace(Memory(Phase.DOWN, DECIDED), recovery=ledger)


def test_power_that_became_due_during_a_cycle_does_not_wait_for_a_regular_look() -> None:
    regular = (Instant(1038.0), "not up")
    assert brought_forward(regular, memory(1005.0), ACTED, began=DECIDED.instant) == (ACTED.instant, "power")
    assert brought_forward(regular, memory(1020.0), ACTED, began=DECIDED.instant) == (Instant(1020.0), "power")


def test_power_that_could_not_be_turned_on_is_tried_at_the_regular_pace() -> None:
    regular = (Instant(1038.0), "not up")
    assert brought_forward(regular, memory(995.0), ACTED, began=DECIDED.instant) == regular
