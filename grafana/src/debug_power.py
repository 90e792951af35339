"""Debugging: the modem's power. Whether it would be cut, why it was not, what became of it, and the UPS."""

from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Lines

from grafana.src import links, panels
from grafana.src.counts import counts
from grafana.src.frame import Line, Section
from grafana.src.promql import HOME, of, quantile
from grafana.src.targets import instant, over_time


def power() -> Section:
    """Its section. A rehearsal shows in the same panels."""
    return Section(
        "The modem's power",
        (
            Line(7, ((8, _done()), (8, _withheld()), (8, _ups()))),
            Line(4, ((6, _last()), (6, _cooldown()), (6, _left()), (6, _helps()))),
        ),
    )


def _done() -> Lines:
    return (
        panels.bars(
            "Bounces, and the power turned on after them",
            "What was done about the modem's power, and how it ended. Rehearsed: nothing was switched, it would have been.",
            counts("cadence_recovery_actions_total", "action", "result"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceRecoveryActionTaken")])
    )


def _withheld() -> Lines:
    return (
        panels.bars(
            "Guardrails that kept the power on",
            "Each one that refused, once a cycle while the connection was down. Escalation in the first minutes of an outage is as it"
            " should be; what each of them prevents is in docs/POWER.md.",
            counts("cadence_recovery_suppressed_total", "reason"),
        )
        .unit("short")
        .decimals(0)
    )


def _ups() -> Lines:
    return (
        panels.lines(
            "UPS",
            "Charge of the battery; on battery and low battery are 1 while they last. Empty without a UPS.",
            over_time(f"max {HOME} ({of('cadence_ups_battery_charge_ratio')})", "{{site}} charge"),
            over_time(f"max {HOME} ({of('cadence_ups_on_battery')})", "{{site}} on battery"),
            over_time(f"max {HOME} ({of('cadence_ups_low_battery')})", "{{site}} low battery"),
        )
        .unit("percentunit")
        .min(0)
        .max(1)
        .links([links.runbook("CadenceUpsOnBattery")])
    )


def _last() -> Stat:
    return panels.stat(
        "Last bounce",
        "How long ago the power was last cut, or was to be. Empty when it was not within a day before the start.",
        instant(f"time() - max {HOME} ({of('cadence_recovery_last_action_timestamp_seconds')})"),
    ).unit("s")


def _cooldown() -> Stat:
    return panels.stat(
        "Cooldown",
        "How long until the next bounce may be made at the earliest. It doubles with each one that did not help, up to six hours.",
        instant(f"clamp_min(max {HOME} ({of('cadence_recovery_cooldown_end_timestamp_seconds')}) - time(), 0)"),
    ).unit("s")


def _left() -> Stat:
    return (
        panels.stat(
            "Left today",
            "Bounces left of recovery.max_per_day, within any 24 hours. Empty without a switch.",
            instant(f"min {HOME} ({of('cadence_recovery_budget_remaining')})"),
        )
        .unit("short")
        .links([links.runbook("CadenceRecoveryBudgetSpent")])
    )


def _helps() -> Stat:
    return panels.stat(
        "From a bounce until online",
        "Half of the bounces in the range took no longer until the connection was up. Rehearsals are not among them.",
        instant(quantile(0.5, "cadence_recovery_duration_seconds", window="$__range")),
    ).unit("s")
