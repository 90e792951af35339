"""What is declared of a metric."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product


class Kind(StrEnum):
    """The metric types of the exposition format."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One family."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    children: tuple[tuple[str, ...], ...] = ()
    """Every combination of label values that there can be; empty for gauges whose children come and go."""
    buckets: tuple[float, ...] = ()
    """Upper bounds in seconds; of histograms only."""
    persistent: bool = True
    """Of counters: whether the store keeps them over restarts."""


def _each(*sets: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(product(*(tuple(str(value) for value in values) for values in sets)))


def counter(name: str, text: str, labels: str = "", *sets: tuple[str, ...], persistent: bool = True) -> Metric:
    """A sum that only grows; one child for each combination of the closed sets."""
    return Metric(name, Kind.COUNTER, text, tuple(labels.split()), _each(*sets), persistent=persistent)


def gauge(name: str, text: str, labels: str = "") -> Metric:
    """A value that goes up and down; its children come and go."""
    return Metric(name, Kind.GAUGE, text, tuple(labels.split()))


def histogram(name: str, text: str, buckets: tuple[float, ...], labels: str = "", *sets: tuple[str, ...]) -> Metric:
    """Times in seconds, by upper bounds."""
    return Metric(name, Kind.HISTOGRAM, text, tuple(labels.split()), _each(*sets), buckets)
