"""Panels by type, with the looks that all of ours share. What is special (unit, words, thresholds) the caller adds."""

from typing import TypeVar

from grafana_foundation_sdk.builders import (
    barchart,
    bargauge,
    gauge,
    heatmap,
    piechart,
    statetimeline,
    statushistory,
    timeseries,
)
from grafana_foundation_sdk.builders import (
    stat as stat_builders,
)
from grafana_foundation_sdk.builders import (
    table as table_builders,
)
from grafana_foundation_sdk.builders import (
    text as text_builders,
)
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    ScaleDistributionConfig,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import FieldColorModeId
from grafana_foundation_sdk.models.piechart import PieChartLabels, PieChartType
from grafana_foundation_sdk.models.text import TextMode

from grafana.src import scales, words
from grafana.src.targets import lettered
from grafana.src.variables import DATASOURCE

P = TypeVar(
    "P",
    stat_builders.Panel,
    timeseries.Panel,
    statetimeline.Panel,
    statushistory.Panel,
    heatmap.Panel,
    bargauge.Panel,
    gauge.Panel,
    barchart.Panel,
    piechart.Panel,
    table_builders.Panel,
)
"""The builders have no common parent that knows these four."""

RARE = "10m"
"""Least step where events come minutes apart: probes rest up to three minutes, and a rate wants several in its window."""
RARER = "30m"
COUNTED = "5m"
"""Least step of a count: its window reaches one scrape into the step before, which is little of five minutes."""
FIELDS = 400
"""Steps of a timeline: each is three pixels of a whole page, so that the shortest outage is seen."""
FEW = 80
"""Bars side by side: each is wide enough to be seen beside the mark of what it counts."""


def stat(title: str, description: str, *targets: Dataquery) -> stat_builders.Panel:
    """A big value for each home, its background in the colour of its meaning."""
    return (
        _asking(stat_builders.Panel(), title, description, targets)
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .graph_mode(common.BigValueGraphMode.NONE)
        .justify_mode(common.BigValueJustifyMode.CENTER)
        .text_mode(common.BigValueTextMode.AUTO)
        .orientation(common.VizOrientation.AUTO)
        .wide_layout(wide_layout=True)
        .reduce_options(_last())
        .no_value("No data")
    )


def lines(title: str, description: str, *targets: Dataquery) -> timeseries.Panel:
    """Lines over time."""
    return (
        _asking(timeseries.Panel(), title, description, targets)
        .draw_style(common.GraphDrawStyle.LINE)
        .line_width(1)
        .fill_opacity(10)
        .show_points(common.VisibilityMode.AUTO)
        .span_nulls(span_nulls=False)
        .min(0)
        .color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .thresholds(scales.faint())
        .legend(_legend(["max", "lastNotNull"]))
        .tooltip(VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
    )


def bars(title: str, description: str, *targets: Dataquery) -> timeseries.Panel:
    """Stacked counts over time."""
    return (
        lines(title, description, *targets)
        .draw_style(common.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .line_width(0)
        .stacking(StackingConfig().mode(common.StackingMode.NORMAL))
        .interval(COUNTED)
        .max_data_points(FEW)
        .legend(_legend([]))
        .no_value("None in this range")
    )


def with_limits(panel: timeseries.Panel) -> timeseries.Panel:
    """The thresholds as dashed lines."""
    return panel.thresholds_style(GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED))


def timeline(title: str, description: str, *targets: Dataquery) -> statetimeline.Panel:
    """A bar a home, coloured by state."""
    return (
        _asking(statetimeline.Panel(), title, description, targets)
        .max_data_points(FIELDS)
        .merge_values(merge_values=True)
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.85)
        .line_width(0)
        .fill_opacity(85)
        .thresholds(scales.faint())
        .legend(_legend([]))
        .tooltip(VizTooltipOptions().mode(common.TooltipDisplayMode.SINGLE))
    )


def days(title: str, description: str, *targets: Dataquery) -> statushistory.Panel:
    """A field a home and day."""
    return (
        _asking(statushistory.Panel(), title, description, targets)
        .interval("1d")
        .row_height(0.85)
        .col_width(0.9)
        .show_value(common.VisibilityMode.AUTO)
        .line_width(0)
        .fill_opacity(80)
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .legend(
            VizLegendOptions()
            .show_legend(show_legend=False)
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
        )
        .tooltip(VizTooltipOptions().mode(common.TooltipDisplayMode.SINGLE))
    )


def heat(title: str, description: str, *targets: Dataquery) -> heatmap.Panel:
    """A histogram's buckets over time: the stronger, the more."""
    return (
        _asking(heatmap.Panel(), title, description, targets)
        .calculate(calculate=False)
        .color(heatmap.HeatmapColorOptions().scheme("Oranges").steps(32))
        .y_axis(heatmap.YAxisConfig().unit("s").axis_placement(common.AxisPlacement.LEFT))
        .cell_gap(1)
        .unit("short")
        .tooltip(heatmap.HeatmapTooltip().mode(common.TooltipDisplayMode.SINGLE).y_histogram(y_histogram=False))
        .show_legend()
    )


def ranking(title: str, description: str, *targets: Dataquery) -> bargauge.Panel:
    """A horizontal bar a series."""
    return (
        _asking(bargauge.Panel(), title, description, targets)
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.BASIC)
        .value_mode(common.BarGaugeValueMode.TEXT)
        .show_unfilled(show_unfilled=True)
        .min(0)
        .reduce_options(_last())
    )


def dial(title: str, description: str, *targets: Dataquery) -> gauge.Panel:
    """A value between two ends."""
    return (
        _asking(gauge.Panel(), title, description, targets)
        .show_threshold_markers(show_threshold_markers=True)
        .reduce_options(_last())
    )


def columns(title: str, description: str, *targets: Dataquery) -> barchart.Panel:
    """A vertical bar a row of a table."""
    return (
        _asking(barchart.Panel(), title, description, targets)
        .orientation(common.VizOrientation.VERTICAL)
        .show_value(common.VisibilityMode.NEVER)
        .min(0)
        .color_scheme(FieldColor().mode(FieldColorModeId.FIXED).fixed_color(words.CALM))
        .thresholds(scales.faint())
        .legend(_legend([]))
        .tooltip(VizTooltipOptions().mode(common.TooltipDisplayMode.SINGLE))
    )


def shares(title: str, description: str, *targets: Dataquery) -> piechart.Panel:
    """Parts of a whole."""
    return (
        _asking(piechart.Panel(), title, description, targets)
        .pie_type(PieChartType.DONUT)
        .display_labels([PieChartLabels.NAME, PieChartLabels.VALUE])
        .reduce_options(_last())
        .thresholds(scales.faint())
        .legend(
            piechart.PieChartLegendOptions()
            .show_legend(show_legend=True)
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .values([])
        )
    )


def table(title: str, description: str, *targets: Dataquery) -> table_builders.Panel:
    """Rows and columns."""
    return (
        _asking(table_builders.Panel(), title, description, targets)
        .show_header(show_header=True)
        .cell_height(common.TableCellHeight.SM)
        .filterable(filterable=False)
        .thresholds(scales.faint())
    )


def prose(title: str, description: str, content: str) -> text_builders.Panel:
    """Words."""
    return (
        text_builders.Panel()
        .title(title)
        .description(description)
        .mode(TextMode.MARKDOWN)
        .content(content)
        .unit("none")
    )


def logarithmic(panel: timeseries.Panel) -> timeseries.Panel:
    """An axis on which milliseconds and seconds both have room; it has no zero to begin at, nor to fill down to."""
    panel.scale_distribution(ScaleDistributionConfig().type(common.ScaleDistribution.LOG).log(10)).fill_opacity(0)
    config = panel.build().field_config
    if config is not None:
        config.defaults.min_val = None
    return panel


def narrow(panel: timeseries.Panel) -> timeseries.Panel:
    """Names without numbers below, where a line a home would not leave room for both."""
    return panel.legend(_legend([]))


def _asking(panel: P, title: str, description: str, targets: tuple[Dataquery, ...]) -> P:
    """What every panel with queries begins with."""
    return panel.title(title).description(description).datasource(DATASOURCE).targets(lettered(targets))


def _last() -> ReduceDataOptions:
    return ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)


def _legend(calcs: list[str]) -> VizLegendOptions:
    return (
        VizLegendOptions()
        .show_legend(show_legend=True)
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .calcs(calcs)
    )
