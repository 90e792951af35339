"""Debugging: the modem's power. Whether it would be cut, why it was not, what became of it, and the UPS."""

from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline
from grafana_foundation_sdk.builders.timeseries import Panel as Lines

from grafana.src import links, panels, scales, words
from grafana.src.counts import counts
from grafana.src.frame import Line, Section
from grafana.src.promql import HOME, STEP, of, quantile
from grafana.src.targets import instant, over_time


def power() -> Section:
    """Its section. A rehearsal shows in the same panels."""
    return Section(
        "The modem's power",
        (
            Line(7, ((8, _done()), (8, _withheld()), (8, _ups()))),
            Line(5, ((4, _last()), (4, _cooldown()), (4, _left()), (4, _helps()), (8, _there()))),
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
            "Charge of the battery, and what it lasts (an hour at most is shown); on battery and low battery are 1 while they last.",
            over_time(f"max {HOME} ({of('cadence_ups_battery_charge_ratio')})", "{{site}} charge"),
            over_time(f"max {HOME} ({of('cadence_ups_on_battery')})", "{{site}} on battery"),
            over_time(f"max {HOME} ({of('cadence_ups_low_battery')})", "{{site}} low battery"),
            over_time(
                f"clamp_max(max {HOME} ({of('cadence_ups_battery_runtime_seconds')}) / 3600, 1)",
                "{{site}} runtime, hours",
            ),
        )
        .unit("percentunit")
        .min(0)
        .max(1)
        .links([links.runbook("CadenceUpsOnBattery")])
    )


def _last() -> Stat:
    return (
        panels.stat(
            "Last bounce",
            "How long ago the power was last cut, or was to be. Empty when it was not within a day before the start.",
            instant(f"time() - max {HOME} ({of('cadence_recovery_last_action_timestamp_seconds')})"),
        )
        .unit("s")
        .thresholds(scales.plain())
    )


def _cooldown() -> Stat:
    return (
        panels.stat(
            "Cooldown",
            "How long until the next bounce may be made at the earliest. It doubles with each one that did not help, up to six hours.",
            instant(f"clamp_min(max {HOME} ({of('cadence_recovery_cooldown_end_timestamp_seconds')}) - time(), 0)"),
        )
        .unit("s")
        .thresholds(scales.plain())
    )


def _left() -> Stat:
    return (
        panels.stat(
            "Left today",
            "Bounces left of recovery.max_per_day, within any 24 hours. Empty without a switch.",
            instant(f"min {HOME} ({of('cadence_recovery_budget_remaining')})"),
        )
        .unit("short")
        .thresholds(scales.more_is_better(1, 2))
        .links([links.runbook("CadenceRecoveryBudgetSpent")])
    )


def _helps() -> Stat:
    return (
        panels.stat(
            "From a bounce until online",
            "Half of the bounces in the range took no longer until the connection was up. Rehearsals are not among them.",
            instant(quantile(0.5, "cadence_recovery_duration_seconds", window="$__range")),
        )
        .unit("s")
        .thresholds(scales.plain())
    )


def _there() -> Timeline:
    """What is out of reach refuses every bounce."""
    last = (
        ("cadence_recovery_actuator_up", "{{site}} {{actuator}}", "site, instance, actuator", "min"),
        ("cadence_ups_up", "{{site}} UPS", "site, instance", "min"),
        ("cadence_recovery_power_in_doubt", "{{site}} power seen to be on", "site, instance", "1 - max"),
    )
    return (
        panels.timeline(
            "Can be asked",
            "Whether the switch and the UPS answered when they were last asked, and whether the power was seen to be on after the last"
            " bounce.",
            *(
                over_time(f"{how} by ({by}) (last_over_time({of(metric)}[{STEP}]))", legend)
                for metric, legend, by, how in last
            ),
        )
        .unit("none")
        .mappings(words.words((0, "No", words.BAD), (1, "Yes", words.GOOD)))
        .links([links.runbook("CadenceRecoveryActuatorDown")])
    )
