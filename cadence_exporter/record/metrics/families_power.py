"""The metrics of the modem's power and of the UPS; a part of ``families.py``."""

from cadence_exporter.model.recovery import PowerResult, Suppression
from cadence_exporter.record.metrics.metric import counter, gauge, histogram
from cadence_exporter.record.metrics.tally import POWER_ACTIONS

_BOUNCE = (30.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 420.0, 600.0, 900.0, 1200.0)

POWER = (
    counter(
        "cadence_recovery_actions_total",
        "What was done about the modem's power, and how it ended; rehearsed: nothing was switched.",
        "action result",
        POWER_ACTIONS,
        tuple(PowerResult),
    ),
    counter(
        "cadence_recovery_suppressed_total",
        "Guardrails that kept the power on, each once a cycle while the connection is down; disabled once an outage.",
        "reason",
        tuple(Suppression),
    ),
    gauge("cadence_recovery_last_action_timestamp_seconds", "When the power was last cut, or was to be.", "action"),
    gauge(
        "cadence_recovery_cooldown_end_timestamp_seconds", "Before that no bounce is made; absent before the first one."
    ),
    gauge(
        "cadence_recovery_budget_remaining",
        "Bounces left of recovery.max_per_day, counting those of the 24 hours before the scrape; absent without a switch.",
    ),
    histogram(
        "cadence_recovery_duration_seconds",
        "From a bounce until the connection was up; rehearsals not included.",
        _BOUNCE,
    ),
    gauge("cadence_recovery_actuator_up", "Whether the right device answered when it was last asked.", "actuator"),
    gauge(
        "cadence_recovery_power_in_doubt",
        "1 from a bounce until the relay was read as on again, 0 in a rehearsal; absent without a switch.",
    ),
    gauge("cadence_ups_up", "Whether upsd told the state of the UPS; absent without one."),
    gauge("cadence_ups_on_battery", "Whether the mains have failed; absent while the UPS does not say."),
    gauge("cadence_ups_low_battery", "Whether the UPS is about to go dark; absent while it does not say."),
    gauge("cadence_ups_battery_charge_ratio", "Charge of the battery, 0 to 1, when the UPS tells."),
    gauge("cadence_ups_battery_runtime_seconds", "What the UPS thinks is left on battery, when it tells."),
)
