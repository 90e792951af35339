"""Debugging: who listens for changes, what was heard, and what hearing costs."""

from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline
from grafana_foundation_sdk.builders.timeseries import Panel as Lines

from grafana.src import panels, words
from grafana.src.counts import counts
from grafana.src.frame import Line, Section
from grafana.src.promql import STEP, of
from grafana.src.targets import over_time


def listeners() -> Section:
    """Its section."""
    return Section("Who listens", (Line(8, ((8, _up()), (8, _rings()), (8, _cost()))),))


def _up() -> Timeline:
    return (
        panels.timeline(
            "Who hears",
            "Down is no fault when the router does not speak that protocol: changes are then noticed by the others, or by the next"
            " look. The status page says why one is down.",
            over_time(
                f"min by (site, instance, listener) (min_over_time({of('cadence_listener_up')}[{STEP}]))",
                "{{site}} {{listener}}",
            ),
        )
        .unit("none")
        .mappings(words.words((0, "Down", words.FAIR), (1, "Hears", words.GOOD)))
    )


def _rings() -> Lines:
    return (
        panels.bars(
            "Reasons to look",
            "How often each listener rang. Many rings are one look: at least two seconds lie between looks, and each kind of ringer"
            " has an allowance.",
            counts("cadence_listener_rings_total", "listener"),
        )
        .unit("short")
        .decimals(0)
    )


def _cost() -> Lines:
    return (
        panels.bars(
            "Heard for nothing, and packets sent",
            "What meant nothing, by reason: many packets from a wrong sender are somebody on the LAN who pretends to be the router."
            " Packets: the questions of those that ask.",
            counts("cadence_listener_ignored_total", "listener", "reason"),
            counts("cadence_listener_packets_total", "listener", says="packets"),
        )
        .unit("short")
        .decimals(0)
    )
