"""Each guardrail alone keeps the power on, and together they cut it only when all of them permit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cadence_exporter.decide.recovery import DAY_S, GUARDS, Standing, by_hand, consider, cooldown_ends
from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.power import PowerReading
from cadence_exporter.model.recovery import (
    Bounce,
    EnsureOn,
    PowerView,
    RecoveryMemory,
    RecoveryPolicy,
    Suppression,
    Unfinished,
)

POLICY = RecoveryPolicy(enabled=True, device="shelly", ups=True)
NOW = Now(Instant(100_000.0), WallTime(1_800_000_000.0))


def at(seconds_ago: float) -> Now:
    return Now(Instant(NOW.instant - seconds_ago), WallTime(NOW.wall - seconds_ago))


FINE = PowerView(link_up=True, on_mains=True, plug=PowerReading(on=True))
DEAD_MODEM = Standing(
    phase=Phase.DOWN,
    since=at(POLICY.escalation_s),
    started=at(86_400.0).instant,
    fault=FaultLayer.ACCESS,
    view=FINE,
    store_writable=True,
    ledger=RecoveryMemory(),
)

ONE_OBJECTION = {
    Suppression.MAINTENANCE: replace(DEAD_MODEM, ledger=RecoveryMemory(maintenance_until=at(-1.0))),
    Suppression.ESCALATION: replace(DEAD_MODEM, since=at(POLICY.escalation_s - 1.0)),
    Suppression.FAULT: replace(DEAD_MODEM, fault=FaultLayer.ISP),
    Suppression.OWN_LINK: replace(DEAD_MODEM, view=replace(FINE, link_up=None)),
    Suppression.BOOT_GRACE: replace(DEAD_MODEM, started=at(POLICY.boot_grace_s - 1.0).instant),
    Suppression.COOLDOWN: replace(DEAD_MODEM, ledger=RecoveryMemory(bounces=(at(POLICY.cooldown_s - 1.0),))),
    Suppression.BUDGET: replace(
        DEAD_MODEM, ledger=RecoveryMemory(bounces=tuple(at(DAY_S - 1.0 - each) for each in range(POLICY.max_per_day)))
    ),
    Suppression.UPS: replace(DEAD_MODEM, view=replace(FINE, on_mains=False)),
    Suppression.UPS_GRACE: replace(DEAD_MODEM, ledger=RecoveryMemory(mains_back=at(POLICY.modem_boot_s - 1.0))),
    Suppression.DEVICE: replace(DEAD_MODEM, view=replace(FINE, plug="the device does not answer")),
    Suppression.STORE: replace(DEAD_MODEM, store_writable=False),
    Suppression.UNFINISHED: replace(
        DEAD_MODEM, ledger=RecoveryMemory(unfinished=Unfinished(at(POLICY.off_for_s - 1.0), POLICY.off_for_s))
    ),
}


def test_a_modem_that_stays_dead_is_bounced_when_nothing_objects() -> None:
    assert consider(DEAD_MODEM, NOW, POLICY) == (Bounce(POLICY.off_for_s), ())


@pytest.mark.parametrize("reason", ONE_OBJECTION)
def test_each_guardrail_alone_keeps_the_power_on(reason: Suppression) -> None:
    action, withheld = consider(ONE_OBJECTION[reason], NOW, POLICY)
    assert action is None
    assert [each.reason for each in withheld] == [reason]
    assert withheld[0].detail


def test_recovery_that_is_switched_off_cuts_nothing() -> None:
    action, withheld = consider(DEAD_MODEM, NOW, replace(POLICY, enabled=False))
    assert action is None
    assert [each.reason for each in withheld] == [Suppression.DISABLED]


def test_every_reason_has_its_guardrail_and_its_case_here() -> None:
    assert set(GUARDS) == set(Suppression) == set(ONE_OBJECTION) | {Suppression.DISABLED}


@pytest.mark.parametrize("phase", [Phase.INIT, Phase.DEGRADED, Phase.UP])
def test_only_a_connection_that_is_down_is_a_reason(phase: Phase) -> None:
    assert consider(replace(DEAD_MODEM, phase=phase), NOW, POLICY) == (None, ())


@pytest.mark.parametrize("fault", [None, *sorted(set(FaultLayer) - {FaultLayer.ACCESS})])
def test_a_fault_elsewhere_or_nowhere_known_is_no_permission(fault: FaultLayer | None) -> None:
    action, withheld = consider(replace(DEAD_MODEM, fault=fault), NOW, POLICY)
    assert action is None
    assert [each.reason for each in withheld] == [Suppression.FAULT]


def test_a_ups_that_does_not_answer_is_no_permission_but_none_is_needed_where_there_is_none() -> None:
    silent = replace(DEAD_MODEM, view=replace(FINE, on_mains=None))
    assert [each.reason for each in consider(silent, NOW, POLICY)[1]] == [Suppression.UPS]
    assert consider(silent, NOW, replace(POLICY, ups=False))[0] == Bounce(POLICY.off_for_s)


@pytest.mark.parametrize("judge", [consider, by_hand])
def test_a_ups_that_shuts_everything_down_is_no_mains_though_it_says_so(judge: Callable[..., Any]) -> None:
    forced = replace(DEAD_MODEM, view=replace(FINE, low_battery=True))
    action, withheld = judge(forced, NOW, POLICY)
    assert (action, [each.reason for each in withheld]) == (None, [Suppression.UPS])


def test_a_relay_that_is_off_already_is_not_cut_again() -> None:
    _, withheld = consider(replace(DEAD_MODEM, view=replace(FINE, plug=PowerReading(on=False))), NOW, POLICY)
    assert [each.reason for each in withheld] == [Suppression.DEVICE]


def test_the_cooldown_doubles_with_each_bounce_that_did_not_help_up_to_six_hours() -> None:
    waits = []
    for unhelped in range(7):
        ends = cooldown_ends(RecoveryMemory(bounces=(NOW,), unhelped=unhelped), POLICY)
        assert ends is not None
        waits.append(ends - NOW.instant)
    assert waits == [1800.0, 3600.0, 7200.0, 14_400.0, 21_600.0, 21_600.0, 21_600.0]


def test_a_cooldown_longer_than_six_hours_is_the_users_own() -> None:
    ends = cooldown_ends(RecoveryMemory(bounces=(NOW,)), replace(POLICY, cooldown_s=40_000.0))
    assert ends == NOW.instant + 40_000.0


def test_an_unfinished_bounce_is_ended_in_whatever_phase_and_before_anything_else() -> None:
    unfinished = Unfinished(at(POLICY.off_for_s), POLICY.off_for_s)
    for phase in Phase:
        standing = replace(DEAD_MODEM, phase=phase, ledger=RecoveryMemory(unfinished=unfinished))
        assert consider(standing, NOW, POLICY)[0] == EnsureOn(unfinished)
        assert by_hand(standing, NOW, POLICY)[0] == EnsureOn(unfinished)


def test_a_person_need_not_wait_for_what_only_guesses_but_keeps_to_the_ledger() -> None:
    judged = {
        Suppression.ESCALATION,
        Suppression.FAULT,
        Suppression.OWN_LINK,
        Suppression.BOOT_GRACE,
        Suppression.UPS_GRACE,
    }
    for reason, standing in ONE_OBJECTION.items():
        action, withheld = by_hand(replace(standing, phase=Phase.UP), NOW, POLICY)
        if reason in judged:
            assert action == Bounce(POLICY.off_for_s, by_hand=True)
        else:
            assert action is None
            assert [each.reason for each in withheld] == [reason]
