"""One query of a panel. ``instant`` asks once, for now or the whole range; ``over_time`` asks at each step."""

from collections.abc import Sequence
from string import ascii_uppercase

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery as AnyQuery
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode


def instant(expr: str, legend: str = "{{site}}") -> Dataquery:
    """One value a series."""
    return _query(expr, legend).instant().format(PromQueryFormat.TIME_SERIES)


def over_time(expr: str, legend: str = "{{site}}") -> Dataquery:
    """A line a series."""
    return _query(expr, legend).range().format(PromQueryFormat.TIME_SERIES)


def buckets(expr: str) -> Dataquery:
    """The buckets of a histogram over time; Grafana takes each from the next."""
    return _query(expr, "{{le}}").range().format(PromQueryFormat.HEATMAP)


def buckets_at_once(expr: str) -> Dataquery:
    """The buckets of a histogram over the whole range."""
    return _query(expr, "{{le}}").instant().format(PromQueryFormat.HEATMAP)


def rows(expr: str) -> Dataquery:
    """A row a series, a column a label."""
    return _query(expr, "").instant().format(PromQueryFormat.TABLE)


def rows_over_time(expr: str) -> Dataquery:
    """A row a sample, a column a label."""
    return _query(expr, "").range().format(PromQueryFormat.TABLE)


def lettered(targets: Sequence[Dataquery]) -> list[Builder[AnyQuery]]:
    """The queries of one panel, called A, B, C... as transformations call them."""
    return [target.ref_id(letter) for target, letter in zip(targets, ascii_uppercase, strict=False)]


def _query(expr: str, legend: str) -> Dataquery:
    return Dataquery().expr(expr).legend_format(legend).editor_mode(QueryEditorMode.CODE)
