"""Every question that a dashboard asks Prometheus, spelt out as Grafana would for one time range."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

ANY = {"job": "cadence.*", "site": ".*", "instance": ".+", "objective": "99.5", "datasource": "cadence-prometheus"}
"""The variables as a page opens with them."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PIXELS = 1000
"""Points that Grafana asks for in a panel about that wide; a panel's own maxDataPoints wins."""
_MARKS = 100
"""Points that Grafana asks for in an annotation's query."""
_MOST_POINTS = 11_000
"""Prometheus refuses more in one answer."""


@dataclass(frozen=True, slots=True)
class Range:
    """The time range at the top of the page, and how often Prometheus scrapes (the data source's ``timeInterval``)."""

    start: float
    """Unix seconds."""
    end: float
    scrape_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Expression:
    """One question."""

    dashboard: str
    """The uid."""
    place: str
    """The panel's title, or the annotation's name."""
    ref: str
    """``A``, ``B``...; ``annotation``."""
    raw: str
    """As written, with its variables."""
    expr: str
    """As asked."""
    instant: bool
    """One question at the range's end; else one at each step."""
    min_step_s: float
    """The panel's least step; 0 without one."""
    step_s: float
    """Between two answers of a range question."""
    may_be_empty: str = field(default="")
    """Why an empty answer is no fault; empty where an answer must come."""


MAY_BE_EMPTY = {
    "Does it arrive": "no sink is switched on",
    "Waiting to be told": "no sink is switched on",
    "Last delivery": "no sink is switched on",
    "Told, failed, given up": "no sink is switched on",
    "Who hears": "a simulated home has no listeners",
    "Reasons to look": "nothing was heard that is a reason",
    "Heard for nothing, and packets sent": "nothing was heard for nothing",
    "Packets of traces": "a path on loopback has no hops to trace",
    "Where it broke": "nothing broke",
    "Bounces, and the power turned on after them": "there is no switch, or it was not used",
    "Guardrails that kept the power on": "nothing asked for a bounce",
    "Last bounce": "there was none",
    "Cooldown": "there was no bounce",
    "Left today": "there is no switch",
    "From a bounce until online": "there was no bounce",
    "Can be asked": "there is neither switch nor UPS",
    "UPS": "there is none",
    "Alerts firing": "nothing fires when all is well",
    "Outage list": "no outage ended in the range",
    "Outages by length": "no outage ended in the range",
    "Longest": "no outage ended in the range",
    "Mean": "no outage ended in the range",
    "Median": "no outage ended in the range",
    "Whose fault": "no outage began in the range",
    "Convergence after a new address": "the address did not change in the range",
    "Public address": "each question is about another case",
    "DNS writes and refusals": "nothing was written or refused in a step",
    "Writes refused by reason": "nothing was refused in a step",
    "Calls that failed": "no call failed",
    "Failed probes by reason": "no probe failed",
    "Steps of the state machine": "no step was made",
    "What is known of the public address": "each question is about another case",
    "Shared address (CGNAT)": "the router does not say",
    "Exceptions, overruns, empty cycles": "nothing went wrong",
    "Log lines by level": "no line was dropped",
    "Left a state for a worse one": "nothing got worse",
    "Address changed": "the address never changed",
    "DNS written": "nothing was written yet",
    "New version": "no version is younger than a day",
}


def expressions(dashboard: dict, span: Range, variables: dict[str, str] | None = None) -> Iterator[Expression]:
    """Of every panel and annotation, in the order of the page. ``variables`` replaces values of ``ANY``."""
    values = {**ANY, **(variables or {})}
    for panel in panels(dashboard):
        least = seconds(panel.get("interval") or "0s")
        points = int(panel.get("maxDataPoints") or _PIXELS)
        for target in panel.get("targets", []):
            raw = target["expr"]
            step = _step(span, max(least, seconds(target.get("interval") or "0s")), points)
            yield Expression(
                dashboard["uid"],
                panel["title"],
                target["refId"],
                raw,
                spelt_out(raw, span, step, values),
                bool(target.get("instant")),
                least,
                step,
                MAY_BE_EMPTY.get(panel["title"], ""),
            )
    for annotation in dashboard["annotations"]["list"]:
        least = seconds(annotation.get("step") or "0s")
        step = _step(span, least, _MARKS)
        yield Expression(
            dashboard["uid"],
            annotation["name"],
            "annotation",
            annotation["expr"],
            spelt_out(annotation["expr"], span, step, values),
            instant=False,
            min_step_s=least,
            step_s=step,
            may_be_empty=MAY_BE_EMPTY.get(annotation["name"], ""),
        )


def panels(dashboard: dict) -> list[dict]:
    """Those with something in them: headings are none, what they fold away is."""
    found = []
    for panel in dashboard["panels"]:
        found += panel.get("panels", []) if panel["type"] == "row" else [panel]
    return found


def spelt_out(expr: str, span: Range, step_s: float, values: dict[str, str]) -> str:
    """The expression without a ``$``.

    Raises:
        KeyError: it names a variable that nobody knows.
    """
    whole = span.end - span.start
    known = {
        **values,
        "__interval": f"{step_s:g}s",
        "__rate_interval": f"{max(step_s + span.scrape_s, 4 * span.scrape_s):g}s",
        "__range": f"{whole:.0f}s",
        "__range_s": f"{whole:.0f}",
        "__from": f"{span.start * 1000:.0f}",
        "__to": f"{span.end * 1000:.0f}",
    }
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: known[found[1] or found[2]], expr)


def seconds(duration: str) -> float:
    """Of ``90s``, ``10m``, ``1d``."""
    return float(duration[:-1]) * _UNITS[duration[-1]]


def _step(span: Range, least: float, points: int) -> float:
    """As Grafana does: the range by the points, never finer than the scrapes nor than Prometheus answers; rounded to seconds."""
    whole = span.end - span.start
    return float(round(max(whole / min(points, _MOST_POINTS - 1), least, span.scrape_s, 1.0) + 0.4999))
