"""The service's own metrics, sampled each simulated minute: every family that a scrape of the real service shows."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TextIO

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.record.metrics.collectors import STATE_SECONDS
from cadence_exporter.record.metrics.exposition import Bucket, Metrics
from cadence_exporter.record.metrics.families import all_metrics
from cadence_exporter.record.metrics.metric import Kind
from cadence_exporter.record.metrics.snapshot import About
from cadence_exporter.record.metrics.tally import CounterKey
from cadence_exporter.simulate.clock import EPOCH
from cadence_exporter.simulate.history import History, Row, series
from cadence_exporter.simulate.ledger import DiskLedger
from cadence_exporter.simulate.run import Simulation

EVERY_S = 60.0
WHOLE = ("cadence_state", STATE_SECONDS, "up")
"""What outages are read from: a few series, written at every scrape."""
_UP = "up"
_BORN = "process_start_time_seconds"
_Found = dict[Row, tuple[str, Sequence[float]]]
_ADDED = {
    _UP: (_UP, "gauge", "Whether the process ran: what Prometheus itself would have noted of the scrape."),
    _BORN: (_BORN, "gauge", "Start time of the process since unix epoch in seconds."),
}


class Sampler:
    """A scrape a minute, in true time: a wall clock that jumps would put samples out of order. Implements ``seams.Recorder``."""

    name = "sampler"

    def __init__(self, simulation: Simulation, only: Collection[str] = ()) -> None:
        """``simulation`` must keep counters (``tally``). ``only``: these metrics; a year of all of them is gigabytes."""
        self._simulation = simulation
        self._world = simulation.world
        self._wanted = [metric for metric in all_metrics() if not only or metric.name in only]
        self._kinds = {metric.name: metric for metric in self._wanted}
        self._ledger = DiskLedger(self._world.disk)
        self._metrics = self._fresh(Memory(Phase.INIT, self._world.clock.now()))
        self._history = History()
        self._last: _Found = {}
        self._named: dict[CounterKey, Row] = {}
        self._seen: object = None
        self._born = 0.0
        simulation.recorders.append(self)
        simulation.at_start.append(self._restart)
        self._plan()

    def write(self, out: TextIO) -> None:
        """OpenMetrics text, each family in one piece as the format demands."""
        families = {
            metric.name: (metric.name.removesuffix("_total"), str(metric.kind), metric.help) for metric in self._wanted
        }
        self._history.write(out, {**families, **_ADDED}, whole=WHOLE)

    def record(self, cycle: Cycle) -> None:
        """See ``seams.Recorder``."""
        self._ledger.take(cycle)
        self._metrics.record(cycle)

    def _restart(self, memory: Memory) -> None:
        """A new process has new metrics, which begin with what the store kept."""
        self._metrics = self._fresh(memory)
        self._born = EPOCH + self._world.clock.true

    def _fresh(self, memory: Memory) -> Metrics:
        policy = self._simulation.policy
        about = About(
            "simulated",
            records=policy.records,
            max_changes_per_day=policy.max_changes_per_day,
            max_calls_per_hour=policy.max_calls_per_hour,
            recovery=policy.recovery,
        )
        return Metrics(self._ledger, memory, self._world.clock, about)

    def _plan(self) -> None:
        self._world.after(EVERY_S, self._sample, lasting=True)

    def _sample(self) -> None:
        self._plan()
        self._history.tick(EPOCH + self._world.clock.true)
        found: _Found = {(_UP,): (_UP, (float(self._simulation.alive),))}
        if self._simulation.alive:
            snapshot = self._metrics.snapshot
            if snapshot is self._seen:  # nothing but what moves with the clock can have changed
                found = {**self._last, **found}
            else:
                found |= {row: (name, values) for name, row, values in self._of_the_cycle()}
            found |= {row: (name, values) for name, row, values in self._of_the_clock()}
            self._seen = snapshot
        else:
            self._seen = None
        self._note(found)

    def _note(self, found: _Found) -> None:
        for row, (name, values) in found.items():
            if self._last.get(row) != (name, values):
                self._history.note(name, row, values)
        for row in self._last.keys() - found.keys():
            self._history.note(self._last[row][0], row, ())
        self._last = found

    def _of_the_cycle(self) -> Iterator[tuple[str, Row, Sequence[float]]]:
        snapshot = self._metrics.snapshot
        yield _BORN, (_BORN,), (self._born,)
        for metric in self._wanted:
            if metric.kind is Kind.COUNTER and metric.name != STATE_SECONDS:
                for labels in metric.children:
                    key = (metric.name, *labels)
                    yield metric.name, self._series(key), (snapshot.counters.get(key, 0.0),)
        for key, value in snapshot.gauges.items():
            if key[0] in self._kinds:
                yield key[0], self._series(key), (value,)
        for name, samples in self._metrics.histograms():
            if name in self._kinds:
                yield from ((name, row, values) for row, values in self._children(samples))

    def _of_the_clock(self) -> Iterator[tuple[str, Row, Sequence[float]]]:
        seconds: dict[CounterKey, float] = {
            (STATE_SECONDS, phase): value for phase, value in self._world.disk.state_seconds().items()
        }
        for key, value in {**seconds, **self._metrics.snapshot.moving(self._world.clock.now())}.items():
            if key[0] in self._kinds:
                yield key[0], self._series(key), (value,)

    def _series(self, key: CounterKey) -> Row:
        """Made once: a month has millions of samples and a few hundred series."""
        if key not in self._named:
            labels = self._kinds[key[0]].labels
            self._named[key] = (series(key[0], dict(zip(labels, key[1:], strict=True))),)
        return self._named[key]

    def _children(self, samples: Iterable[Bucket]) -> Iterator[tuple[Row, Sequence[float]]]:
        """One row a child of a histogram: buckets, count and sum belong together."""
        for child, group in groupby(samples, key=lambda sample: {**sample.labels, "le": ""}):
            values = list(group)
            key = (values[0].name, *child.values())
            if key not in self._named:
                self._named[key] = tuple(series(sample.name, sample.labels) for sample in values)
            yield self._named[key], tuple(sample.value for sample in values)
