"""Fleet: every home in one table, worst things first."""

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.models.common import BigValueTextMode, VisibilityMode
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.src import links, now, panels, promql, scales, words
from grafana.src.columns import Column, joined, sorted_by
from grafana.src.frame import Line, Page, Section, framed
from grafana.src.promql import HOME, of
from grafana.src.targets import instant, over_time, rows

PAGE = Page(
    links.FLEET,
    "Cadence / Fleet",
    "All homes side by side; a click on a site leads to its overview.",
    "now-7d",
    only_versions_marked=True,
)


def dashboard() -> Dashboard:
    """The page."""
    return framed(PAGE, (_now(), _history(), _compared(), _scrapes()))


def _now() -> Section:
    up = f"count({of('cadence_state', state='up')} == 1) or vector(0)"
    known = f"count({of('up')})"
    first = (
        (
            6,
            _count(
                "Sites up", "Homes whose connection is UP now, as Prometheus sees it.", up, scales.steps(words.CALM)
            ),
        ),
        (
            6,
            _count(
                "Sites not up",
                "Homes that are scraped and not UP: DOWN, DEGRADED, starting, or without an answer. The table says which.",
                f"{known} - ({up})",
                scales.more_is_worse(1, 2),
            ),
        ),
        (
            6,
            _count(
                "DNS wrong",
                "Homes with a record that is known to hold another address. Nobody reaches them by name.",
                f"count(min {HOME} ({of('cadence_dns_record_in_sync')}) == 0) or vector(0)",
                scales.steps(words.GOOD, (1, words.BAD)),
            ),
        ),
        (6, _worst()),
    )
    return Section("", (Line(4, first), Line(9, ((24, _sites()),))))


def _count(title: str, description: str, expr: str, limits: ThresholdsConfig) -> Stat:
    return panels.stat(title, description, instant(expr, "")).unit("short").decimals(0).thresholds(limits)


def _worst() -> Stat:
    return (
        panels.stat(
            "Worst site",
            "The home with the least availability in this range. Its report shows when it was down and for how long.",
            instant(f"bottomk(1, {promql.availability()})"),
        )
        .unit("percentunit")
        .decimals(3)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .wide_layout(wide_layout=False)
        .thresholds(scales.more_is_better(*scales.AVAILABILITY))
        .links([links.page("Report", links.SLO)])
    )


def _sites() -> Table:
    version = f"max by (site, instance, version) ({of('cadence_build_info')})"
    panel = panels.table(
        "Sites",
        "One row a home, the worst finding first; a click on the site opens its overview. Availability over the last 24 hours,"
        " 7 days and 30 days, whatever the range above; over 24 hours the time of slow probes (p95, of those that worked) and the"
        " loss on the way out."
        " Empty cells: not known. Prometheus keeps 15 days unless told otherwise: then the 30 days are those 15.",
        rows(promql.VERDICT),
        rows(promql.STATE),
        rows(promql.IN_STATE_FOR),
        rows(promql.availability("24h")),
        rows(promql.availability("7d")),
        rows(promql.availability("30d")),
        rows(promql.slow(0.95, window="24h")),
        rows(promql.lost("24h", by="site, instance", probe="wan_path")),
        rows(promql.DNS),
        rows(version),
    )
    panel.unit("none").no_value("not known").links([links.runbooks()])
    share = scales.more_is_better(*scales.AVAILABILITY)
    here = ("Overview of this site", f"/d/{links.OVERVIEW}?var-site=${{__data.fields.Site}}&${{__url_time_range}}")
    columns = (
        Column("site", "Site", link=here),
        Column("Value #A", "What is wrong", width=230, words=words.VERDICT),
        Column("Value #B", "Connection", width=110, words=words.STATE),
        Column("Value #C", "For", width=170, unit="dtdurations", decimals=1),
        Column("Value #I", "DNS", width=150, words=words.DNS),
        Column("Value #D", "24 h", width=85, unit="percentunit", decimals=2, limits=share),
        Column("Value #E", "7 d", width=85, unit="percentunit", decimals=2, limits=share),
        Column("Value #F", "30 d", width=85, unit="percentunit", decimals=2, limits=share),
        Column("Value #G", "p95", width=80, unit="s", decimals=0, limits=scales.more_is_worse(0.15, 0.25)),
        Column("Value #H", "Loss", width=80, unit="percentunit", decimals=1, limits=scales.more_is_worse(0.01, 0.05)),
        Column("version", "Version"),
    )
    return sorted_by(joined(panel, columns), "What is wrong", descending=False)


def _history() -> Section:
    daily = (
        panels.days(
            "Availability by day",
            "A field a home and day: the share of that day (in UTC, each field ends at its mark) with a way out. One red field is a"
            " bad day, a red column a common cause, a row with many orange fields a bad line.",
            over_time(promql.availability("1d")),
        )
        .unit("percentunit")
        .decimals(2)
        .thresholds(scales.more_is_better(*scales.AVAILABILITY))
        .links([links.page("Report", links.SLO)])
    )
    return Section("History", (Line(8, ((24, now.history()),)), Line(8, ((24, daily),))))


def _compared() -> Section:
    down = (
        panels.ranking(
            "Downtime",
            "Time without a way out in this range, worst home first. Red from an hour on.",
            instant(f"sort_desc({promql.downtime()})"),
        )
        .unit("dtdurations")
        .decimals(1)
        .thresholds(scales.more_is_worse(300, 3600))
        .links([links.page("Report", links.SLO)])
    )
    calls = (
        panels.ranking(
            "Calls in the last hour",
            "Calls to others by home and service, most first. Homes with the same settings should be alike; one that stands out"
            " has an outage, or a rude setting.",
            instant(
                f"sort_desc(max by (site, instance, service) ({of('cadence_api_calls_last_hour')}) > 0)",
                "{{site}} {{service}}",
            ),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.plain())
        .links([links.page("Debugging", links.DEBUG)])
    )
    p95 = (
        panels.lines(
            "Latency of the way out, p95",
            "The slow probes (95th percentile) of each home, of those that worked. Dashed at 150 and 250 ms. One line that leaves"
            " the others is that home's line; all together are a far end that all probe. Gaps: none worked.",
            over_time(promql.slow(0.95, window=promql.STEP)),
        )
        .unit("s")
        .interval(panels.RARER)
        .thresholds(scales.more_is_worse(0.15, 0.25))
        .links([links.runbook("CadenceHighLatency")])
    )
    compared = Line(8, ((8, down), (8, calls), (8, panels.narrow(panels.logarithmic(panels.with_limits(p95))))))
    return Section("Compared", (compared,))


def _scrapes() -> Section:
    answers = (
        panels.timeline(
            "Scrapes",
            "Whether each process answered all scrapes within a step. Red while the connection above has gaps too: Cadence or the"
            " way to it was off, which is not an outage of the home.",
            over_time(f"min {HOME} (min_over_time({of('up')}[$__rate_interval]))"),
        )
        .unit("none")
        .mappings(words.ANSWERS)
        .show_value(VisibilityMode.NEVER)
        .links([links.runbook("CadenceExporterDown")])
    )
    duration = (
        panels.lines(
            "Scrape duration",
            "How long a scrape took. Tens of milliseconds are usual, most of it the way; seconds end in the scrape timeout and in"
            " gaps everywhere. Dashed at one second.",
            over_time(f"max {HOME} (max_over_time({of('scrape_duration_seconds')}[$__rate_interval]))"),
        )
        .unit("s")
        .thresholds(scales.steps(words.GOOD, (1, words.BAD)))
        .links([links.runbook("CadenceExporterDown")])
    )
    versions = panels.table(
        "Versions",
        "Which home runs what. After a release all rows should soon agree.",
        rows(f"count by (site, version, revision, python_version) ({of('cadence_build_info')})"),
    )
    versions.unit("none").no_value("No home is scraped")
    columns = (
        Column("site", "Site"),
        Column("version", "Version", width=100),
        Column("revision", "Revision", width=110),
        Column("python_version", "Python"),
    )
    line = Line(
        7,
        (
            (8, answers),
            (8, panels.narrow(panels.with_limits(duration))),
            (8, sorted_by(joined(versions, columns), "Version", descending=False)),
        ),
    )
    return Section("Scrapes and versions", (line,))
