"""Tables made of several queries: rows joined, columns named, ordered and coloured."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.builders.table import Panel
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue, ValueMapping

from grafana.src.words import NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Column:
    """One column, from a label or from a query (``Value #A`` is that of the first)."""

    source: str
    name: str
    unit: str = ""
    decimals: int | None = None
    width: int = 0
    """Pixels; 0 shares what is left."""
    words: Sequence[ValueMapping] = field(default_factory=tuple)
    limits: ThresholdsConfig | None = None
    link: tuple[str, str] | None = None
    """Title and address."""


def joined(panel: Panel, columns: Sequence[Column], *, grouped: DataTransformerConfig | None = None) -> Panel:
    """The queries' rows joined where their labels agree; then ``grouped``, if given; then only these columns, in this order."""
    panel.with_transformation(DataTransformerConfig("merge", options={}))
    if grouped is not None:
        panel.with_transformation(grouped)
    sources = [column.source for column in columns]
    panel.with_transformation(DataTransformerConfig("filterFieldsByName", options={"include": {"names": sources}}))
    panel.with_transformation(
        DataTransformerConfig(
            "organize",
            options={
                "indexByName": {source: index for index, source in enumerate(sources)},
                "renameByName": {column.source: column.name for column in columns},
                "excludeByName": {},
            },
        )
    )
    for column in columns:
        properties = _properties(column)
        if properties:
            panel.override_by_name(column.name, properties)
    return panel


def sorted_by(panel: Panel, name: str, *, descending: bool) -> Panel:
    """The order at first; a click on a heading changes it."""
    return panel.sort_by([TableSortByFieldState().display_name(name).desc(desc=descending)])


def once_each(keys: Sequence[str], values: Sequence[str]) -> DataTransformerConfig:
    """Rows with equal keys become one, with the greatest of each value: its column is then called ``NAME (max)``."""
    grouping: dict[str, object] = {key: {"aggregations": [], "operation": "groupby"} for key in keys}
    grouping |= {value: {"aggregations": ["max"], "operation": "aggregate"} for value in values}
    return DataTransformerConfig("groupBy", options={"fields": grouping})


def _properties(column: Column) -> list[DynamicConfigValue]:
    found: list[DynamicConfigValue] = []
    if column.unit:
        found.append(DynamicConfigValue("unit", column.unit))
    if column.decimals is not None:
        found.append(DynamicConfigValue("decimals", column.decimals))
    if column.width:
        found.append(DynamicConfigValue("custom.width", column.width))
    if column.words or column.limits is not None:
        found.append(DynamicConfigValue("mappings", [*column.words, NOT_KNOWN]))
    if column.limits is not None:
        found.append(DynamicConfigValue("thresholds", column.limits.build()))
    if column.words:
        found.append(DynamicConfigValue("custom.align", "left"))
    if column.words or column.limits is not None:
        found.append(DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}))
    if column.link is not None:
        title, url = column.link
        found.append(DynamicConfigValue("links", [{"title": title, "url": url, "targetBlank": False}]))
    return found
