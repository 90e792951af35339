"""How often something happened within each step: a query for panels with bars."""

from grafana_foundation_sdk.builders.prometheus import Dataquery

from grafana.src.promql import STEP, increase
from grafana.src.targets import over_time


def counts(metric: str, *by: str, says: str = "", **labels: str) -> Dataquery:
    """A counter's growth by the labels ``by``, of the series that grew somewhere in the range.

    Their zeros are kept, because Grafana draws a bar as wide as the gap to the next point. ``says`` goes before the labels in
    the legend.
    """
    every = ", ".join(("site", "instance", *by))
    grown = increase(metric, window=STEP, by=every, **labels)
    ever = increase(metric, window="$__range", by=every, at=" @ end()", **labels)
    legend = " ".join(("{{site}}", *filter(None, (says,)), *(f"{{{{{label}}}}}" for label in by)))
    return over_time(f"{grown} and {ever} > 0", legend)
