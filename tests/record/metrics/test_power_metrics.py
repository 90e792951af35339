"""What is counted about the modem's power, and what the gauges say."""

from dataclasses import replace

import pytest

from cadence_exporter.model.decision import Transition
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.observation import Answered, Failed, FailureReason
from cadence_exporter.model.recovery import (
    Bounce,
    EnsureOn,
    PowerOutcome,
    PowerResult,
    RecoveryMemory,
    RecoveryPolicy,
    Suppression,
    Unfinished,
    Withheld,
)
from cadence_exporter.model.ups import UpsReading
from cadence_exporter.record.metrics.power_gauges import gauges, moving
from cadence_exporter.record.metrics.tally import counts
from tests.record.cycles import at, make_cycle, memory

SUPPRESSED = "cadence_recovery_suppressed_total"
NOW = Now(Instant(10_000.0), WallTime(1_800_000_000.0))


def suppressed(**decided):
    return [key[1] for key, _ in counts(make_cycle(**decided)) if key[0] == SUPPRESSED]


@pytest.mark.parametrize("reason", sorted(set(Suppression) - {Suppression.DISABLED}))
def test_each_refusal_is_counted_by_its_reason(reason):
    assert suppressed(withheld=(Withheld(reason, "why"),)) == [reason]


def test_recovery_that_is_off_counts_once_an_outage_and_nothing_else_does():
    withheld = (Withheld(Suppression.DISABLED, ""), Withheld(Suppression.FAULT, ""))
    assert suppressed(withheld=withheld, transition=Transition(Phase.UP, Phase.DOWN, "")) == ["disabled"]
    assert suppressed(withheld=withheld) == []


@pytest.mark.parametrize("result", PowerResult)
@pytest.mark.parametrize(("action", "name"), [(Bounce(30.0), "modem_power_cycle"), (EnsureOn(), "power_on")])
def test_each_action_is_counted_by_its_result(action, name, result):
    done = PowerOutcome(action, result, "", at(1000), 0.1)
    assert (("cadence_recovery_actions_total", name, result), 1) in counts(replace(make_cycle(), power=done))


def test_budget_and_cooldown_move_with_the_clock_and_are_absent_without_a_switch():
    ledger = RecoveryMemory(bounces=(NOW,), unhelped=1)
    policy = RecoveryPolicy(enabled=True, max_per_day=4, cooldown_s=1800.0)
    assert dict(moving(policy, ledger, NOW)) == {
        ("cadence_recovery_budget_remaining",): 3.0,
        ("cadence_recovery_cooldown_end_timestamp_seconds",): NOW.wall + 3600.0,
    }
    assert dict(moving(RecoveryPolicy(switch=False), ledger, NOW)) == {}


def shown(**seen):
    cycle = make_cycle()
    return dict(gauges(replace(cycle, observation=replace(cycle.observation, **seen)), rehearses=False))


def test_a_home_without_any_of_it_shows_nothing_but_that_there_is_no_maintenance():
    assert shown() == {("cadence_feature_enabled", "maintenance"): 0.0}


def test_a_ups_that_is_silent_is_not_on_mains():
    ups = UpsReading(on_battery=True, low_battery=False, charge=0.4, runtime_s=None, flags=frozenset({"OB"}))
    told = shown(ups=Answered("ups", ups, 0.01))
    assert (told["cadence_ups_up",], told["cadence_ups_on_battery",]) == (1.0, 1.0)
    assert told["cadence_ups_battery_charge_ratio",] == 0.4
    assert told["cadence_ups_battery_runtime_seconds",] is None
    silent = shown(ups=Failed("ups", FailureReason.TIMEOUT, "", 1.0))
    assert (silent["cadence_ups_up",], silent["cadence_ups_on_battery",]) == (0.0, None)


def test_power_is_in_doubt_until_the_relay_was_seen_on():
    owed = replace(memory(), recovery=RecoveryMemory(bounces=(NOW,), unfinished=Unfinished(NOW, 30.0)))
    cycle = make_cycle(after=owed)
    assert dict(gauges(cycle, rehearses=False))["cadence_recovery_power_in_doubt",] == 1.0
    settled = replace(owed, recovery=replace(owed.recovery, unfinished=None))
    assert dict(gauges(replace(cycle, memory=settled), rehearses=False))["cadence_recovery_power_in_doubt",] == 0.0


def test_a_rehearsal_leaves_no_power_in_doubt():
    owed = replace(memory(), recovery=RecoveryMemory(bounces=(NOW,), unfinished=Unfinished(NOW, 30.0)))
    assert dict(gauges(make_cycle(after=owed), rehearses=True))["cadence_recovery_power_in_doubt",] == 0.0
    assert RecoveryPolicy(device="rehearsal").rehearses
    assert not RecoveryPolicy(device="shelly").rehearses
    assert not RecoveryPolicy(switch=False).rehearses
