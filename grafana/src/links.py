"""Ways onwards: from a panel to the page with the details, and to what to do."""

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

TAG = "cadence"
OVERVIEW, FLEET, SLO, DEBUG, KIOSK = (f"cadence-{name}" for name in ("overview", "fleet", "slo", "debug", "kiosk"))


def pages() -> DashboardLink:
    """The menu of all pages, with the chosen homes and the time range carried along."""
    return (
        DashboardLink("Cadence")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(as_dropdown=True)
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
        .tooltip("The other pages, for the same homes and times")
    )


def runbooks() -> DashboardLink:
    """What to do, alert by alert."""
    return (
        DashboardLink("Runbooks")
        .type(DashboardLinkType.LINK)
        .icon("doc")
        .url("${runbooks}")
        .target_blank(target_blank=True)
    )


def page(title: str, uid: str) -> DashboardLink:
    """Another page, for the same homes and times."""
    return DashboardLink(title).type(DashboardLinkType.LINK).url(f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}")


def runbook(anchor: str) -> DashboardLink:
    """The runbook of one alert; anchors are the alerts' names in lower case."""
    return (
        DashboardLink(f"Runbook: {anchor}")
        .type(DashboardLinkType.LINK)
        .url(f"${{runbooks}}#{anchor.lower()}")
        .target_blank(target_blank=True)
    )
