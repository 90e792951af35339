"""The gauges of the modem's power and of the UPS. What is not known, or not configured, is absent."""

from collections.abc import Iterator

from cadence_exporter.decide import recovery
from cadence_exporter.decide.recovery import under_maintenance
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Now, WallTime
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Answered
from cadence_exporter.model.recovery import Bounce, RecoveryMemory, RecoveryPolicy
from cadence_exporter.record.metrics.tally import POWER_ACTIONS, CounterKey

BUDGET_LEFT = "cadence_recovery_budget_remaining"
COOLDOWN_END = "cadence_recovery_cooldown_end_timestamp_seconds"
POWER_MOVING = frozenset({BUDGET_LEFT, COOLDOWN_END})
LAST_ACTION = "cadence_recovery_last_action_timestamp_seconds"


def moving(policy: RecoveryPolicy, ledger: RecoveryMemory, now: Now) -> Iterator[tuple[CounterKey, float]]:
    """What moves with the clock."""
    if not policy.switch:
        return
    yield (BUDGET_LEFT,), float(recovery.budget_left(ledger, now, policy))
    ends = recovery.cooldown_ends(ledger, policy)
    if ends is not None:
        yield (COOLDOWN_END,), float(now.wall + (ends - now.instant))


def at_start(memory: Memory) -> Iterator[tuple[CounterKey, float | None]]:
    """What is known before the first cycle."""
    bounces = memory.recovery.bounces
    yield (LAST_ACTION, POWER_ACTIONS[0]), float(bounces[-1].wall) if bounces else None


def gauges(cycle: Cycle, *, rehearses: bool) -> Iterator[tuple[CounterKey, float | None]]:
    """Values as this cycle leaves them; ``None``: not known any more. What it says nothing of stays as it is.

    ``rehearses``: nothing is switched, so nothing is in doubt but what was switched before.
    """
    ledger = cycle.memory.recovery
    maintenance = under_maintenance(ledger, cycle.ended)
    yield ("cadence_feature_enabled", "maintenance"), float(maintenance)
    if cycle.power is not None and isinstance(cycle.power.action, Bounce):
        yield (LAST_ACTION, POWER_ACTIONS[0]), float(WallTime(cycle.power.at.wall))
    plug, ups = cycle.observation.plug, cycle.observation.ups
    if plug is not None:
        yield ("cadence_recovery_actuator_up", plug.source), float(not isinstance(cycle.assessment.power.plug, str))
    if plug is not None or ledger.unfinished is not None or ledger.bounces:
        yield ("cadence_recovery_power_in_doubt",), float(ledger.in_doubt(rehearses=rehearses))
    if ups is None:
        return
    said = ups.value if isinstance(ups, Answered) else None
    yield ("cadence_ups_up",), float(said is not None)
    yield ("cadence_ups_on_battery",), None if said is None else float(said.on_battery)
    yield ("cadence_ups_low_battery",), None if said is None else float(said.low_battery)
    yield ("cadence_ups_battery_charge_ratio",), None if said is None else said.charge
    yield ("cadence_ups_battery_runtime_seconds",), None if said is None else said.runtime_s
