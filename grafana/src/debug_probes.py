"""Debugging, first part: what each probe says."""

from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline
from grafana_foundation_sdk.builders.timeseries import Panel as Lines
from grafana_foundation_sdk.models.common import LineInterpolation

from grafana.src import links, panels, words
from grafana.src.counts import counts
from grafana.src.frame import Line, Section
from grafana.src.promql import STEP, of
from grafana.src.targets import over_time


def probes() -> Section:
    """Its section."""
    return Section(
        "Probes",
        (
            Line(7, ((12, _success()), (12, _failing()))),
            Line(7, ((12, _reasons()), (12, _age()))),
            Line(7, ((16, _fault()), (8, _traced()))),
        ),
    )


def _fault() -> Timeline:
    return (
        panels.timeline(
            "Where it broke",
            "The layer that the evidence names, nearest first: host (this machine), lan (the router), access (modem or line), isp,"
            " upstream, dns, remote. Empty while nothing is broken, and when the evidence does not tell.",
            over_time(
                f"max by (site, instance, layer) (max_over_time({of('cadence_fault_layer')}[{STEP}])) > 0",
                "{{site}} {{layer}}",
            ),
        )
        .unit("none")
        .mappings(words.words((1, "broke here", words.BAD)))
        .links([links.runbook("CadenceWanDown")])
    )


def _traced() -> Lines:
    return (
        panels.bars(
            "Packets of traces",
            "Sent to find the hop where the path breaks: some twenty each two minutes of an outage, and twice a day while all is well.",
            counts("cadence_trace_packets_total"),
        )
        .unit("short")
        .decimals(0)
    )


def _failing() -> Lines:
    return (
        panels.lines(
            "Failures in a row",
            "How often each probe has failed without a success between. The state machine waits for a few before it believes in"
            " trouble: a step up to 1 or 2 and back is noise, a staircase is an outage.",
            over_time(
                f"max by (site, instance, probe) (max_over_time({of('cadence_probe_consecutive_failures')}[$__rate_interval]))",
                "{{site}} {{probe}}",
            ),
        )
        .unit("short")
        .decimals(0)
        .axis_soft_max(5)
        .line_interpolation(LineInterpolation.STEP_AFTER)
        .links([links.runbook("CadenceWanDown")])
    )


def _reasons() -> Lines:
    return (
        panels.bars(
            "Failed probes by reason",
            "timeout: nothing came back. refused: somebody is there and says no. dns: the name could not be looked up, so look at"
            " the resolver. tls: the certificate is not theirs, often a captive portal. content: the answer was no address.",
            counts("cadence_probe_failures_total", "probe", "reason"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadencePacketLoss")])
    )


def _success() -> Timeline:
    return (
        panels.timeline(
            "Probe results",
            "Whether each probe worked, the worst of each step. The lowest layer that is red is the one to look at: lan_router"
            " before wan_path before public_ip.",
            over_time(
                f"min by (site, instance, probe) (min_over_time({of('cadence_probe_success')}[$__rate_interval]))",
                "{{site}} {{probe}}",
            ),
        )
        .unit("none")
        .mappings(words.words((0, "Failed", words.BAD), (1, "Worked", words.GOOD)))
    )


def _age() -> Lines:
    return panels.lines(
        "Since the last success",
        "Time since each probe last worked. Lines climb during an outage and drop to zero at its end; public_ip also climbs"
        " while it is spared, up to the check interval.",
        over_time(
            f"time() - max by (site, instance, probe) ({of('cadence_probe_last_success_timestamp_seconds')})",
            "{{site}} {{probe}}",
        ),
    ).unit("s")
