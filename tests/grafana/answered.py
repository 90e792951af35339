"""Which questions of the dashboards a real Prometheus answers with data."""

import json
import math
from collections.abc import Iterable
from typing import Any

from tests.grafana.expressions import Expression, Range, expressions
from tests.grafana.names import ROOT
from tests.servers.prometheus import Prometheus

PAGES = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))


def questions(span: Range) -> list[Expression]:
    """Of every page, each once: annotations are the same on all."""
    found: dict[tuple[str, bool, float], Expression] = {}
    for page in PAGES:
        for each in expressions(json.loads(page.read_text()), span):
            found.setdefault((each.expr, each.instant, each.step_s), each)
    return list(found.values())


def called(question: Expression) -> str:
    """How the tests name one: page, panel, query."""
    return f"{question.dashboard.removeprefix('cadence-')}: {question.place} {question.ref}"


def answered(prometheus: Prometheus, asked: Iterable[Expression], span: Range) -> set[str]:
    """Those that got at least one number."""
    return {called(each) for each in asked if _has_data(prometheus, each, span)}


def _has_data(prometheus: Prometheus, asked: Expression, span: Range) -> bool:
    if asked.instant:
        return any(_number(series["value"]) for series in prometheus.query(asked.expr, time=f"{span.end:.3f}"))
    # The last point is the present, whatever the step: that is where a page that was just opened looks.
    points = int((span.end - span.start) / asked.step_s)
    start = span.end - points * asked.step_s
    data: dict[str, Any] = prometheus.api(
        "query_range", query=asked.expr, start=f"{start:.3f}", end=f"{span.end:.3f}", step=f"{asked.step_s:g}"
    )
    return any(_number(point) for series in data["result"] for point in series["values"])


def _number(point: list[Any]) -> bool:
    return not math.isnan(float(point[1]))
