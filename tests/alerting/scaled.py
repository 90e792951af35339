"""The shipped rules and Alertmanager configuration with every time divided, so that minutes pass in seconds. Nothing else is changed.

Whatever is not understood is refused: a rule whose times stayed as they are would make a test wait for ever, or prove nothing.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

from tests.alerting.shipped import seconds

TIMES = frozenset({"60", "180", "300", "900", "3600"})
"""Numbers in expressions that are seconds."""
PURE = frozenset({"0", "0.005", "0.05", "0.5", "0.95", "1", "2", "2.5", "3", "3.5", "4.5", "5.5", "6", "14.4"})
"""Numbers in expressions that are counts, factors, shares: they mean the same however fast time passes."""
NOT_SCALED = frozenset({"0.25"})
"""A round trip, which is measured in true seconds."""
_TOKEN = re.compile(
    r"(?P<string>\"[^\"]*\")|\[(?P<window>[^\]]*)\]|offset (?P<ago>\w+)|(?P<name>[a-zA-Z_:][\w:]*)|(?P<number>\d[\w.]*)|(?P<strange>[@'`$])"
)
_UNKNOWN_WORDS = frozenset({"hour", "minute", "day_of_week", "predict_linear", "deriv", "holt_winters"})
"""What brings in time in other ways; no rule uses them today."""
_RULE_KEYS = frozenset({"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"})
_ROUTE_TIMES = ("group_wait", "group_interval", "repeat_interval")


class NotUnderstood(ValueError):
    """A rule or setting that must not be scaled by guessing."""


def scaled_rules(document: Mapping[str, Any], divide_by: float) -> dict[str, Any]:
    """A rule file. Raises NotUnderstood."""
    groups = []
    for group in document["groups"]:
        _only(group, frozenset({"name", "interval", "rules"}))
        made = {**group, "rules": [_rule(rule, divide_by) for rule in group["rules"]]}
        if "interval" in group:
            made["interval"] = duration(group["interval"], divide_by)
        groups.append(made)
    return {"groups": groups}


def scaled_expression(expr: str, divide_by: float) -> str:
    """Windows and seconds of one expression. Raises NotUnderstood."""

    def one(found: re.Match[str]) -> str:
        match found.lastgroup:
            case "window":
                return f"[{duration(found['window'], divide_by)}]"
            case "ago":
                return f"offset {duration(found['ago'], divide_by)}"
            case "number":
                return _number(found["number"], divide_by, expr)
            case "strange":
                raise NotUnderstood(f"{found[0]!r} in {expr}")
            case "name" if found["name"] in _UNKNOWN_WORDS:
                raise NotUnderstood(f"{found['name']} in {expr}")
        return found[0]

    return _TOKEN.sub(one, expr)


def scaled_alertmanager(document: Mapping[str, Any], divide_by: float, urls: Mapping[str, str]) -> dict[str, Any]:
    """Waits of the routes, and where each receiver posts to. Raises NotUnderstood."""
    made = copy.deepcopy(dict(document))
    for route in (made["route"], *made["route"]["routes"]):
        if "routes" in route and route is not made["route"]:
            raise NotUnderstood("routes below routes")
        route.update({name: duration(route[name], divide_by) for name in _ROUTE_TIMES if name in route})
    for receiver in made["receivers"]:
        _only(receiver, frozenset({"name", "webhook_configs"}))
        # The dead-man switch is shipped as a comment: it is the user's own.
        hooks = receiver["webhook_configs"] or [{"send_resolved": False}]
        receiver["webhook_configs"] = [{**hook, "url": urls[receiver["name"]]} for hook in hooks]
    return made


def duration(text: str, divide_by: float) -> str:
    """Of one unit, as the files have them; in milliseconds. Raises NotUnderstood."""
    if not re.fullmatch(r"\d+[smhd]", text):
        raise NotUnderstood(f"duration {text!r}")
    return f"{round(seconds(text) * 1000 / divide_by)}ms"


def _number(text: str, divide_by: float, expr: str) -> str:
    if text in TIMES:
        return f"{float(text) / divide_by:g}"
    if text in PURE or text in NOT_SCALED:
        return text
    raise NotUnderstood(f"is {text} a number of seconds? {expr}")


def _rule(rule: Mapping[str, Any], divide_by: float) -> dict[str, Any]:
    _only(rule, _RULE_KEYS)
    made = {**rule, "expr": scaled_expression(rule["expr"], divide_by)}
    made.update({name: duration(rule[name], divide_by) for name in ("for", "keep_firing_for") if name in rule})
    return made


def _only(found: Mapping[str, Any], known: frozenset[str]) -> None:
    if strange := set(found) - known:
        raise NotUnderstood(f"{sorted(strange)} in {found}")
