"""Debugging, fourth part: the calls that leave the house."""

from grafana_foundation_sdk.builders.timeseries import Panel as Lines

from grafana.src import links, panels
from grafana.src.counts import counts
from grafana.src.frame import Line, Section
from grafana.src.promql import STEP, of, quantile
from grafana.src.targets import over_time


def calls() -> Section:
    """Its section."""
    return Section(
        "Calls",
        (
            Line(7, ((6, _latency()), (6, _answers()), (6, _backoff()), (6, _quota()))),
            Line(7, ((8, _success()), (8, _hits()), (8, _caches()))),
        ),
    )


def _latency() -> Lines:
    return (
        panels.lines(
            "Slow calls by service, p95",
            "How long the slow calls to each service took. ip_echo and doh: hundreds of milliseconds; a provider may take seconds.",
            over_time(
                quantile(0.95, "cadence_api_request_duration_seconds", window=STEP, by="site, instance, service"),
                "{{site}} {{service}}",
            ),
        )
        .unit("s")
        .interval(panels.RARER)
        .links([links.runbook("CadenceApiErrors")])
    )


def _backoff() -> Lines:
    return (
        panels.lines(
            "Back-off in force",
            "How much longer a service is left alone after it failed or sent us away. Zero is usual; a saw-tooth that grows is a"
            " service that stays away: see the calls that failed.",
            over_time(
                f"max by (site, instance, service) ({of('cadence_api_backoff_seconds')})", "{{site}} {{service}}"
            ),
        )
        .unit("s")
        .links([links.runbook("CadenceApiErrors")])
    )


def _quota() -> Lines:
    return (
        panels.lines(
            "Share of the hourly budget that is used",
            "Calls of the last hour as a share of what the settings under budget allow. A healthy home stays below a tenth; at the"
            " top, whatever needs the service waits.",
            over_time(
                f"1 - max by (site, instance, service) ({of('cadence_api_quota_remaining')})"
                f" / max by (site, instance, service) ({of('cadence_api_quota_limit')})",
                "{{site}} {{service}}",
            ),
        )
        .unit("percentunit")
        .min(0)
        .max(1)
        .links([links.runbook("CadenceApiQuotaSpent")])
    )


def _answers() -> Lines:
    return (
        panels.bars(
            "Calls by answer",
            "Every call that left the house, by service and answer.",
            counts("cadence_api_requests_total", "service", "code"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceApiErrors")])
    )


def _success() -> Lines:
    return (
        panels.lines(
            "Since a service last answered",
            "Time since the last success of each service. Services that are asked rarely climb for hours; what matters is whether"
            " the line drops when calls are made.",
            over_time(
                f"time() - max by (site, instance, service) ({of('cadence_api_last_success_timestamp_seconds')})",
                "{{site}} {{service}}",
            ),
        )
        .unit("s")
        .links([links.runbook("CadenceApiErrors")])
    )


def _hits() -> Lines:
    return (
        panels.bars(
            "Cache lookups",
            "hit: the answer was remembered. miss: it had to be asked for. stale: it was remembered but too old.",
            counts("cadence_cache_lookups_total", "cache", "result"),
        )
        .unit("short")
        .decimals(0)
    )


def _caches() -> Lines:
    return panels.lines(
        "Age of what is remembered",
        "How old the remembered record contents and the public address are. A cache that ages past its usual saw-tooth is not"
        " being renewed: see Calls by answer.",
        over_time(
            f"time() - max by (site, instance, cache) ({of('cadence_cache_last_refresh_timestamp_seconds')})",
            "{{site}} {{cache}}",
        ),
    ).unit("s")
