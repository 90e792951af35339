"""The choices at the top of every page."""

from grafana_foundation_sdk.builders.dashboard import (
    ConstantVariable,
    CustomVariable,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

RUNBOOKS = "http://git.home.arpa/cadence-exporter/docs/runbooks.md"
"""Where a browser reads the runbooks: a place of yours, as in ``alerting/templates/addresses.tmpl``. Put it here and run
``make dashboards``."""

OBJECTIVES = "99.5,99,99.9,99.95"
"""Percent of the observed time; the first is chosen."""


def datasource() -> DatasourceVariable:
    """Which Prometheus."""
    return DatasourceVariable("datasource").label("Data source").type("prometheus")


def job() -> QueryVariable:
    """The scrape job. All is what is called after Cadence: with ``.+`` the ``up`` of Prometheus and Alertmanager would be homes."""
    return _choice("job", "Job", "label_values(cadence_state, job)").all_value("cadence.*")


def site() -> QueryVariable:
    """The home. ``.*``, so that a scrape configuration without a ``site`` label is no empty page."""
    return _choice("site", "Site", 'label_values(cadence_state{job=~"$job"}, site)').all_value(".*")


def instance() -> QueryVariable:
    """The process."""
    return _choice(
        "instance", "Instance", 'label_values(cadence_state{job=~"$job",site=~"$site"}, instance)'
    ).all_value(".+")


def runbooks() -> ConstantVariable:
    """The address that runbook links begin with; not shown."""
    return ConstantVariable("runbooks").label("Runbooks").value(RUNBOOKS)


def objective() -> CustomVariable:
    """What was promised, in percent."""
    first, *_ = OBJECTIVES.split(",")
    return (
        CustomVariable("objective")
        .label("Objective %")
        .values(OBJECTIVES)
        .current(VariableOption(selected=True, text=first, value=first))
        .options([VariableOption(selected=each == first, text=each, value=each) for each in OBJECTIVES.split(",")])
    )


def _choice(name: str, label: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": name})
        .definition(query)
        .multi(multi=True)
        .include_all(include_all=True)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )
