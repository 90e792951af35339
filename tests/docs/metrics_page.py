"""The page about the metrics, made from their declarations."""

from cadence_exporter.record.metrics.families import GROUPS
from cadence_exporter.record.metrics.metric import Kind, Metric
from tests.docs.metrics_usage import UNUSED

_INTRO = """# Metrics

Made from `cadence_exporter/record/metrics/families.py` by `make docs`; do not edit.

- Labels come from closed sets, and every combination is there from the start with 0: the first failure has an `increase()`.
- What is not known is absent. There is no 0 or NaN that means "unknown".
- No URL or error text is ever a label, and no address unless `metrics.public_ip_info` is set: then the public address is
  one, in a single series. `site` is a target label of the scrape configuration.
- Counters marked *kept* go on over restarts and never go back over a kill; an unclean stop may add up to one wait
  (about three minutes) to `cadence_state_seconds_total` of the state it was in. Histograms begin anew with each process.
- OpenMetrics is spoken to who asks for it, gzip too. There the buckets of `cadence_loop_duration_seconds` and
  `cadence_dns_convergence_seconds` carry an exemplar: the `cycle_id` that is on every line of that cycle in the json and logfmt logs.
  Prometheus keeps it when started with `--enable-feature=exemplar-storage`.
- A scrape reads memory and probes nothing. A family that cannot be drawn up is missing and counted in `cadence_metrics_errors_total`;
  the others are there.
- `process_*`, `python_*` of the client library are exposed as well.
"""


def metrics_page() -> str:
    """The content of docs/metrics.md."""
    parts = [_INTRO]
    for title, metrics in GROUPS:
        parts.append(f"## {title}\n")
        parts.append("| name | type | labels | meaning |\n| --- | --- | --- | --- |")
        parts.append("\n".join(_row(metric) for metric in metrics) + "\n")
    parts.append("## In no dashboard, rule or alert\n")
    parts.append(
        "\n".join(f"- `{name}`: {why}" for name, why in sorted(UNUSED.items())) or "None: each is used in one."
    )
    return "\n".join(parts) + "\n"


def _row(metric: Metric) -> str:
    kind = f"{metric.kind}, kept" if metric.kind is Kind.COUNTER and metric.persistent else str(metric.kind)
    labels = "<br>".join(_label(metric, position) for position in range(len(metric.labels)))
    buckets = f" Buckets: {', '.join(f'{bound:g}' for bound in metric.buckets)} s." if metric.buckets else ""
    return f"| `{metric.name}` | {kind} | {labels} | {metric.help}{buckets} |"


def _label(metric: Metric, position: int) -> str:
    values = list(dict.fromkeys(child[position] for child in metric.children))
    return f"`{metric.labels[position]}`" + (f": {', '.join(values)}" if values else "")
