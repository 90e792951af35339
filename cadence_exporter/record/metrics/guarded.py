"""Collectors that cannot spoil a scrape: what one of them raises costs its own families and nobody else's, and is counted."""

import threading
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric as Exposed
from prometheus_client.registry import Collector

from cadence_exporter.record.log.journal import Fact, Journal, Level

ERRORS = "cadence_metrics_errors_total"


class Failures(Collector):
    """How often collectors failed. To be registered last, so that it shows what failed in the very scrape."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._count = 0
        self._told: set[str] = set()

    def caught(self, name: str, error: Exception) -> None:
        """Count it; said once for each collector, for scrapes come every few seconds."""
        with self._lock:
            self._count += 1
            fresh = name not in self._told
            self._told.add(name)
        if fresh and self._journal is not None:
            extras = {"error": f"{type(error).__name__}: {error}", "repeats": "counted, not told"}
            self._journal.event(Fact("METRICS", "FAILED", name, "collector", extras, Level.ERROR, "🔴"))

    def collect(self) -> Iterable[Exposed]:
        """The count."""
        errors = CounterMetricFamily(ERRORS.removesuffix("_total"), "Failures while the metrics were drawn up.")
        errors.add_metric([], self._count)
        return [errors]


class Guarded(Collector):
    """``collector``, whatever it raises."""

    def __init__(self, collector: Collector, failures: Failures) -> None:
        self._collector = collector
        self._failures = failures

    def collect(self) -> Iterable[Exposed]:
        """All of its families, or none of them."""
        try:
            return list(self._collector.collect())
        except Exception as error:  # noqa: BLE001 - an exception here would turn the whole scrape into an error page
            self._failures.caught(type(self._collector).__name__.lstrip("_"), error)
            return []
