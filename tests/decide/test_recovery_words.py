"""What people read when the power stays on, and at which second each guardrail gives way."""

from dataclasses import replace

import pytest

from cadence_exporter.decide.recovery import budget_left, consider
from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.power import PowerReading
from cadence_exporter.model.recovery import Bounce, RecoveryMemory, Unfinished
from tests.decide.test_recovery import DEAD_MODEM, FINE, NOW, POLICY, at

REHEARSAL = replace(POLICY, device="rehearsal")


def ledger(**values):
    return replace(DEAD_MODEM, ledger=RecoveryMemory(**values))


def seen(**values):
    return replace(DEAD_MODEM, view=replace(FINE, **values))


def cut(*, real):
    return ledger(unfinished=Unfinished(at(5.0), 30.0, real))


@pytest.mark.parametrize(
    ("standing", "policy", "detail"),
    [
        (DEAD_MODEM, replace(POLICY, enabled=False), "recovery.enabled is false"),
        (ledger(maintenance_until=at(-1.0)), POLICY, "maintenance mode is on"),
        (replace(DEAD_MODEM, since=at(100.0)), POLICY, "DOWN for 100 s; after 240 s at the earliest"),
        (replace(DEAD_MODEM, fault=FaultLayer.ISP), POLICY, "the fault lies elsewhere: isp"),
        (replace(DEAD_MODEM, fault=None), POLICY, "nobody knows where the fault lies"),
        (seen(link_up=False), POLICY, "this host's own link is not up"),
        (replace(DEAD_MODEM, started=at(60.0).instant), POLICY, "started 60 s ago, and 600 s must pass first"),
        (replace(DEAD_MODEM, started=None), POLICY, "started 0 s ago, and 600 s must pass first"),
        (ledger(bounces=(at(1000.0),)), POLICY, "800 s of the cooldown are left"),
        (ledger(bounces=(at(9000.0),) * 4), POLICY, "4 bounces within a day"),
        (seen(low_battery=True), POLICY, "the UPS is about to go dark"),
        (seen(on_mains=False), POLICY, "the UPS is on battery"),
        (seen(on_mains=None), POLICY, "the UPS does not say whether there is mains"),
        (ledger(mains_back=at(50.0)), POLICY, "mains back for 50 s, and 180 s must pass first"),
        (seen(plug="it is locked"), POLICY, "it is locked"),
        (seen(plug=PowerReading(on=False)), POLICY, "the device's relay is off already"),
        (replace(DEAD_MODEM, store_writable=False), POLICY, "the state store cannot be written"),
        (cut(real=True), POLICY, "the end of the last bounce was not seen yet"),
        (cut(real=False), POLICY, "the end of the last bounce was not seen yet"),
        (cut(real=True), REHEARSAL, "the end of the last bounce was not seen yet"),
        (cut(real=False), REHEARSAL, "the rehearsed bounce is not over yet"),
    ],
)
def test_each_guardrail_says_in_one_line_why_the_power_stays_on(standing, policy, detail):
    action, withheld = consider(standing, NOW, policy)
    assert (action, [each.detail for each in withheld]) == (None, [detail])


@pytest.mark.parametrize(
    "standing",
    [
        replace(DEAD_MODEM, started=at(POLICY.boot_grace_s).instant),
        ledger(bounces=(at(POLICY.cooldown_s),)),
        ledger(mains_back=at(POLICY.modem_boot_s)),
        ledger(maintenance_until=NOW),
        ledger(bounces=(at(86_400.0),) * 4),
    ],
)
def test_each_wait_is_over_at_its_very_end(standing):
    assert consider(standing, NOW, POLICY) == (Bounce(POLICY.off_for_s), ())


def test_a_day_of_the_budget_is_over_after_24_hours():
    spent = RecoveryMemory(bounces=(at(86_400.0), at(86_399.9)))
    assert budget_left(spent, NOW, POLICY) == 3
    assert budget_left(RecoveryMemory(bounces=(NOW,) * 9), NOW, POLICY) == 0
