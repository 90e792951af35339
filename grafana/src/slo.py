"""Report: how good the line was, against what was promised. For oneself, and as evidence for a provider."""

from grafana_foundation_sdk.builders.bargauge import Panel as Ranking
from grafana_foundation_sdk.builders.dashboard import DashboardFieldConfigSourceOverrides as Override
from grafana_foundation_sdk.builders.piechart import Panel as Shares
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.models.common import BigValueColorMode
from grafana_foundation_sdk.models.dashboard import Dashboard, DataTransformerConfig, DynamicConfigValue, MatcherConfig

from cadence_exporter.record.metrics.families import all_metrics
from grafana.src import links, outages, panels, promql, scales, words
from grafana.src.frame import Line, Page, Section, framed
from grafana.src.promql import increase, of, quantile
from grafana.src.targets import buckets_at_once, instant, over_time, rows

PAGE = Page(
    links.SLO,
    "Cadence / Report",
    "Availability, error budget and every outage of the chosen range, against an objective. Availability is the share of the"
    " observed time with a way out (UP or DEGRADED).",
    "now-30d",
    with_objective=True,
    only_versions_marked=True,
)

_BUDGET = "(1 - $objective / 100)"
_DAYS = 1000
"""Bars at most; with fewer than the range has days, a bar would leave days out."""
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_LAYERS = (("lan", "purple"), ("wan", "blue"), ("ip", "yellow"))
_BOUNDS = next(metric.buckets for metric in all_metrics() if metric.name == "cadence_outage_duration_seconds")


def dashboard() -> Dashboard:
    """The page."""
    return framed(PAGE, (_result(), _budget(), _outages(), _when()))


def _result() -> Section:
    left = f"1 - ({promql.bad_ratio()}) / {_BUDGET}"
    availability = (
        panels.dial(
            "Availability",
            "Share of the observed time in this range with a way out. Green from 99.5 % on, red below 99 %: what a home may expect."
            " For the promise that you chose at the top see Error budget left.",
            instant(promql.availability()),
        )
        .unit("percentunit")
        .decimals(3)
        .min(0.98)
        .max(1)
        .thresholds(scales.more_is_better(*scales.AVAILABILITY))
        .links([links.page("Overview", links.OVERVIEW)])
    )
    budget = (
        panels.stat(
            "Error budget left",
            "How much of the downtime that the objective allows in this range is left: 100 % after a faultless month, 0 % when"
            " exactly the promise was kept, below that it was broken.",
            instant(left),
        )
        .unit("percentunit")
        .decimals(0)
        .thresholds(scales.more_is_better(0, 0.25))
        .links([links.runbook("CadenceErrorBudgetBurnSlow")])
    )
    return Section("", (Line(6, ((8, availability), (4, budget), (4, _nines()), (4, _down()), (4, _coverage()))),))


def _nines() -> Stat:
    return (
        panels.stat(
            "Nines",
            "Availability as a number of nines: 2 is 99 %, 3 is 99.9 %. A cable line reaches 2 to 3. More than 6 is not told apart.",
            instant(f"clamp_max(-log10({promql.bad_ratio()}), 6)"),
        )
        .unit("none")
        .decimals(1)
        .mappings(words.NINES)
        .thresholds(scales.more_is_better(2, 2.3))
    )


def _down() -> Stat:
    return (
        panels.stat(
            "Downtime",
            "Time without a way out in this range. 99.5 % of 30 days leaves 3 hours 36 minutes.",
            instant(promql.downtime()),
        )
        .unit("dthms")
        .thresholds(scales.more_is_worse(3600, 12_960))
        .links([links.page("Overview", links.OVERVIEW)])
    )


def _coverage() -> Stat:
    return (
        panels.stat(
            "Observed",
            "Share of this range in which Cadence ran and was scraped. What it did not see is not in the availability: below 99 %"
            " say so when you show this page to somebody. A range that began before the installation is only partly observed.",
            instant(f"clamp_max({promql.seconds()} / $__range_s, 1)"),
        )
        .unit("percentunit")
        .decimals(1)
        .thresholds(scales.more_is_better(0.9, 0.99))
        .links([links.runbook("CadenceExporterDown")])
    )


def _budget() -> Section:
    left = (
        panels.lines(
            "Error budget left, rolling 30 days",
            "At each moment: the part left of what the objective allows in the 30 days before. It falls with each outage and comes"
            " back 30 days later. Below zero the promise is broken. Needs the recording rules.",
            over_time(f"1 - {of('instance:cadence_sli_error:ratio_rate30d')} / {_BUDGET}"),
        )
        .unit("percentunit")
        .axis_soft_min(0)
        .max(1)
        .thresholds(scales.more_is_better(0, 0.25))
        .no_value("The recording rules are not loaded")
        .links([links.runbook("CadenceErrorBudgetBurnSlow")])
    )
    windows = ("1h", "6h", "1d", "3d")
    burn = (
        panels.lines(
            "Burn rate",
            "How many times faster than allowed the budget is spent, over four windows; 1 spends it in exactly 30 days. Alerts fire"
            " at the dashed lines: 14.4 over 1 h, 6 over 6 h, 3 over 1 d, 1 over 3 d. Needs the recording rules.",
            *(
                over_time(
                    f"{of(f'instance:cadence_sli_error:ratio_rate{window}')} / {_BUDGET}", f"{{{{site}}}} {window}"
                )
                for window in windows
            ),
        )
        .unit("short")
        .decimals(1)
        .thresholds(
            scales.steps(words.GOOD, (1, words.CALM), (3, words.FAIR), (6, "semi-dark-orange"), (14.4, words.BAD))
        )
        .no_value("The recording rules are not loaded")
        .links([links.runbook("CadenceErrorBudgetBurnFast")])
    )
    return Section("Error budget", (Line(8, ((12, panels.with_limits(left)), (12, panels.with_limits(burn)))),))


def _outages() -> Section:
    seconds, count = "cadence_outage_duration_seconds_sum", "cadence_outage_duration_seconds_count"
    numbers = (
        _number(
            "Outages",
            (
                "Outages that began in this range; the counter misses none. One lasts from the loss of the trusted connection until"
                " UP again, so all of them together are longer than the downtime."
            ),
            outages.COUNT,
            "short",
        ),
        _number(
            "Longest",
            "The longest outage that ended in this range, from the loss until UP again.",
            outages.LONGEST,
            "dthms",
        ),
        _number(
            "Mean",
            "All outage time of the range by the number of outages. Far above the median: a few long ones.",
            f"{increase(seconds)} / {increase(count)} >= 0",
            "dthms",
        ),
        _number(
            "Median",
            "Half of the outages were shorter. Read from a histogram, so to the nearest of its steps.",
            f"{quantile(0.5, 'cadence_outage_duration_seconds', window='$__range')} >= 0",
            "dthms",
        ),
        _number(
            "New addresses",
            "Confirmed changes of the public address. One a day or a week is the provider's habit; each is a short cut for"
            " whoever is connected from outside.",
            f"round({increase('cadence_public_ip_changes_total')})",
            "short",
        ),
        _number(
            "DNS writes",
            "Records written with success: one a record and new address. Many more: somebody else writes them too.",
            f"round({increase('cadence_dns_mutations_total', result='success')})",
            "short",
        ),
    )
    return Section(
        "Outages",
        (
            Line(4, tuple((4, number) for number in numbers)),
            Line(11, ((12, outages.outages()), (6, _lengths()), (6, _layers()))),
        ),
    )


def _number(title: str, description: str, expr: str, unit: str) -> Stat:
    return (
        panels.stat(title, description, instant(expr))
        .unit(unit)
        .decimals(0)
        .color_mode(BigValueColorMode.VALUE)
        .thresholds(scales.plain())
        .no_value("None")
    )


def _lengths() -> Ranking:
    return (
        panels.ranking(
            "Outages by length",
            "How many outages lasted up to so long, and longer than the bar before. Mostly a minute and below: a flapping line;"
            " mostly hours: the provider repairs.",
            buckets_at_once(f"round({increase('cadence_outage_duration_seconds_bucket', by='le')})"),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.plain())
        .overrides(
            [*(_renamed(str(bound), f"up to {_in_words(bound)}") for bound in _BOUNDS), _renamed("+Inf", "longer")]
        )
    )


def _in_words(bound: float) -> str:
    return next(f"{bound / unit:g} {name}" for unit, name in _UNITS if bound >= unit)


def _renamed(bound: str, words: str) -> Override:
    """A bucket, called in Prometheus by its seconds."""
    matcher = MatcherConfig(id_val="byName", options=bound)
    return Override().matcher(matcher).properties([DynamicConfigValue("displayName", words)])


def _layers() -> Shares:
    return (
        panels.shares(
            "Whose fault",
            "Outages of the range by the lowest layer that failed. lan: the router or the way to it, one's own. wan: the line, the"
            " provider's. ip: there is a way out but no public address to agree on.",
            instant(f"round({increase('cadence_outages_total', by='layer')}) > 0", "{{layer}}"),
        )
        .unit("short")
        .decimals(0)
        .no_value("No outage")
        .overrides([_coloured(layer, colour) for layer, colour in _LAYERS])
    )


def _coloured(layer: str, colour: str) -> Override:
    """The same in every report, and none that elsewhere means good or bad."""
    matcher = MatcherConfig(id_val="byName", options=layer)
    return (
        Override().matcher(matcher).properties([DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})])
    )


def _when() -> Section:
    daily = (
        panels.bars(
            "Downtime by day",
            "Time without a way out, day by day in UTC; the bar of a day stands at its end. A provider's report of faults"
            " should show the same days.",
            over_time(promql.downtime("1d")),
        )
        .unit("s")
        .decimals(1)
        .interval("1d")
        .max_data_points(_DAYS)
    )
    hourly = (
        panels.columns(
            "Downtime by hour of the day",
            "In which hour (UTC) the time without a way out fell, summed over the range. One tall column: something that runs"
            " nightly, such as the provider's maintenance or a timer at the router. Evenings: load.",
            rows(
                "sum by (hour) (sum_over_time(("
                f"{promql.downtime('1h')} * on () group_left (hour) count_values('hour', hour()))[$__range:1h]))"
            ),
        )
        .unit("s")
        .x_field("hour")
        .with_transformation(
            DataTransformerConfig("filterFieldsByName", options={"include": {"names": ["hour", "Value"]}})
        )
        .with_transformation(
            DataTransformerConfig(
                "convertFieldType",
                options={"conversions": [{"targetField": "hour", "destinationType": "number"}], "fields": {}},
            )
        )
        .with_transformation(DataTransformerConfig("sortBy", options={"fields": {}, "sort": [{"field": "hour"}]}))
        .override_by_name("Value", [DynamicConfigValue("displayName", "Downtime")])
        .override_by_name("hour", [DynamicConfigValue("unit", "none")])
    )
    return Section("When it happens", (Line(8, ((12, daily), (12, hourly))),))
