"""Which series a query may ask for, and which metrics no dashboard, rule or alert uses, each with the reason why it is there."""

from collections.abc import Mapping

from cadence_exporter.record.metrics.families import all_metrics
from cadence_exporter.record.metrics.metric import Kind, Metric

UNUSED: Mapping[str, str] = {}
"""The name of the metric, as declared, and the reason. The page about the metrics lists them; a test holds this against the files."""

_OF_A_HISTOGRAM = ("_bucket", "_sum", "_count")


def exposed() -> Mapping[str, Metric]:
    """Every name that Prometheus has of the product, and the metric that it belongs to."""
    return {
        metric.name + end: metric
        for metric in all_metrics()
        for end in (_OF_A_HISTOGRAM if metric.kind is Kind.HISTOGRAM else ("",))
    }
