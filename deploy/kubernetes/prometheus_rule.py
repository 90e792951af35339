"""The rule files of Prometheus as one PrometheusRule: ``python deploy/kubernetes/prometheus_rule.py`` (``make rules``) writes it anew."""

from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]
RULES = ("prometheus/rules/cadence.rules.yml", "alerting/cadence.alerts.yml")
WRITTEN = REPOSITORY / "deploy/kubernetes/operator/prometheusrule.yaml"
HEAD = f"# Made by `make rules` from {' and '.join(RULES)}: change those.\n"


def manifest() -> str:
    """The text of the file."""
    groups: list[Any] = []
    for name in RULES:
        groups += yaml.safe_load((REPOSITORY / name).read_text(encoding="utf-8"))["groups"]
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "cadence"},
        "spec": {"groups": groups},
    }
    return HEAD + yaml.safe_dump(rule, sort_keys=False, allow_unicode=True, width=140)


if __name__ == "__main__":
    WRITTEN.write_text(manifest(), encoding="utf-8")
