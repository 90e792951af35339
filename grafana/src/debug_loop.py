"""Debugging, third part: cycles, why they began, and what went wrong in them."""

from grafana_foundation_sdk.builders.heatmap import Panel as Heat
from grafana_foundation_sdk.builders.timeseries import Panel as Lines
from grafana_foundation_sdk.models.common import LineInterpolation

from grafana.src import links, panels
from grafana.src.counts import counts
from grafana.src.frame import Line, Section
from grafana.src.promql import HOME, STEP, increase, of, quantile
from grafana.src.targets import buckets, over_time

_DURATION = "cadence_loop_duration_seconds"


def loop() -> Section:
    """Its section."""
    return Section(
        "The loop",
        (
            Line(8, ((12, panels.logarithmic(_quantiles())), (12, _spread()))),
            Line(7, ((8, _wait()), (8, _wakeups()), (8, _trouble()))),
        ),
    )


def _quantiles() -> Lines:
    return (
        panels.lines(
            "Length of a cycle and its stages",
            "The usual cycle (p50), the slow one and its slow stages (p95). observe waits for answers, so it grows in an outage; act"
            " grows when the provider is slow; decide should be nearly nothing. Dots are single cycles: their cycle_id is on every"
            " log line of that cycle.",
            over_time(quantile(0.5, _DURATION, phase="total", window=STEP), "{{site}} total p50"),
            over_time(
                quantile(0.95, _DURATION, window=STEP, by="site, instance, phase"), "{{site}} {{phase}} p95"
            ).exemplar(exemplar=True),
        )
        .unit("s")
        .interval(panels.RARE)
        .links([links.runbook("CadenceLoopStalled")])
    )


def _spread() -> Heat:
    return panels.heat(
        "Cycles by length",
        "How many cycles took how long. A faint band far above the others are the cycles of an outage, each at its timeouts.",
        buckets(increase(f"{_DURATION}_bucket", phase="total", window=STEP, by="le")),
    ).interval(panels.RARE)


def _wait() -> Lines:
    return (
        panels.lines(
            "Chosen wait",
            "The wait that was chosen after each cycle: minutes while all is well, half a minute while something is not, spread a"
            " little so that homes do not call in step.",
            over_time(f"max {HOME} ({of('cadence_loop_next_delay_seconds')})", "{{site}} wait"),
        )
        .unit("s")
        .line_interpolation(LineInterpolation.STEP_AFTER)
        .links([links.runbook("CadenceLoopStalled")])
    )


def _wakeups() -> Lines:
    return (
        panels.bars(
            "Why cycles began",
            "due: the wait was over. announcement, netlink, router: something near changed. signal, check: somebody asked. resume:"
            " the host slept. Many of one kind explain many calls.",
            counts("cadence_wakeups_total", "reason"),
        )
        .unit("short")
        .decimals(0)
    )


def _trouble() -> Lines:
    return (
        panels.bars(
            "Exceptions, overruns, empty cycles",
            "Empty is good. An exception is a fault in Cadence or below it, survived and logged with its trace. Overrun: a cycle"
            " took longer than its wait. Empty cycle: nothing could be concluded.",
            counts("cadence_loop_exceptions_total", "phase"),
            counts("cadence_loop_overruns_total", says="overrun"),
            counts("cadence_loop_iterations_total", says="empty cycle", outcome="error"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceLoopExceptions")])
    )
