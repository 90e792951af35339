"""What is declared of a metric."""

from dataclasses import dataclass
from enum import StrEnum


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
