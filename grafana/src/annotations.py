"""What happened, marked on every time axis. Where a metric says when, its value is the mark's time, exact to the second."""

from collections.abc import Iterable

from grafana_foundation_sdk.builders.dashboard import AnnotationPanelFilter, AnnotationQuery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard

from grafana.src.promql import HOME, of
from grafana.src.variables import DATASOURCE

_STARTED = f"1000 * max {HOME} ({of('process_start_time_seconds')})"
_BY_VERSION = "max by (site, instance, version)"


COVERED = ("state-timeline", "status-history")
"""Panels whose fields may be narrower than a mark: there it would hide the very outage that it marks."""


def annotations(
    panels: Iterable[dashboard.Panel | dashboard.RowPanel], *, only_versions: bool
) -> list[Builder[dashboard.AnnotationQuery]]:
    """Those of every page, kept off the panels that they would cover; with ``only_versions`` the others wait for a click."""
    covered = [panel.id_val for panel in panels if panel.type_val in COVERED and panel.id_val is not None]
    marks = [*(each.enable(enable=not only_versions) for each in _frequent()), _new_version()]
    if not covered:
        return [*marks]
    return [each.filter(AnnotationPanelFilter().exclude(exclude=True).ids(covered)) for each in marks]


def _frequent() -> list[AnnotationQuery]:
    return [
        _within_step(
            "Left a state for a worse one",
            "sum by (site, instance, from_state, to_state)"
            f" (increase({of('cadence_state_transitions_total', direction='demotion')}[$__rate_interval])) > 0",
            "{{site}}: {{from_state}} to {{to_state}}",
            "red",
        ),
        _at(
            "Address changed",
            f"1000 * max by (site, instance, family) ({of('cadence_public_ip_last_change_timestamp_seconds')})",
            "{{site}}: new public {{family}} address",
            "purple",
        ),
        _at(
            "DNS written",
            f"1000 * max {HOME} ({of('cadence_dns_last_mutation_timestamp_seconds')})",
            "{{site}}: a DNS record was written",
            "blue",
        ),
        _at("Restart", _STARTED, "{{site}}: Cadence was started", "yellow"),
    ]


def _new_version() -> AnnotationQuery:
    return _at(
        "New version",
        f"{_STARTED} * on (site, instance) group_left (version) {_BY_VERSION} ({of('cadence_build_info')})"
        f" unless on (site, instance, version) {_BY_VERSION} (last_over_time({of('cadence_build_info')}[7d] offset 1d))",
        "{{site}}: version {{version}} for the first time",
        "green",
    )


def _at(name: str, expr: str, title: str, colour: str) -> AnnotationQuery:
    """The value is when it happened, in milliseconds. Of several in one step the last is marked."""
    return _query(name, expr, title, colour).use_value_for_time(use_value_for_time=True)


def _within_step(name: str, expr: str, title: str, colour: str) -> AnnotationQuery:
    """A counter that grew: none is lost, the mark is right to one step."""
    return _query(name, expr, title, colour).use_value_for_time(use_value_for_time=False)


def _query(name: str, expr: str, title: str, colour: str) -> AnnotationQuery:
    return (
        AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(enable=True)
        .hide(hide=False)
        .icon_color(colour)
        .expr(expr)
        .title_format(title)
        .text_format("{{instance}}")
        .tag_keys("site")
        .step("30s")
    )
