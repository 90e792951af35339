"""When power that was cut is due: counted from the act, turned on before anything is looked at, and never left to a regular look."""

from dataclasses import replace

import pytest

from cadence_exporter.decide.ledger import after, intend
from cadence_exporter.decide.pace import brought_forward
from cadence_exporter.decide.recovery import cooldown_ends, owed
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.power import BounceReceipt, Identity, Proof
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
    return after(NOTED, PowerOutcome(CUT, result, "as tested", ACTED, 3.0))


def cut_by(proof: Proof) -> RecoveryMemory:
    """It took the device a second to cut, one to be asked, and another to answer; its timer was read in the middle of that."""
    receipt = BounceReceipt(Identity("a8032abe54dc", "", ""), proof, Instant(1006.0), 30.0, Instant(1038.0))
    return after(NOTED, PowerOutcome(CUT, PowerResult.SUCCESS, "as tested", ACTED, 4.0, receipt))


@pytest.mark.parametrize("result", PowerResult)
def test_the_cooldown_counts_from_the_act_and_not_from_the_look_before_it(result: PowerResult) -> None:
    policy = RecoveryPolicy(cooldown_s=600.0)
    assert cooldown_ends(done(result), policy) == ACTED.instant + 600.0
    assert len(done(result).bounces) == 1


def due(ledger: RecoveryMemory) -> float:
    assert ledger.unfinished is not None
    instant = ledger.unfinished.due
    assert owed(ledger, Instant(0.0), Now(Instant(instant - 0.1), WallTime(0.0))) is None
    assert isinstance(owed(ledger, Instant(0.0), Now(instant, WallTime(0.0))), EnsureOn)
    return instant


@pytest.mark.parametrize("result", [PowerResult.SUCCESS, PowerResult.DOUBTFUL, PowerResult.REHEARSED])
def test_power_of_which_nothing_more_is_known_is_due_from_the_beginning_of_the_act(result: PowerResult) -> None:
    assert due(done(result)) == 1036.0


def test_power_that_only_we_turn_on_is_due_from_the_cut_and_not_from_the_end_of_the_act() -> None:
    assert due(cut_by(Proof.CONTROLLER)) == 1036.0


@pytest.mark.parametrize("proof", sorted(set(Proof) - {Proof.CONTROLLER}))
def test_a_timer_is_not_forestalled(proof: Proof) -> None:
    assert due(cut_by(proof)) == 1038.0


def test_a_real_cut_is_ended_by_a_relay_and_a_rehearsed_one_by_a_rehearsal() -> None:
    seen = {
        (began, ended): after(done(began), PowerOutcome(EnsureOn(), ended, "", ACTED, 0.1)).unfinished is None
        for began in (PowerResult.SUCCESS, PowerResult.DOUBTFUL, PowerResult.REHEARSED)
        for ended in (PowerResult.SUCCESS, PowerResult.REHEARSED)
    }
    assert [pair for pair, ends in seen.items() if not ends] == [
        (PowerResult.SUCCESS, PowerResult.REHEARSED),
        (PowerResult.DOUBTFUL, PowerResult.REHEARSED),
    ]


def memory(due: float) -> Memory:
    ledger = RecoveryMemory(unfinished=Unfinished(Now(Instant(due - 30.0), WallTime(0.0)), 30.0))
    return replace(Memory(Phase.DOWN, DECIDED), recovery=ledger)


def test_power_that_became_due_during_a_cycle_does_not_wait_for_a_regular_look() -> None:
    regular = (Instant(1038.0), "not up")
    assert brought_forward(regular, memory(1005.0), ACTED, began=DECIDED.instant) == (ACTED.instant, "power")
    assert brought_forward(regular, memory(1020.0), ACTED, began=DECIDED.instant) == (Instant(1020.0), "power")


def test_of_two_instants_that_are_the_same_the_look_that_saw_the_power_due_has_turned_it_on():
    """``decide`` turns on what is due when its cycle begins; what becomes due right after that is the next one's."""
    regular = (Instant(1038.0), "not up")
    assert brought_forward(regular, memory(DECIDED.instant), ACTED, began=DECIDED.instant) == regular
    assert brought_forward(regular, memory(ACTED.instant), ACTED, began=DECIDED.instant) == (ACTED.instant, "power")
    cut = memory(ACTED.instant)
    assert cut.recovery.unfinished is not None
    real = replace(cut, recovery=replace(cut.recovery, unfinished=replace(cut.recovery.unfinished, real=True)))
    assert brought_forward(regular, real, ACTED) == regular


def test_while_the_power_is_off_nobody_looks() -> None:
    off = memory(1020.0)
    assert off.recovery.unfinished is not None
    off = replace(off, recovery=replace(off.recovery, unfinished=replace(off.recovery.unfinished, real=True)))
    assert brought_forward((Instant(1012.0), "not up"), off, ACTED) == (Instant(1020.0), "power")
    assert brought_forward((Instant(1012.0), "not up"), memory(1020.0), ACTED) == (Instant(1012.0), "not up")


def test_power_that_could_not_be_turned_on_is_tried_at_the_regular_pace() -> None:
    regular = (Instant(1038.0), "not up")
    assert brought_forward(regular, memory(995.0), ACTED, began=DECIDED.instant) == regular


@pytest.mark.parametrize(("began_us", "at_once"), [(None, True), (1000.5, True), (1000.0, True), (999.5, False)])
def test_what_an_earlier_process_cut_is_turned_on_at_once_and_what_this_one_did_when_it_is_due(began_us, at_once):
    cut = Unfinished(DECIDED, 30.0, real=True)
    started = None if began_us is None else Instant(began_us)
    assert owed(RecoveryMemory(unfinished=cut), started, ACTED) == (EnsureOn(cut) if at_once else None)
