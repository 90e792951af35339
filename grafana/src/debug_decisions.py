"""Debugging, second part: what is concluded from the probes, and what is done about it."""

from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline
from grafana_foundation_sdk.builders.timeseries import Panel as Lines

from grafana.src import links, panels, scales, words
from grafana.src.counts import counts
from grafana.src.frame import Line, Section
from grafana.src.promql import HOME, STEP, of
from grafana.src.targets import over_time


def decisions() -> Section:
    """Its section."""
    third = panels.with_limits(_records())
    return Section(
        "Decisions",
        (
            Line(7, ((8, _steps()), (8, _address()), (8, _refused()))),
            Line(7, ((8, third), (8, panels.with_limits(_budget())), (8, _cgnat()))),
        ),
    )


def _steps() -> Lines:
    return (
        panels.bars(
            "Steps of the state machine",
            "Each step from one state to another. Many up-degraded-up in a day: the line flaps, or a probe is too strict.",
            counts("cadence_state_transitions_total", "from_state", "to_state"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceStateFlapping")])
    )


def _address() -> Timeline:
    return (
        panels.timeline(
            "What is known of the public address",
            "Agreed: enough echo services of different operators say the same. Disputed: they contradict each other. Unknown: too"
            " few answer. Not public: a shared or private address. Gaps: the path is down. Only what is agreed is published.",
            *(
                over_time(
                    f"max by (site, instance, family) (max_over_time({of('cadence_public_ip_state', state=state)}[{STEP}])) * {code} > 0",
                    "{{site}} {{family}}" + f" {state}",
                )
                for code, state in enumerate(("agreed", "disputed", "unknown", "not_public"), 1)
            ),
        )
        .unit("none")
        .mappings(words.ADDRESS)
        .links([links.runbook("CadencePublicIpUnclear")])
    )


def _refused() -> Lines:
    return (
        panels.bars(
            "Writes refused by reason",
            "Looks at which a record was left alone although it was not known to be right. not_up and unstable_ip belong to outages;"
            " disputed, not_public: see the panel before; conflict: somebody else writes that record; dry_run, maintenance: you.",
            counts("cadence_dns_mutations_suppressed_total", "reason"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceDnsOutOfSync")])
    )


def _records() -> Lines:
    return (
        panels.lines(
            "Since each record was verified",
            "Time since the content of each record was last seen to be right. It is looked at again before 6 hours are over:"
            " above the dashed line the provider or the resolver does not answer.",
            over_time(
                f"time() - max by (site, instance, record, type) ({of('cadence_dns_last_verified_timestamp_seconds')})",
                "{{site}} {{record}} {{type}}",
            ),
        )
        .unit("s")
        .thresholds(scales.steps(words.GOOD, (21_600, words.FAIR)))
        .links([links.runbook("CadenceDnsVerificationStale")])
    )


def _budget() -> Lines:
    return (
        panels.lines(
            "DNS writes left today",
            "Writes that are left of `max_changes_per_day` in the last 24 hours, record by record. At zero nothing is written any"
            " more, right or wrong: something flaps, find out what before raising the limit.",
            over_time(
                f"min by (site, instance, record, type) ({of('cadence_dns_change_budget_remaining')})",
                "{{site}} {{record}} {{type}}",
            ),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.steps(words.BAD, (1, words.FAIR), (5, words.GOOD)))
        .links([links.runbook("CadenceDnsChangeBudgetSpent")])
    )


def _cgnat() -> Timeline:
    return (
        panels.timeline(
            "Shared address (CGNAT)",
            "Whether the router's own outside address is another than the public one: then nobody can call in, and a port forward"
            " does not help. Empty: the router does not say.",
            over_time(f"max {HOME} (max_over_time({of('cadence_cgnat_detected')}[{STEP}]))"),
        )
        .unit("none")
        .mappings(words.words((0, "own address", words.GOOD), (1, "shared", words.FAIR)))
        .links([links.runbook("CadenceCgnat")])
    )
