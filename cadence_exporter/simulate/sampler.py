"""The service's own metrics, sampled each simulated minute: OpenMetrics text with timestamps, to be loaded into Prometheus."""

from typing import TextIO

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.record.metrics.exposition import Metrics
from cadence_exporter.record.metrics.families import Kind, Metric, all_metrics
from cadence_exporter.record.metrics.snapshot import About
from cadence_exporter.record.metrics.tally import CounterKey
from cadence_exporter.simulate.clock import EPOCH
from cadence_exporter.simulate.run import Simulation

EVERY_S = 60.0
SHOWN = (
    "cadence_state",
    "cadence_state_seconds_total",
    "cadence_state_transitions_total",
    "cadence_outages_total",
    "cadence_public_ip_changes_total",
    "cadence_dns_record_in_sync",
    "cadence_dns_mutations_total",
    "cadence_dns_mutations_suppressed_total",
    "cadence_api_requests_total",
    "cadence_state_store_up",
)
"""A month of every metric would be gigabytes."""
_SECONDS = "cadence_state_seconds_total"


class Sampler:
    """A scrape a minute, in true time: a wall clock that jumps would put samples out of order. Implements ``seams.Recorder``."""

    name = "sampler"

    def __init__(self, simulation: Simulation) -> None:
        """``simulation`` must keep counters (``tally``)."""
        self._simulation = simulation
        self._world = simulation.world
        self._metrics = self._fresh(Memory(Phase.INIT, self._world.clock.now()))
        simulation.recorders.append(self)
        simulation.at_start.append(self._restart)
        self._lines: dict[str, list[str]] = {name: [] for name in SHOWN}
        self._wanted = [metric for metric in all_metrics() if metric.name in SHOWN]
        self._plan()

    def write(self, out: TextIO) -> None:
        """OpenMetrics text, each family in one piece as the format demands."""
        for metric in self._wanted:
            name = metric.name.removesuffix("_total")
            out.write(f"# HELP {name} {metric.help}\n# TYPE {name} {metric.kind}\n")
            out.writelines(
                sorted(self._lines[metric.name], key=lambda line: line.rpartition(" ")[0].rpartition(" ")[0])
            )
        out.write("# EOF\n")

    def record(self, cycle: Cycle) -> None:
        """See ``seams.Recorder``."""
        self._metrics.record(cycle)

    def _restart(self, memory: Memory) -> None:
        """A new process has new metrics, which begin with what the store kept."""
        self._metrics = self._fresh(memory)

    def _fresh(self, memory: Memory) -> Metrics:
        return Metrics(self._world.disk, memory, self._world.clock, About("simulated"))

    def _plan(self) -> None:
        self._world.after(EVERY_S, self._sample, lasting=True)

    def _sample(self) -> None:
        self._plan()
        if not self._simulation.alive:
            return
        at = f"{EPOCH + self._world.clock.true:.3f}"
        values = {**self._metrics.snapshot.gauges, **self._metrics.snapshot.counters}
        seconds = self._world.disk.state_seconds()
        for metric in self._wanted:
            lines = self._lines[metric.name]
            if metric.name == _SECONDS:
                lines += [_line(metric, (_SECONDS, phase), value, at) for phase, value in seconds.items()]
            elif metric.kind is Kind.COUNTER:
                lines += [
                    _line(metric, key, values[key], at)
                    for labels in metric.children
                    if (key := (metric.name, *labels)) in values
                ]
            else:
                lines += [_line(metric, key, value, at) for key, value in values.items() if key[0] == metric.name]


def _line(metric: Metric, key: CounterKey, value: float, at: str) -> str:
    """Label values are names of our own: nothing in them wants escaping."""
    labels = ",".join(f'{name}="{value}"' for name, value in zip(metric.labels, key[1:], strict=True))
    return f"{metric.name}{{{labels}}} {value!r} {at}\n" if labels else f"{metric.name} {value!r} {at}\n"
