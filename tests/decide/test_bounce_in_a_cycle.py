"""What else a cycle does, and what ends it, when the modem's power is at stake in it."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.ledger import recalled
from cadence_exporter.decide.power import PowerDecision, decide_power
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Agreed, Assessment, FaultLayer, Link
from cadence_exporter.model.decision import Refusal
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.power import PowerReading
from cadence_exporter.model.recovery import (
    SWITCHED_OFF,
    Ask,
    Bounce,
    PowerView,
    RecoveryMemory,
    RecoveryPolicy,
    Request,
    Suppression,
    Unfinished,
)
from tests.decide.cases import HOME, at, make_policy

FINE = PowerView(link_up=True, plug=PowerReading(on=True))
RECOVERY = RecoveryPolicy(enabled=True)
REHEARSAL = RecoveryPolicy(enabled=True)
SHELLY = replace(RECOVERY, device="shelly")
DAY = 86_400.0
BOUNCE = Request(Ask.BOUNCE)


def seen(wan: Link) -> Assessment:
    public = MappingProxyType({Family.IPV4: Agreed(HOME, ("a", "b"))})
    return Assessment(Link.UP, wan, public, None, cgnat=False, fault=FaultLayer.ACCESS, power=FINE)


def memory(**more: object) -> Memory:
    return replace(Memory(Phase.DEGRADED, at(1.0), started=at(0.0).instant), **more)  # type: ignore[arg-type]


def decided(seconds: float, before: Memory, recovery: RecoveryPolicy, *requests: Request) -> PowerDecision:
    phase = before.phase
    wan = Link.DOWN if phase is Phase.DOWN else Link.UP
    return decide_power(before, phase, seen(wan), requests, at(seconds), make_policy(recovery=recovery))


def test_no_record_is_touched_in_the_cycle_that_cuts_the_power() -> None:
    policy, before = make_policy(recovery=SHELLY), memory()
    for second in range(3):
        before = decide(before, seen(Link.UP), at(DAY + second), 0.5, policy).memory
    before = replace(before, records=MappingProxyType({}))
    quiet = decide(before, seen(Link.UP), at(DAY + 9), 0.5, policy)
    assert len(quiet.actions) == 1
    cut = decide(before, seen(Link.UP), at(DAY + 9), 0.5, policy, (BOUNCE,))
    assert isinstance(cut.power, Bounce)
    assert (cut.actions, [each.reason for each in cut.refused]) == ((), [Refusal.NOT_UP])
    assert cut.memory.records == {}, "and nothing is noted as begun"


@pytest.mark.parametrize(("instant", "wall"), [(301.0, 0.0), (0.0, 301.0)])
def test_a_bounce_that_was_asked_for_long_ago_is_not_made(instant: float, wall: float) -> None:
    now = at(DAY)
    stale = replace(BOUNCE, asked=Now(type(now.instant)(now.instant - instant), type(now.wall)(now.wall - wall)))
    assert decided(DAY, memory(phase=Phase.UP), SHELLY, stale).action is None
    fresh = replace(BOUNCE, asked=at(DAY - 299.0))
    assert isinstance(decided(DAY, memory(phase=Phase.UP), SHELLY, fresh).action, Bounce)


def test_maintenance_lasts_from_when_it_was_asked_for() -> None:
    asked = Request(Ask.MAINTENANCE_ON, 3600.0, at(DAY - 600.0))
    assert decided(DAY, memory(), SHELLY, asked).ledger.maintenance_until == at(DAY + 3000.0)
    assert decided(DAY, memory(), SHELLY, replace(asked, asked=at(DAY - 3600.0))).ledger.maintenance_until is None


CUT = RecoveryMemory(unfinished=Unfinished(at(DAY), 30.0, real=True))


@pytest.mark.parametrize("recovery", [REHEARSAL, SWITCHED_OFF], ids=["rehearsal", "no switch"])
def test_a_doubt_outlives_the_switch_that_made_it_until_the_connection_has_proved_that_there_is_power(
    recovery: RecoveryPolicy,
) -> None:
    down = decided(DAY + 60.0, memory(phase=Phase.DOWN, recovery=CUT), recovery)
    assert (down.action, down.ledger.unfinished) == (None, CUT.unfinished)
    assert down.ledger.in_doubt(rehearses=recovery.rehearses)
    soon = decided(DAY + 29.0, memory(phase=Phase.UP, recovery=CUT), recovery)
    assert soon.ledger.unfinished == CUT.unfinished
    over = decided(DAY + 30.0, memory(phase=Phase.UP, recovery=CUT), recovery)
    assert over.ledger.unfinished is None


def test_a_real_switch_takes_no_connection_for_a_proof() -> None:
    over = decided(DAY + 30.0, memory(phase=Phase.UP, recovery=CUT), SHELLY)
    assert over.ledger.unfinished == CUT.unfinished


def test_a_bounce_is_noted_as_what_it_is() -> None:
    for recovery, real in ((SHELLY, True), (REHEARSAL, False)):
        decision = decided(DAY, memory(phase=Phase.DOWN), recovery)
        assert decision.ledger.unfinished == Unfinished(at(DAY), 30.0, real)
        assert decision.ledger.in_doubt(rehearses=recovery.rehearses) is real


def test_of_two_ledgers_the_stricter_word_counts_and_the_device_met_first() -> None:
    here = RecoveryMemory(bounces=(at(9.0),), unhelped=1, identity="stranger", maintenance_until=at(50.0))
    disk = RecoveryMemory(bounces=(at(5.0),), unfinished=CUT.unfinished, unhelped=3, identity="ours")
    both = replace(disk, bounces=(at(5.0), at(9.0)), maintenance_until=at(50.0))
    assert recalled(here, disk) == both
    assert recalled(RecoveryMemory(), both) == both
    assert recalled(both, RecoveryMemory()) == both


NO_SWITCH = [(Suppression.DEVICE, "no power switch is configured (recovery.device)")]


def test_who_asks_for_a_bounce_without_a_switch_is_told_so_and_nobody_else_is() -> None:
    asked = decided(DAY, memory(phase=Phase.DOWN), SWITCHED_OFF, BOUNCE)
    assert (asked.action, [(each.reason, each.detail) for each in asked.withheld]) == (None, NO_SWITCH)
    unasked = decided(DAY, memory(phase=Phase.DOWN), SWITCHED_OFF)
    assert (unasked.action, [each.reason for each in unasked.withheld]) == (None, [Suppression.DISABLED])


def watched(before: RecoveryMemory, view: PowerView, phase: Phase = Phase.UP) -> PowerDecision:
    told = replace(seen(Link.UP), power=view)
    return decide_power(memory(phase=phase, recovery=before), phase, told, (), at(DAY), make_policy(recovery=SHELLY))


def test_mains_that_are_seen_to_be_back_and_a_connection_that_is_up_are_noted_in_their_cycle() -> None:
    before = RecoveryMemory(awaiting_up=at(9.0), unhelped=2, on_battery=True, low_battery=False)
    up = watched(before, PowerView(on_mains=True)).ledger
    assert up == RecoveryMemory(mains_back=at(DAY), low_battery=False)
    down = watched(before, PowerView(on_mains=True), Phase.DEGRADED).ledger
    assert (down.awaiting_up, down.unhelped) == (at(9.0), 2)


@pytest.mark.parametrize("before", [None, False, True])
@pytest.mark.parametrize("low", [False, True])
def test_only_a_battery_that_is_seen_to_become_low_ends_the_process(before: bool | None, low: bool) -> None:
    told = watched(RecoveryMemory(low_battery=before), PowerView(on_mains=False, low_battery=low))
    ends = low and before is False
    assert told.stop == ("the battery of the UPS runs out" if ends else None)
