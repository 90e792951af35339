"""Every metric a page may name, with its labels: ours from the table in the code, recorded ones from the rules, Prometheus's own."""

from functools import cache
from pathlib import Path

import yaml

from cadence_exporter.record.metrics.metric import Kind
from tests.docs.metrics_usage import exposed

ROOT = Path(__file__).parents[2]
OF_THE_TARGET = {"job", "site", "instance"}

_OTHERS: dict[str, set[str]] = {
    "up": set(),
    "scrape_duration_seconds": set(),
    "scrape_samples_scraped": set(),
    "ALERTS": {"alertname", "alertstate", "severity", "layer"},
    "process_start_time_seconds": set(),
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "process_open_fds": set(),
    "process_max_fds": set(),
    "python_gc_collections_total": {"generation"},
}
"""Made by Prometheus, and by the client library's own collectors."""


@cache
def labels_of() -> dict[str, set[str]]:
    """Series name to label names, those of the target included."""
    known = {**_OTHERS, **{name: set() for name in recorded()}}
    for name, metric in exposed().items():
        bound = {"le"} if metric.kind is Kind.HISTOGRAM and name.endswith("_bucket") else set()
        known[name] = set(metric.labels) | bound
    return {name: labels | OF_THE_TARGET for name, labels in known.items()}


@cache
def counters() -> set[str]:
    """Series that only grow: their value means nothing, their growth does."""
    ours = {name for name, metric in exposed().items() if metric.kind in (Kind.COUNTER, Kind.HISTOGRAM)}
    return ours | {"process_cpu_seconds_total", "python_gc_collections_total"}


@cache
def recorded() -> set[str]:
    """Names that the recording rules write."""
    return {rule["record"] for rule in _rules("prometheus/rules/*.rules.yml") if "record" in rule}


@cache
def alerts() -> set[str]:
    """Names of the alerts."""
    return {rule["alert"] for rule in _rules("alerting/*.alerts.yml") if "alert" in rule}


def rule_expressions() -> list[str]:
    """Of recording rules and alerts."""
    return [str(rule["expr"]) for rule in (*_rules("prometheus/rules/*.rules.yml"), *_rules("alerting/*.alerts.yml"))]


def _rules(pattern: str) -> list[dict]:
    files = [yaml.safe_load(file.read_text()) for file in sorted(ROOT.glob(pattern))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]
