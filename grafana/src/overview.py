"""Overview: is it up, since when, is DNS right, what is wrong; then the last day; then why."""

from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as Lines
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueTextMode
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.src import links, now, outages, panels, promql, scales, words
from grafana.src.columns import Column, joined, sorted_by
from grafana.src.counts import counts
from grafana.src.frame import Line, Page, Section, framed
from grafana.src.promql import increase, of, quantile
from grafana.src.targets import buckets, instant, over_time, rows

PAGE = Page(
    links.OVERVIEW,
    "Cadence / Overview",
    "Is it up, since when, is DNS right, and what is wrong; then the history and the causes.",
    "now-24h",
)


def dashboard() -> Dashboard:
    """The page."""
    return framed(PAGE, (_now(), _history(), _latency(), _dns_and_api()))


def _now() -> Section:
    first = Line(4, ((9, now.what_is_wrong()), (5, now.state()), (5, now.since()), (5, now.dns())))
    second = Line(4, ((6, _address()), (6, _availability()), (6, _downtime()), (6, _outages())))
    return Section("", (first, second))


def _address() -> Stat:
    states = enumerate(("agreed", "disputed", "unknown", "not_public"), 1)
    known = promql.first_of(*((code, f"{of('cadence_public_ip_state', state=state)} == 1") for code, state in states))
    address = of("cadence_public_ip_info")
    return (
        panels.stat(
            "Public address",
            "Whether the echo services agree on one. The address itself is named only with the setting `metrics.public_ip_info`,"
            " which is off by default. Disputed: they contradict each other. Unknown: too few answer. Not public: a shared address,"
            " nobody can call in. In these three DNS is left as it is. `Path is down`: nobody could be asked.",
            instant(f"({known}) * on (site, instance, family) group_left (address) {address}", "{{site}} {{address}}"),
            instant(f"({known}) unless on (site, instance, family) {address}", "{{site}} {{family}}"),
        )
        .unit("none")
        .mappings(words.ADDRESS)
        .thresholds(scales.faint())
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .wide_layout(wide_layout=False)
        .no_value("Path is down")
        .links([links.runbook("CadencePublicIpUnclear")])
    )


def _availability() -> Stat:
    return (
        panels.stat(
            "Availability",
            "Share of the observed time in this range with a way out, UP or DEGRADED. Green from 99.5 %, red below 99 %. Time in"
            " which Cadence itself did not run counts neither way; Report shows how much that was.",
            instant(promql.availability()),
        )
        .unit("percentunit")
        .decimals(3)
        .thresholds(scales.more_is_better(*scales.AVAILABILITY))
        .links([links.page("Report", links.SLO)])
    )


def _downtime() -> Stat:
    return (
        panels.stat(
            "Downtime",
            "Time in this range without a way out: DOWN, or started and not there yet. Orange from 5 minutes, red from an hour."
            " The table below says when.",
            instant(promql.downtime()),
        )
        .unit("dtdurations")
        .decimals(1)
        .thresholds(scales.more_is_worse(300, 3600))
        .links([links.page("Report", links.SLO)])
    )


def _outages() -> Stat:
    return (
        panels.stat(
            "Outages",
            "Outages that began in this range, from a counter that misses none; that no public address could be agreed on for long"
            " counts too. Several short ones point at a flapping line or at"
            " Wi-Fi between Cadence and the router, one long one at the provider.",
            instant(outages.COUNT),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.more_is_worse(1, 4))
        .links([links.page("Report", links.SLO)])
    )


def _history() -> Section:
    return Section(
        "History",
        (Line(6, ((24, now.history()),)), Line(7, ((12, outages.outages()), (12, _alerts())))),
    )


def _alerts() -> Table:
    panel = panels.table(
        "Alerts firing",
        "Alerts of these homes that fire at this moment, as Prometheus has them: also those that Alertmanager inhibits or mutes."
        " Empty is good, unless the rules are not loaded. Each has a runbook of its name.",
        rows(f"max by (alertname, severity, site) ({of('ALERTS', alertstate='firing', alertname='~Cadence.+')})"),
    )
    panel.unit("none").no_value("Nothing fires").links([links.runbooks()])
    runbook = ("Runbook", "${runbooks}#${__value.text}")
    columns = (Column("alertname", "Alert", link=runbook), Column("severity", "Severity"), Column("site", "Site"))
    return sorted_by(joined(panel, columns), "Alert", descending=False)


def _latency() -> Section:
    rtt = (
        panels.lines(
            "Round trip time",
            "Time of each probe that worked, averaged over the step: the router, a connection to the outside, an echo service."
            " If all rise together look at the local network, if only the outer two rise at the line. Broken lines: the probe failed.",
            over_time(
                f"avg by (site, instance, probe) (avg_over_time({of('cadence_probe_rtt_seconds')}[$__rate_interval]))",
                "{{site}} {{probe}}",
            ),
        )
        .unit("s")
        .links([links.page("Debugging", links.DEBUG), links.runbook("CadenceHighLatency")])
    )
    spread = (
        panels.heat(
            "Latency of the way out",
            "How many probes of the way out took how long: the strong band is the usual case, faint fields above it are single slow"
            " ones. A second band in the evening is congestion, a band at the top are timeouts.",
            buckets(
                increase("cadence_probe_duration_seconds_bucket", probe="wan_path", window="$__rate_interval", by="le")
            ),
        )
        .interval(panels.RARE)
        .links([links.runbook("CadenceHighLatency")])
    )
    jitter = (
        panels.lines(
            "Jitter of the way out",
            "How far the slow probes (95th percentile) of each step lie above the usual one (median), half an hour or more a step."
            " Calls and games suffer from 30 ms on, the dashed line. Only probes that worked: for the others see Probes lost.",
            over_time(f"{promql.slow(0.95, window=promql.STEP)} - {promql.slow(0.5, window=promql.STEP)}"),
        )
        .unit("s")
        .interval(panels.RARER)
        .axis_soft_max(0.04)
        .thresholds(scales.more_is_worse(0.03, 0.1))
    )
    loss = (
        panels.ranking(
            "Probes lost",
            "Share of the probes in this range that failed, layer by layer. From 1 % on one notices, 5 % is an alert. Loss at the"
            " router too: Wi-Fi or a cable at home. Only further out: the line. Only public_ip: echo services or DNS;"
            " it is asked rarely while all is well and often in an outage, so that one outage weighs heavily there.",
            instant(promql.lost("$__range"), "{{site}} {{probe}}"),
        )
        .unit("percentunit")
        .decimals(2)
        .max(0.1)
        .no_value("No probes in this range")
        .thresholds(scales.more_is_worse(0.01, 0.05))
        .links([links.page("Debugging", links.DEBUG), links.runbook("CadencePacketLoss")])
    )
    return Section(
        "Latency and loss",
        (
            Line(8, ((12, panels.logarithmic(rtt)), (12, spread))),
            Line(7, ((12, panels.with_limits(jitter)), (12, loss))),
        ),
    )


def _dns_and_api() -> Section:
    return Section(
        "DNS and calls to others",
        (Line(7, ((12, _convergence()), (12, _writes()))), Line(7, ((12, _calls()), (12, _refused_calls())))),
    )


def _convergence() -> Stat:
    metric = "cadence_dns_convergence_seconds"
    targets = [
        instant(f"{quantile(q, metric, stage=stage, window='$__range')} >= 0", f"{{{{site}}}} {stage}, {name}")
        for stage in ("published", "visible")
        for q, name in ((0.5, "usual"), (0.95, "slow"))
    ]
    return (
        panels.stat(
            "Convergence after a new address",
            "From the first evidence of a new address until the provider held it (published) and until resolvers showed it"
            " (visible): usual (median) and slow (95th percentile), over this range. Orange from 3 minutes, red from 10: see DNS writes and"
            " refusals. No value: the address did not change in this range.",
            *targets,
        )
        .unit("s")
        .decimals(0)
        .color_mode(BigValueColorMode.VALUE)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .thresholds(scales.more_is_worse(180, 600))
        .no_value("No change")
        .links([links.runbook("CadenceDnsOutOfSync")])
    )


def _writes() -> Lines:
    return (
        panels.bars(
            "DNS writes and refusals",
            "Writes at the provider by result, and looks at which a record was left alone although it was not known to be right, by"
            " reason. A few refusals around an outage are as it should be. Many `rate_limited` or `backoff`: the provider pushes"
            " back. `conflict`: somebody else writes the record too. Many writes: the address or the zone flaps.",
            counts("cadence_dns_mutations_total", "operation", "result"),
            counts("cadence_dns_mutations_suppressed_total", "reason", says="refused:"),
        )
        .unit("short")
        .decimals(0)
        .links([links.page("Debugging", links.DEBUG), links.runbook("CadenceDnsMutationErrors")])
    )


def _calls() -> Lines:
    calls = f"max by (site, instance, service) ({of('cadence_api_calls_last_hour')})"
    return (
        panels.lines(
            "Calls per hour",
            "Calls to others in the hour before, over restarts too. Quiet days need a handful; peaks belong to outages and new"
            " addresses. A steady high level is rude to free services: look at Why cycles began under Debugging.",
            over_time(calls, "{{site}} {{service}}"),
        )
        .unit("short")
        .decimals(0)
        .links([links.page("Debugging", links.DEBUG), links.runbook("CadenceApiErrors")])
    )


def _refused_calls() -> Lines:
    return (
        panels.bars(
            "Calls that failed",
            "Calls that did not end with success, by service and answer. `error`: no answer, normal while the line is down."
            " `4xx` at cloudflare: look at the token and its rights. `429`: too many calls. `5xx`: their trouble, Cadence waits.",
            counts("cadence_api_requests_total", "service", "code", code="!2xx"),
        )
        .unit("short")
        .decimals(0)
        .links([links.page("Debugging", links.DEBUG), links.runbook("CadenceApiAuthOrRateLimited")])
    )
