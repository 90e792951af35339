"""How often something happened within each step."""

from grafana_foundation_sdk.builders.prometheus import Dataquery

from grafana.src.promql import STEP, increase
from grafana.src.targets import over_time


def counts(metric: str, *labels: str) -> Dataquery:
    """A counter's growth by ``labels``, where it grew."""
    grown = increase(metric, window=STEP, by=", ".join(("site", "instance", *labels)))
    return over_time(f"{grown} > 0", " ".join(f"{{{{{label}}}}}" for label in ("site", *labels)))
