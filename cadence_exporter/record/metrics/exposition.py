"""The metrics: one consistent snapshot per cycle, swapped whole, so that a scrape never sees half a cycle or two active states.

Scraping reads memory and nothing else. The declarations are in ``families.py``.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client import disable_created_metrics as without_created_series

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.delivery import SinkState
from cadence_exporter.model.hearing import Hearing
from cadence_exporter.model.instants import Instant, WallTime
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.recovery import Bounce, PowerResult
from cadence_exporter.record.log.journal import Journal
from cadence_exporter.record.metrics.collectors import (
    Deliveries,
    Ears,
    Kept,
    Moving,
    StateSeconds,
    histogram,
    of_the_process,
)
from cadence_exporter.record.metrics.convergence import arrivals
from cadence_exporter.record.metrics.families import RELOADS, all_metrics
from cadence_exporter.record.metrics.gauges import PUBLIC_IP_INFO, Gauges, probe_seconds
from cadence_exporter.record.metrics.guarded import Failures, Guarded
from cadence_exporter.record.metrics.metric import Kind
from cadence_exporter.record.metrics.moving import calls_last_hour
from cadence_exporter.record.metrics.snapshot import About, Snapshot
from cadence_exporter.record.metrics.tally import SERVICES, CounterKey, probe_failures
from cadence_exporter.record.state.marks import Marks
from cadence_exporter.seams import Clock

_OF_SETTINGS = ("cadence_build_info", "cadence_feature_enabled")


class Bucket(NamedTuple):
    """One sample of a histogram."""

    name: str
    labels: Mapping[str, str]
    value: float


class Ledger(Protocol):
    """What the metrics read from the state store."""

    @property
    def up(self) -> bool:
        """Whether the last commit is on disk."""
        ...

    @property
    def marks(self) -> Marks:
        """When things last happened, before this process."""
        ...

    def counters(self) -> Mapping[CounterKey, float]:
        """The sums as of the last commit. Called by the loop's thread."""
        ...

    def state_seconds(self) -> Mapping[Phase, float]:
        """Right now. Called by scrapes."""
        ...


class Metrics:
    """Implements ``seams.Recorder``. ``registry`` is what the web side renders."""

    name = "metrics"

    def __init__(
        self, ledger: Ledger, memory: Memory, clock: Clock, about: About, journal: Journal | None = None
    ) -> None:
        """``journal`` is told of collectors that fail.

        Raises RuntimeError when multi-process mode is switched on by the environment: it drops half of these metrics.
        """
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            raise RuntimeError("unset PROMETHEUS_MULTIPROC_DIR: cadence-exporter is one process")
        without_created_series()  # type: ignore[no-untyped-call]
        self._ledger = ledger
        self._clock = clock
        self._gauges = Gauges(memory, ledger.marks)
        self._gauges.values["cadence_state_store_up",] = float(ledger.up)
        self._memory = memory
        self._cut: tuple[Instant, float] | None = None
        """When the power was really cut, until the connection is up again."""
        self._fixed: dict[CounterKey, float] = {(RELOADS, "success"): 0.0, (RELOADS, "error"): 0.0}
        self._snapshot = Snapshot({}, {}, memory, about)
        self._histograms = {metric.name: histogram(metric) for metric in all_metrics() if metric.kind is Kind.HISTOGRAM}
        self.registry = CollectorRegistry(auto_describe=True)
        failures = Failures(journal)
        self.hearings: Callable[[], Iterable[Hearing]] = tuple
        """What the listeners do; nobody listens yet. Asked by scrapes, from any thread."""
        self.sinks: Callable[[], Iterable[SinkState]] = tuple
        """How the sinks fare; none is switched on yet. Asked as the above."""
        own = (
            Kept(lambda: self._snapshot),
            StateSeconds(ledger.state_seconds),
            Moving(lambda: self._snapshot, clock),
            Ears(lambda: self.hearings()),  # noqa: PLW0108 - they are set later
            Deliveries(lambda: self.sinks()),  # noqa: PLW0108 - the same
        )
        for collector in (*own, *self._histograms.values(), *of_the_process()):
            self.registry.register(Guarded(collector, failures))
        self.registry.register(failures)
        self.about(about)
        self._in_force_since(clock.wall())

    @property
    def snapshot(self) -> Snapshot:
        """The present one."""
        return self._snapshot

    def calls_last_hour(self) -> Mapping[str, int]:
        """Calls by service in the sixty minutes before now. Safe from any thread."""
        return calls_last_hour(self._snapshot.memory.calls, self._clock.monotonic())

    def histograms(self) -> Iterator[tuple[str, list[Bucket]]]:
        """Each histogram as it is now: its name, and child by child its buckets, count and sum."""
        for name, histogram_ in self._histograms.items():
            samples = next(iter(histogram_.collect())).samples
            yield name, [Bucket(sample.name, sample.labels, sample.value) for sample in samples]

    def record(self, cycle: Cycle) -> None:
        """Take one cycle in. It is on disk already, or cannot be."""
        self._memory = cycle.memory
        self._gauges.update(cycle, store_up=self._ledger.up, rehearses=self._about.recovery.rehearses)
        self._observe(cycle)
        self._swap()

    def about(self, about: About) -> None:
        """Show other settings from now on."""
        self._about = about
        self._fixed = {key: value for key, value in self._fixed.items() if key[0] not in _OF_SETTINGS}
        self._fixed["cadence_build_info", about.version, about.revision, about.python_version] = 1.0
        for feature, enabled in about.features.items():
            self._fixed["cadence_feature_enabled", feature] = float(enabled)
        self._swap()

    def reloaded(self, *, succeeded: bool, at: WallTime) -> None:
        """The settings were read again."""
        self._fixed[RELOADS, "success" if succeeded else "error"] += 1.0
        if succeeded:
            self._in_force_since(at)
        else:
            self._fixed["cadence_config_last_reload_successful",] = 0.0
            self._swap()

    def _in_force_since(self, at: WallTime) -> None:
        self._fixed["cadence_config_last_reload_successful",] = 1.0
        self._fixed["cadence_config_last_reload_success_timestamp_seconds",] = float(at)
        self._swap()

    def _swap(self) -> None:
        gauges = {**self._gauges.values, **self._fixed}
        if not self._about.public_ip_info:
            gauges = {key: value for key, value in gauges.items() if key[0] != PUBLIC_IP_INFO}
        self._snapshot = Snapshot(self._ledger.counters(), MappingProxyType(gauges), self._memory, self._about)

    def _observe(self, cycle: Cycle) -> None:
        for probe in probe_failures(cycle):
            self._child("cadence_probe_duration_seconds", probe).observe(probe_seconds(cycle, probe))
        for call in (call for call in cycle.calls if call.service in SERVICES):
            self._child("cadence_api_request_duration_seconds", call.service).observe(call.took_s)
        for phase, seconds in cycle.phase_seconds.items():
            self._child("cadence_loop_duration_seconds", phase).observe(seconds, {"cycle_id": cycle.id})
        for arrival in arrivals(cycle):
            convergence = self._child("cadence_dns_convergence_seconds", arrival.stage)
            convergence.observe(arrival.seconds, {"cycle_id": cycle.id})
        if cycle.decision.outage_ended is not None:
            self._child("cadence_outage_duration_seconds").observe(cycle.decision.outage_ended.seconds)
        self._bounce(cycle)

    def _bounce(self, cycle: Cycle) -> None:
        """One that was asked for while the connection was up has not brought it back before the power was."""
        done = cycle.power
        if done is not None and isinstance(done.action, Bounce):
            really = done.result in (PowerResult.SUCCESS, PowerResult.DOUBTFUL)
            self._cut = (done.at.instant, done.action.off_for_s) if really else None
        elif self._cut is not None and cycle.memory.phase is Phase.UP:
            at, off_for_s = self._cut
            seconds = cycle.ended.instant - at
            if seconds > off_for_s:
                self._child("cadence_recovery_duration_seconds").observe(seconds, {"cycle_id": cycle.id})
                self._cut = None

    def _child(self, name: str, *labels: str) -> Histogram:
        family = self._histograms[name]
        return family.labels(*labels) if labels else family
