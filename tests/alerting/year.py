"""The shipped alert rules over simulated time: which fire, how often, and what a person gets to read. Writes docs/ALERTS.md.

    python -m tests.alerting.year [--tuning] [--only WEATHER]

Each home is the production loop in the simulator; its samples, one a minute, are loaded into a real Prometheus, which answers the
expression of every alert once a minute. ``for`` and ``keep_firing_for`` are ``firing.py``, Alertmanager is ``messages.py``.
"""

import argparse
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.alerting.firing import Firing, firings
from tests.alerting.messages import Alertmanager
from tests.alerting.shipped import ALERTMANAGER, ALERTS, ROOT, RULES, document, seconds
from tests.alerting.told import Home, text
from tests.alerting.weathers import WEATHERS, Lived, Weather, live
from tests.servers.prometheus import Prometheus, start_prometheus

STEP_S = 60.0
POINTS = 10_000
"""In one answer; Prometheus refuses more than 11,000."""
DOCUMENT = ROOT / "docs" / "ALERTS.md"


def spelt_out() -> Iterator[tuple[dict, str]]:
    """Each alert, its expression with the recording rules' own in place of their names."""
    recorded = {rule["record"]: rule["expr"] for group in document(RULES)["groups"] for rule in group["rules"]}
    for group in document(ALERTS)["groups"]:
        for rule in group["rules"]:
            yield rule, re.sub(r"instance\w*:\w+:\w+", lambda found: f"({recorded[found[0]]})", rule["expr"])


def answers(prometheus: Prometheus, expr: str, start: float, end: float) -> dict[str, list[float]]:
    """When the expression had an answer, by its labels as JSON."""
    if "count_values" in expr:
        return _one_by_one(prometheus, expr, start, end)
    active: dict[str, list[float]] = {}
    while start < end:
        until = min(end, start + (POINTS - 1) * STEP_S)
        data = prometheus.api("query_range", query=expr, start=f"{start:.0f}", end=f"{until:.0f}", step=f"{STEP_S:.0f}")
        for series in data["result"]:
            active.setdefault(_key(series["metric"]), []).extend(time for time, _ in series["values"])
        start = until + STEP_S
    return active


def _one_by_one(prometheus: Prometheus, expr: str, start: float, end: float) -> dict[str, list[float]]:
    """Prometheus 2.42 joins ``count_values`` rightly for one moment only, as rules ask, and not over a range.

    What is behind the last ``and`` of the expression says at which moments to ask.
    """
    condition = expr.rpartition("and on (job, site, instance)")[2]
    moments = {time for times in answers(prometheus, condition, start, end).values() for time in times}
    active: dict[str, list[float]] = {}
    for moment in sorted(moments):
        for series in prometheus.query(expr, time=f"{moment:.0f}"):
            active.setdefault(_key(series["metric"]), []).append(moment)
    return active


def _key(metric: dict[str, str]) -> str:
    return json.dumps({name: value for name, value in metric.items() if name != "__name__"}, sort_keys=True)


def fired(prometheus: Prometheus, lived: Lived) -> list[Firing]:
    """Every alert but the Watchdog, which always fires."""
    found = []
    for rule, expr in spelt_out():
        if rule["alert"] == "Watchdog":
            continue
        for labels, times in answers(prometheus, expr, lived.start, lived.end).items():
            whole = {**json.loads(labels), **rule["labels"], "alertname": rule["alert"]}
            waits = {"for_s": seconds(rule.get("for", "0s")), "keep_s": seconds(rule.get("keep_firing_for", "0s"))}
            found += firings(times, whole, every_s=STEP_S, **waits)
    return sorted(found, key=lambda alert: alert.start)


def home(weather: Weather, seed: int, folder: Path) -> Home:
    """Simulate one, and ask about it."""
    lived = live(weather, seed, folder / "prometheus" / "data")
    with start_prometheus(folder / "prometheus", {}, interval="1h") as prometheus:
        alerts = fired(prometheus, lived)
    return Home(weather, seed, lived, alerts, Alertmanager(document(ALERTMANAGER)).messages(alerts))


def shown(home: Home) -> str:
    """For the terminal."""
    fired = dict(Counter(alert.name for alert in home.alerts))
    sent = dict(Counter(message.receiver for message in home.messages))
    return f"{home.weather.name}, seed {home.seed}: {len(home.lived.outages)} outages; fired {fired}; messages {sent}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.alerting.year", description=__doc__)
    parser.add_argument("--tuning", action="store_true", help="the seeds for tuning; writes nothing")
    parser.add_argument("--only", default="", help="one weather; writes nothing")
    options = parser.parse_args(arguments)
    homes = []
    for weather in WEATHERS.values():
        if options.only in ("", weather.name):
            for seed in weather.tuning if options.tuning else weather.final:
                with tempfile.TemporaryDirectory(prefix="cadence-alerts-") as folder:
                    homes.append(home(weather, seed, Path(folder)))
                print(shown(homes[-1]), flush=True)
    if not (options.tuning or options.only):
        DOCUMENT.write_text(text(homes, "python -m tests.alerting.year", f"{datetime.now(UTC):%Y-%m-%d}"))


if __name__ == "__main__":
    main()
