"""What a scrape shows, as one value: made anew after each cycle and swapped whole, so that nobody sees half a cycle."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field

from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.model.recovery import SWITCHED_OFF, RecoveryPolicy
from cadence_exporter.record.metrics import power_gauges
from cadence_exporter.record.metrics.moving import CALLS, backoffs, budgets, calls_last_hour, quotas
from cadence_exporter.record.metrics.tally import CounterKey


@dataclass(frozen=True, slots=True)
class About:
    """What is exposed of the settings and the program."""

    version: str
    revision: str = "unknown"
    python_version: str = field(default_factory=platform.python_version)
    features: Mapping[str, bool] = field(default_factory=lambda: {"dns_reconcile": True, "dry_run": False})
    records: tuple[RecordSpec, ...] = ()
    max_changes_per_day: int = 24
    max_calls_per_hour: Mapping[str, int] = field(default_factory=dict)
    """By service."""
    public_ip_info: bool = False
    """Whether the public address is shown as a label."""
    recovery: RecoveryPolicy = SWITCHED_OFF


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a scrape shows, or works it out from."""

    counters: Mapping[CounterKey, float]
    gauges: Mapping[CounterKey, float]
    memory: Memory
    about: About

    def moving(self, now: Now) -> dict[CounterKey, float]:
        """The gauges that move with the clock."""
        memory, about = self.memory, self.about
        calls = calls_last_hour(memory.calls, now.instant)
        return {
            **{(CALLS, service): float(number) for service, number in calls.items()},
            **dict(quotas(about.max_calls_per_hour, calls)),
            **dict(budgets(about.records, memory.records, about.max_changes_per_day, now)),
            **dict(power_gauges.moving(about.recovery, memory.recovery, now)),
            **dict(backoffs(about.records, memory.records, now)),
        }
