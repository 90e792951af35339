"""Debugging, last part: the process and its log."""

from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Lines

from grafana.src import links, panels, scales, words
from grafana.src.counts import counts
from grafana.src.frame import Line, Section
from grafana.src.promql import HOME, increase, of
from grafana.src.targets import instant, over_time


def process() -> Section:
    """Its section."""
    return Section(
        "The process",
        (
            Line(7, ((8, _cpu()), (8, _memory()), (8, panels.logarithmic(_files())))),
            Line(7, ((7, _log()), (5, _garbage()), (4, _series()), (4, _faults()), (4, _refused()))),
            Line(
                6,
                ((24, panels.prose("From a dot to the log", "How to find the log lines of one cycle.", _TO_THE_LOG)),),
            ),
        ),
    )


def _cpu() -> Lines:
    return (
        panels.lines(
            "CPU",
            "Share of one core. Well below 1 % on average; a plateau is a loop that does not rest.",
            over_time(f"sum {HOME} (rate({of('process_cpu_seconds_total')}[$__rate_interval]))"),
        )
        .unit("percentunit")
        .decimals(2)
    )


def _memory() -> Lines:
    return panels.lines(
        "Memory",
        "Resident memory. Flat after the first hour; a slope over days is a leak, please report it.",
        over_time(f"max {HOME} ({of('process_resident_memory_bytes')})"),
    ).unit("bytes")


def _files() -> Lines:
    return (
        panels.lines(
            "Open files",
            "Open file descriptors, sockets included, and the limit. A slope is a leak.",
            over_time(f"max {HOME} ({of('process_open_fds')})", "{{site}} open"),
            over_time(f"max {HOME} ({of('process_max_fds')})", "{{site}} limit"),
        )
        .unit("short")
        .decimals(0)
    )


def _log() -> Lines:
    return (
        panels.bars(
            "Log lines by level",
            "Errors ask for a look at the log; warnings around an outage are usual. dropped: lines that nobody took, a full disk or"
            " a stuck output.",
            counts("cadence_log_messages_total", "level"),
            counts("cadence_log_messages_dropped_total", says="dropped"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceLoopExceptions")])
    )


def _garbage() -> Lines:
    return panels.lines(
        "Garbage collections",
        "Runs of Python's collector by generation, per second. Only of use beside a memory slope.",
        over_time(
            f"sum by (site, instance, generation) (rate({of('python_gc_collections_total')}[$__rate_interval]))",
            "{{site}} {{generation}}",
        ),
    ).unit("ops")


def _series() -> Stat:
    return (
        panels.stat(
            "Series in a scrape",
            "How many series one scrape of one home brings. It stays the same for months: growth means a label with endless values.",
            instant(f"max {HOME} ({of('scrape_samples_scraped')})"),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.more_is_worse(600, 1000))
    )


def _faults() -> Stat:
    return (
        panels.stat(
            "Metrics faults",
            "How often a metric could not be drawn up in this range. The scrape goes on without it; zero is right.",
            instant(f"round({increase('cadence_metrics_errors_total')})"),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.steps(words.GOOD, (1, words.BAD)))
    )


def _refused() -> Stat:
    return (
        panels.stat(
            "Settings refused",
            "How often the settings were read again in this range and not accepted: the ones before stayed in force.",
            instant(f"round({increase('cadence_config_reloads_total', result='error')})"),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.steps(words.GOOD, (1, words.BAD)))
        .links([links.runbook("CadenceConfigReloadFailed")])
    )


_TO_THE_LOG = """\
Each dot under *Length of a cycle and its stages* is one cycle (an exemplar; Prometheus keeps them when it is started with
`--enable-feature=exemplar-storage`). Its `cycle_id` is on every log line of that cycle:

- systemd: `journalctl -u cadence-exporter | grep CYCLE_ID`
- Docker: `docker logs CONTAINER 2>&1 | grep CYCLE_ID`

`cadence-exporter status` tells what it believes now, `cadence-exporter history` what happened.
"""
