"""Outages as a table: one row each, with start and length. Overview and report share it."""

from grafana_foundation_sdk.builders.table import Panel

from grafana.src import links, panels
from grafana.src.columns import Column, joined, once_each, sorted_by
from grafana.src.promql import HOME, increase, of
from grafana.src.targets import rows_over_time

_END = f"max {HOME} ({of('cadence_last_outage_end_timestamp_seconds')})"
_LENGTH = f"max {HOME} ({of('cadence_last_outage_duration_seconds')})"
_NEW = (
    f"({_END} > ${{__from}} / 1000 unless {_END}"
    f" == max {HOME} (last_over_time({of('cadence_last_outage_end_timestamp_seconds')}[5m] offset $__interval)))"
)
"""Where the last outage is another one than a step before: one sample an outage. After a gap the old one appears again, which
grouping by start undoes; one that ended before the range is left out."""

FINEST = 10_000
"""Samples asked for, near the 11,000 that Prometheus gives: at 30 days a step is 5 minutes. Two outages that end within one step
show as the later one."""

COUNT = f"round({increase('cadence_outages_total')})"

LONGEST = (
    f"max_over_time((max {HOME} ({of('cadence_last_outage_duration_seconds')} and"
    f" {of('cadence_last_outage_end_timestamp_seconds')} > ${{__from}} / 1000))[$__range:1m])"
)


def outages() -> Panel:
    """Start and length of each outage that ended in the range."""
    panel = panels.table(
        "Outage list",
        "Each outage that ended in this range, latest first: from the loss of the trusted connection until it was UP again, the way"
        " back included. One that still goes on is not in it yet: see the first row of the overview. The table is sampled (every 5"
        " minutes at 30 days): of two outages that end within one sample only the later is shown, while the count of outages"
        " misses none. Download as CSV: panel menu, Inspect, Data.",
        rows_over_time(f"1000 * ({_END} - {_LENGTH}) and {_NEW}"),
        rows_over_time(f"{_LENGTH} and {_NEW}"),
    )
    panel.unit("none").max_data_points(FINEST).no_value("No outage ended in this range")
    panel.links([links.page("Report", links.SLO), links.runbook("CadenceOutageRecovered")])
    columns = (
        Column("Value #A", "Began", width=180, unit="dateTimeAsIso"),
        Column("Value #B (max)", "Length", width=110, unit="dthms"),
        Column("site", "Site"),
    )
    grouped = once_each(["Value #A", "site", "instance"], ["Value #B"])
    return sorted_by(joined(panel, columns, grouped=grouped), "Began", descending=True)
