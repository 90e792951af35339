"""The metrics: one consistent snapshot per cycle, swapped whole, so that a scrape never sees half a cycle or two active states.

Scraping reads memory and nothing else. The declarations are in ``families.py``.
"""

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from prometheus_client import CollectorRegistry, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client import disable_created_metrics as without_created_series
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Exposed
from prometheus_client.registry import Collector

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Instant, WallTime
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.record.metrics.convergence import arrivals
from cadence_exporter.record.metrics.families import Kind, Metric, all_metrics
from cadence_exporter.record.metrics.gauges import CallWindow, Gauges, calls_last_hour, probe_seconds
from cadence_exporter.record.metrics.tally import SERVICES, CounterKey, probe_failures
from cadence_exporter.record.state.marks import Marks
from cadence_exporter.seams import Clock

_STATE_SECONDS = "cadence_state_seconds_total"
_CALLS = "cadence_api_calls_last_hour"
_ERRORS = "cadence_metrics_errors_total"


class Ledger(Protocol):
    """What the metrics read from the state store."""

    up: bool
    marks: Marks

    def counters(self) -> Mapping[CounterKey, float]:
        """The sums as of the last commit. Called by the loop's thread."""
        ...

    def state_seconds(self) -> Mapping[Phase, float]:
        """Right now. Called by scrapes."""
        ...


@dataclass(frozen=True, slots=True)
class About:
    """What is exposed of the settings and the program."""

    version: str
    revision: str = "unknown"
    python_version: str = field(default_factory=platform.python_version)
    features: Mapping[str, bool] = field(default_factory=lambda: {"dns_reconcile": True, "dry_run": False})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a scrape shows, except what moves with the clock."""

    counters: Mapping[CounterKey, float]
    gauges: Mapping[CounterKey, float]
    calls: tuple[tuple[str, Instant], ...]


class Metrics:
    """Implements ``seams.Recorder``. ``registry`` is what the web side renders."""

    name = "metrics"

    def __init__(self, ledger: Ledger, memory: Memory, clock: Clock, about: About) -> None:
        """Raises RuntimeError when multi-process mode is switched on by the environment: it drops half of these metrics."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            raise RuntimeError("unset PROMETHEUS_MULTIPROC_DIR: cadence-exporter is one process")
        without_created_series()  # type: ignore[no-untyped-call]
        self._ledger = ledger
        self._gauges = Gauges(memory, ledger.marks)
        self._window = CallWindow(ledger.marks.recent_calls)
        self._fixed: dict[CounterKey, float] = {}
        self._snapshot = Snapshot({}, {}, ())
        self.registry = CollectorRegistry(auto_describe=False)
        self._histograms = {
            metric.name: self._histogram(metric) for metric in all_metrics() if metric.kind is Kind.HISTOGRAM
        }
        self.registry.register(_SnapshotCollector(self, ledger, clock))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._gauges.values["cadence_state_store_up",] = float(ledger.up)
        self.about(about)
        self.reloaded(succeeded=True, at=clock.wall())

    @property
    def snapshot(self) -> Snapshot:
        """The present one."""
        return self._snapshot

    def record(self, cycle: Cycle) -> None:
        """Take one cycle in. It is on disk already, or cannot be."""
        self._gauges.update(cycle, store_up=self._ledger.up)
        self._window.add(cycle)
        self._observe(cycle)
        self._swap()

    def about(self, about: About) -> None:
        """Show other settings from now on."""
        self._fixed = {key: value for key, value in self._fixed.items() if key[0] not in _OF_SETTINGS}
        self._fixed["cadence_build_info", about.version, about.revision, about.python_version] = 1.0
        for feature, enabled in about.features.items():
            self._fixed["cadence_feature_enabled", feature] = float(enabled)
        self._swap()

    def reloaded(self, *, succeeded: bool, at: WallTime) -> None:
        """The settings were read again."""
        self._fixed["cadence_config_last_reload_successful",] = float(succeeded)
        if succeeded:
            self._fixed["cadence_config_last_reload_success_timestamp_seconds",] = float(at)
        self._swap()

    def _swap(self) -> None:
        gauges = {**self._gauges.values, **self._fixed}
        self._snapshot = Snapshot(self._ledger.counters(), MappingProxyType(gauges), self._window.snapshot())

    def _observe(self, cycle: Cycle) -> None:
        for probe in probe_failures(cycle):
            self._child("cadence_probe_duration_seconds", probe).observe(probe_seconds(cycle, probe))
        for call in (call for call in cycle.calls if call.service in SERVICES):
            self._child("cadence_api_request_duration_seconds", call.service).observe(call.took_s)
        for phase, seconds in cycle.phase_seconds.items():
            self._child("cadence_loop_duration_seconds", phase).observe(seconds, {"cycle_id": cycle.id})
        for arrival in arrivals(cycle):
            self._child("cadence_dns_convergence_seconds", arrival.stage).observe(arrival.seconds)
        if cycle.decision.outage_ended is not None:
            self._child("cadence_outage_duration_seconds").observe(cycle.decision.outage_ended.seconds)

    def _child(self, name: str, *labels: str) -> Histogram:
        family = self._histograms[name]
        return family.labels(*labels) if labels else family

    def _histogram(self, metric: Metric) -> Histogram:
        family = Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=self.registry)
        for labels in metric.children:
            if labels:
                family.labels(*labels)
        return family


_OF_SETTINGS = ("cadence_build_info", "cadence_feature_enabled")


class _SnapshotCollector(Collector):
    """Turns the snapshot into families. Never raises: that would cost the whole scrape."""

    def __init__(self, metrics: Metrics, ledger: Ledger, clock: Clock) -> None:
        self._metrics = metrics
        self._ledger = ledger
        self._clock = clock
        self._errors = 0

    def collect(self) -> Iterable[Exposed]:
        """Every counter and gauge that has a value."""
        try:
            families = list(self._families())
        except Exception:  # noqa: BLE001 - an exception here would turn the scrape into an error page
            self._errors += 1
            families = []
        errors = CounterMetricFamily(_ERRORS.removesuffix("_total"), "Failures while the metrics were drawn up.")
        errors.add_metric([], self._errors)
        return [*families, errors]

    def _families(self) -> Iterator[Exposed]:
        snapshot = self._metrics.snapshot
        counters = dict(snapshot.counters)
        for phase, value in self._ledger.state_seconds().items():
            counters[_STATE_SECONDS, phase] = value
        gauges = dict(snapshot.gauges)
        for service, number in calls_last_hour(snapshot.calls, self._clock.monotonic()).items():
            gauges[_CALLS, service] = float(number)
        shown: dict[str, list[CounterKey]] = {}
        for key in gauges:
            shown.setdefault(key[0], []).append(key)
        for metric in all_metrics():
            if metric.kind is Kind.COUNTER and metric.persistent:
                yield _counter(metric, counters)
            elif metric.kind is Kind.GAUGE:
                gauge = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
                for key in shown.get(metric.name, ()):
                    gauge.add_metric(key[1:], gauges[key])
                yield gauge


def _counter(metric: Metric, counters: Mapping[CounterKey, float]) -> Exposed:
    counter = CounterMetricFamily(metric.name.removesuffix("_total"), metric.help, labels=metric.labels)
    for labels in metric.children:
        counter.add_metric(labels, counters.get((metric.name, *labels), 0.0))
    return counter
