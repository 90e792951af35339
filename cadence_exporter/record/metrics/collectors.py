"""From values to families: what Prometheus' client asks for at each scrape. Memory is read, nothing is probed."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Exposed
from prometheus_client.registry import Collector

from cadence_exporter.model.delivery import SinkState
from cadence_exporter.model.hearing import Hearing
from cadence_exporter.model.memory import Phase
from cadence_exporter.record.metrics.families import LISTENERS, SINKS, all_metrics
from cadence_exporter.record.metrics.guarded import ERRORS
from cadence_exporter.record.metrics.metric import Kind, Metric
from cadence_exporter.record.metrics.moving import BACKOFF, BUDGET, CALLS, QUOTA, QUOTA_LEFT
from cadence_exporter.record.metrics.power_gauges import POWER_MOVING
from cadence_exporter.record.metrics.snapshot import Snapshot
from cadence_exporter.record.metrics.tally import CounterKey
from cadence_exporter.seams import Clock

STATE_SECONDS = "cadence_state_seconds_total"
_MOVING = frozenset({STATE_SECONDS, CALLS, BUDGET, BACKOFF, QUOTA, QUOTA_LEFT}) | POWER_MOVING
"""What is worked out at the moment of a scrape."""
_ELSEWHERE = _MOVING.union({ERRORS}, (metric.name for metric in (*LISTENERS, *SINKS)))
"""What no cycle leaves behind."""


def histogram(metric: Metric) -> Histogram:
    """Its children are there from the start; in no registry yet."""
    family = Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=None)
    for labels in metric.children:
        if labels:
            family.labels(*labels)
    return family


def of_the_process() -> tuple[Collector, ...]:
    """The client library's own, in no registry yet; one of them can only be made within one."""
    return ProcessCollector(registry=None), PlatformCollector(registry=None), GCCollector(CollectorRegistry())


class Kept(Collector):
    """Every counter and gauge that stays as the last cycle left it."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Exposed]:
        """See the class."""
        snapshot = self._snapshot()
        lasting = (
            metric for metric in all_metrics() if metric.name not in _ELSEWHERE and metric.kind is not Kind.HISTOGRAM
        )
        yield from _families(lasting, snapshot.counters, snapshot.gauges)


class Ears(Collector):
    """What the listeners do, right at the moment of the scrape."""

    def __init__(self, hearings: Callable[[], Iterable[Hearing]]) -> None:
        self._hearings = hearings

    def collect(self) -> Iterable[Exposed]:
        """See the class."""
        values: dict[CounterKey, float] = {}
        for each in self._hearings():
            if each.up is not None:
                values["cadence_listener_up", each.name] = float(each.up)
            values["cadence_listener_rings_total", each.name] = float(each.rings)
            values["cadence_listener_packets_total", each.name] = float(each.packets)
            for why, count in each.ignored.items():
                values["cadence_listener_ignored_total", each.name, why] = float(count)
        yield from _families(LISTENERS, values)


class Deliveries(Collector):
    """How the sinks fare, right at the moment of the scrape."""

    def __init__(self, states: Callable[[], Iterable[SinkState]]) -> None:
        self._states = states

    def collect(self) -> Iterable[Exposed]:
        """See the class."""
        values: dict[CounterKey, float] = {}
        for each in self._states():
            if each.up is not None:
                values["cadence_sink_up", each.sink] = float(each.up)
            if each.last_success is not None:
                values["cadence_sink_last_success_timestamp_seconds", each.sink] = float(each.last_success)
            values["cadence_sink_backlog", each.sink] = float(each.backlog)
            values["cadence_sink_delivered_total", each.sink] = float(each.delivered)
            values["cadence_sink_dropped_total", each.sink] = float(each.dropped)
            for trouble, count in each.failures.items():
                values["cadence_sink_failures_total", each.sink, trouble] = float(count)
        yield from _families(SINKS, values)


class StateSeconds(Collector):
    """The time in each state, right at the moment of the scrape."""

    def __init__(self, seconds: Callable[[], Mapping[Phase, float]]) -> None:
        self._seconds = seconds

    def collect(self) -> Iterable[Exposed]:
        """See the class."""
        seconds: dict[CounterKey, float] = {(STATE_SECONDS, phase): value for phase, value in self._seconds().items()}
        yield from _families((metric for metric in all_metrics() if metric.name == STATE_SECONDS), seconds)


class Moving(Collector):
    """The gauges that move with the clock."""

    def __init__(self, snapshot: Callable[[], Snapshot], clock: Clock) -> None:
        self._snapshot = snapshot
        self._clock = clock

    def collect(self) -> Iterable[Exposed]:
        """See the class."""
        values = self._snapshot().moving(self._clock.now())
        gauges = (metric for metric in all_metrics() if metric.name in _MOVING and metric.kind is Kind.GAUGE)
        yield from _families(gauges, values)


def _families(metrics: Iterable[Metric], *values: Mapping[CounterKey, float]) -> Iterator[Exposed]:
    """Each counter or gauge, with its children among ``values``."""
    children: dict[str, dict[CounterKey, float]] = {}
    for each in values:
        for key, value in each.items():
            children.setdefault(key[0], {})[key] = value
    for metric in metrics:
        own = children.get(metric.name, {})
        yield _counter(metric, own) if metric.kind is Kind.COUNTER else _gauge(metric, own)


def _counter(metric: Metric, counters: Mapping[CounterKey, float]) -> Exposed:
    counter = CounterMetricFamily(metric.name.removesuffix("_total"), metric.help, labels=metric.labels)
    for labels in metric.children:
        counter.add_metric(labels, counters.get((metric.name, *labels), 0.0))
    return counter


def _gauge(metric: Metric, values: Mapping[CounterKey, float]) -> Exposed:
    gauge = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for key, value in values.items():
        gauge.add_metric(key[1:], value)
    return gauge
