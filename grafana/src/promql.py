"""PromQL that more than one panel needs. Every selector carries the three filters at the top of the page.

Homes are told apart by ``site`` (a target label) and ``instance``; a scrape without a ``site`` label works as well.
"""

FILTER = 'job=~"$job",site=~"$site",instance=~"$instance"'
HOME = "by (site, instance)"
STEP = "$__rate_interval"
"""The window of a rate at each step: wide enough to hold four scrapes, and to overlap the step before."""


def of(metric: str, **labels: str) -> str:
    """A selector of the chosen homes. A value may begin with ``~`` (a pattern) or ``!`` (anything else)."""
    return f"{metric}{{{','.join((*(_matcher(*label) for label in labels.items()), FILTER))}}}"


def _matcher(label: str, value: str) -> str:
    sign = {"~": "=~", "!": "!="}.get(value[0], "=")
    return f'{label}{sign}"{value.lstrip("~!")}"'


def increase(metric: str, *, window: str = "$__range", by: str = "site, instance", at: str = "", **labels: str) -> str:
    """How much a counter grew, summed. ``at`` may fix the moment, such as `` @ end()``."""
    return f"sum by ({by}) (increase({of(metric, **labels)}[{window}]{at}))"


def seconds(window: str = "$__range", **labels: str) -> str:
    """Seconds spent in the matching states. The counter moves at each scrape, so that no outage falls between two samples."""
    return increase("cadence_state_seconds_total", window=window, **labels)


def downtime(window: str = "$__range") -> str:
    """Seconds without a trusted path: DOWN, or started and not there yet."""
    return seconds(window, state="~down|init")


def bad_ratio(window: str = "$__range") -> str:
    """Share of the observed time that was downtime. Time in which Cadence did not run is in neither."""
    return f"{downtime(window)} / {seconds(window)}"


def availability(window: str = "$__range") -> str:
    """The rest."""
    return f"1 - {bad_ratio(window)}"


def quantile(q: float, metric: str, *, window: str, by: str = "site, instance", **labels: str) -> str:
    """A quantile of a histogram over the increase in ``window``."""
    buckets = increase(f"{metric}_bucket", window=window, by=f"le, {by}", **labels)
    return f"histogram_quantile({q:g}, {buckets})"


def first_of(*findings: tuple[int, str]) -> str:
    """The code of the first finding that holds, home by home. A finding is an expression with a value where it holds."""
    return " or ".join(f"(({condition}) * 0 + {code})" for code, condition in findings)


def slow(q: float, *, window: str) -> str:
    """A quantile of the time that probes of the way out took, of those that worked: one that failed would count with its timeout."""
    return f"max {HOME} (quantile_over_time({q:g}, {of('cadence_probe_rtt_seconds', probe='wan_path')}[{window}]))"


def lost(window: str, by: str = "site, instance, probe", **labels: str) -> str:
    """Share of the probes that failed."""
    failures = increase("cadence_probe_failures_total", window=window, by=by, **labels)
    attempts = increase("cadence_probe_attempts_total", window=window, by=by, **labels)
    return f"{failures} / {attempts}"


STATE = (
    f"sum {HOME} ({of('cadence_state', state='down')} * 1 or {of('cadence_state', state='degraded')} * 2"
    f" or {of('cadence_state', state='init')} * 3 or {of('cadence_state', state='up')} * 4)"
)
"""The state now, as in ``words.STATE``."""

WORST_STATE = first_of(
    *(
        (code, f"{seconds(state=state, window='$__rate_interval')} > 1")
        for code, state in ((1, "down"), (2, "degraded"), (3, "init"), (4, "up"))
    )
)
"""The worst state within each step, as in ``words.STATE``. From the counter of seconds, because a sampled state hides what is
shorter than a step; more than a second, because an increase is extrapolated."""

IN_STATE_FOR = f"time() - max {HOME} ({of('cadence_state_last_transition_timestamp_seconds')})"

_HANGS = (
    f"max {HOME} (time() - {of('cadence_loop_last_completed_timestamp_seconds')}"
    f" - 3 * {of('cadence_loop_next_delay_seconds')}) > 60"
    f" and {increase('cadence_loop_iterations_total', window='5m')} == 0"
)
"""Late by its own plan, and no cycle counted: the second, because clocks may be hours apart."""
_ROUTER = (
    f"max {HOME} ({of('cadence_state', state='down')}) == 1"
    f" and on (site, instance) {of('cadence_probe_success', probe='lan_router')} == 0"
)
_LOSS = f"max {HOME} ({lost('30m')}) > 0.1 and {IN_STATE_FOR} > 1800"
"""A tenth, because of ten probes in half an hour one may be lost; long in this state, because an outage just over is none of it."""

VERDICT = first_of(
    (1, f"max {HOME} ({of('up')}) == 0"),
    (2, _HANGS),
    (3, _ROUTER),
    (4, f"max {HOME} ({of('cadence_state', state='down')}) == 1"),
    (5, f"min {HOME} ({of('cadence_dns_record_in_sync')}) == 0"),
    (6, f"max {HOME} ({of('cadence_public_ip_state', state='not_public')}) == 1"),
    (7, f"max {HOME} ({of('cadence_public_ip_state', state='~disputed|unknown')}) == 1"),
    (8, f"max {HOME} ({of('cadence_state', state='degraded')}) == 1"),
    (9, f"max {HOME} ({of('cadence_state', state='init')}) == 1"),
    (10, f"min {HOME} ({of('cadence_state_store_up')}) == 0"),
    (11, f"min {HOME} ({of('cadence_config_last_reload_successful')}) == 0"),
    (12, f"time() - min {HOME} ({of('cadence_dns_last_verified_timestamp_seconds')}) > 21600"),
    (13, _LOSS),
    (14, f"max {HOME} ({of('cadence_state', state='up')}) == 1"),
)
"""What is wrong, as in ``words.VERDICT``: the finding one acts on first."""

_UNSEEN = (
    f"count {HOME} ({of('cadence_dns_change_budget_remaining')} unless on (site, instance, record, type)"
    f" {of('cadence_dns_record_in_sync')})"
)
"""Records of the settings, each of which has a budget, that were never looked at."""

DNS = first_of(
    (1, f"min {HOME} ({of('cadence_dns_record_in_sync')}) == 0"),
    (2, f"time() - min {HOME} ({of('cadence_dns_last_verified_timestamp_seconds')}) > 21600"),
    (3, f"min {HOME} ({of('cadence_dns_record_in_sync')}) == 1 unless {_UNSEEN}"),
)
"""Whether every record is right, as in ``words.DNS``; nothing while one of them was never looked at."""
