"""The four answers that one looks for first: what is wrong, is it up, since when, is DNS right. Overview and kiosk share them."""

from grafana_foundation_sdk.builders.stat import Panel
from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline
from grafana_foundation_sdk.models.common import BigValueColorMode

from grafana.src import links, panels, promql, scales, words
from grafana.src.targets import instant, over_time


def what_is_wrong() -> Panel:
    """One sentence a home."""
    return (
        panels.stat(
            "What is wrong",
            "The finding to act on first, in words; several may hold. Green: the line is up, DNS is right, Cadence itself is well."
            " Red: the home is cut off, points elsewhere, or Cadence cannot be trusted to know. Follow the runbook of the alert"
            " of the same name; Debugging shows which probe says so. `No data`: Prometheus has never heard of this home in this"
            " range, look at its targets.",
            instant(promql.VERDICT),
        )
        .unit("none")
        .mappings(words.VERDICT)
        .thresholds(scales.faint())
        .links([links.page("Debugging", links.DEBUG), links.runbooks()])
    )


def state() -> Panel:
    """Is it up."""
    return (
        panels.stat(
            "Connection",
            "UP: the router, a way out and the public address have been agreed on for several looks. DEGRADED: some of it, or not"
            " yet for long enough. DOWN: no way out. DNS is only written while UP. Debugging shows the probes behind it.",
            instant(promql.STATE),
        )
        .unit("none")
        .mappings(words.STATE)
        .thresholds(scales.faint())
        .links([links.page("Debugging", links.DEBUG), links.runbook("CadenceWanDown")])
    )


def since() -> Panel:
    """Since when."""
    return (
        panels.stat(
            "For",
            "How long the connection has been in this state, over restarts of Cadence too. Minutes mean that something has just"
            " changed: look at the history below.",
            instant(promql.IN_STATE_FOR),
        )
        .unit("dtdurations")
        .decimals(1)
        .color_mode(BigValueColorMode.VALUE)
        .thresholds(scales.faint())
        .links([links.page("Report", links.SLO)])
    )


def dns() -> Panel:
    """Is DNS right."""
    return (
        panels.stat(
            "DNS",
            "Whether every record is known to hold the confirmed address; of several the worst counts. WRONG ADDRESS: whoever looks"
            " the name up does not get here; Cadence corrects it while the connection is UP, so see DNS writes and refusals"
            " below for why it has not. `Not known`: a record that could not be looked at yet.",
            instant(promql.DNS),
        )
        .unit("none")
        .mappings(words.DNS)
        .thresholds(scales.faint())
        .no_value("Not known")
        .links([links.runbook("CadenceDnsOutOfSync")])
    )


def history() -> Timeline:
    """When it was not."""
    return (
        panels.timeline(
            "Connection over time",
            "The worst state within each step, so an outage of seconds is seen at thirty days too, one step wide: read lengths in"
            " the table, not here. Gaps: Cadence did not answer, nothing is known. Drag over a red field to look closer.",
            over_time(promql.WORST_STATE),
        )
        .unit("none")
        .mappings(words.STATE)
        .links([links.page("Report", links.SLO)])
    )
