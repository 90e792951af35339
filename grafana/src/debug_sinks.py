"""Debugging: what is told outside (the sheet, messages, the heartbeat), and what waits to be told."""

from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline
from grafana_foundation_sdk.builders.timeseries import Panel as Lines

from grafana.src import links, panels, words
from grafana.src.counts import counts
from grafana.src.frame import Line, Section
from grafana.src.promql import STEP, of
from grafana.src.targets import over_time


def sinks() -> Section:
    """Its section."""
    return Section("What is told outside", (Line(8, ((6, _up()), (6, _backlog()), (6, _age()), (6, _told()))),))


def _up() -> Timeline:
    return (
        panels.timeline(
            "Does it arrive",
            "Whether the last delivery of each sink that is switched on worked. The status page says why one did not.",
            over_time(
                f"min by (site, instance, sink) (min_over_time({of('cadence_sink_up')}[{STEP}]))", "{{site}} {{sink}}"
            ),
        )
        .unit("none")
        .mappings(words.words((0, "Fails", words.BAD), (1, "Arrives", words.GOOD)))
        .links([links.runbook("CadenceSinkFailing")])
    )


def _backlog() -> Lines:
    return (
        panels.lines(
            "Waiting to be told",
            "Events that no sink has taken yet, kept on disk. It grows during an outage and falls to zero after it.",
            over_time(f"max by (site, instance, sink) ({of('cadence_sink_backlog')})", "{{site}} {{sink}}"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceSinkFailing")])
    )


def _age() -> Lines:
    return panels.lines(
        "Last delivery",
        "How long ago each sink last delivered. The sheet and the heartbeat: minutes, while the line is up. Messages: as long as nothing"
        " happened.",
        over_time(
            f"time() - max by (site, instance, sink) ({of('cadence_sink_last_success_timestamp_seconds')})",
            "{{site}} {{sink}}",
        ),
    ).unit("s")


def _told() -> Lines:
    return (
        panels.bars(
            "Told, failed, given up",
            "Events that were told; deliveries that failed and are tried again, by reason; events that gave way because too many waited.",
            counts("cadence_sink_delivered_total", "sink", says="told"),
            counts("cadence_sink_failures_total", "sink", "reason"),
            counts("cadence_sink_dropped_total", "sink", says="given up"),
        )
        .unit("short")
        .decimals(0)
    )
