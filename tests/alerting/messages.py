"""What Alertmanager sends, and to whom: its routing, grouping, inhibition and quiet hours in small, read from the shipped configuration.

Follows Alertmanager 0.25: ``dispatch`` (groups, ``group_wait``, ``group_interval``), ``inhibit``, and of ``notify`` the stages that mute
and that keep quiet what was said already (``DedupStage.needsUpdate``). Without silences, clusters and failing receivers.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tests.alerting.firing import Firing, Labels
from tests.alerting.shipped import seconds

Test = Callable[[Labels], bool]
_MATCHER = re.compile(r"^\s*(\w+)\s*(=~|!~|!=|=)\s*\"?(.*?)\"?\s*$")


@dataclass(frozen=True)
class Message:
    """One notification that reaches a receiver."""

    time: float
    receiver: str
    firing: tuple[Firing, ...]
    resolved: tuple[Firing, ...]

    @property
    def names(self) -> set[str]:
        return {each.name for each in self.firing}


def matches(matchers: Iterable[str]) -> Test:
    """All of Alertmanager's matchers; a label that is missing is empty."""
    tests = [_one(matcher) for matcher in matchers]
    return lambda labels: all(test(labels) for test in tests)


def _one(matcher: str) -> Test:
    found = _MATCHER.match(matcher)
    assert found is not None, matcher
    name, how, value = found.groups()
    pattern = re.compile(value if "~" in how else re.escape(value))
    wanted = not how.startswith("!")
    return lambda labels: bool(pattern.fullmatch(labels.get(name, ""))) is wanted


@dataclass(frozen=True)
class _Route:
    receiver: str
    test: Test
    group_by: tuple[str, ...]
    wait_s: float
    interval_s: float
    repeat_s: float
    mute: tuple[str, ...]
    sends_resolved: bool


@dataclass(frozen=True)
class _Inhibition:
    source: Test
    target: Test
    equal: tuple[str, ...]


class Alertmanager:
    """``configuration``: the parsed alertmanager.yml. Its routes have one level. ``Local`` is taken for UTC."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        resolved = {
            receiver["name"]: any(way.get("send_resolved", True) for way in receiver["webhook_configs"])
            for receiver in configuration["receivers"]
        }
        root = configuration["route"]
        self._routes = [self._route({**root, **route}, resolved) for route in root["routes"]]
        self._routes.append(self._route({**root, "matchers": []}, resolved))
        self._inhibitions = [
            _Inhibition(matches(rule["source_matchers"]), matches(rule["target_matchers"]), tuple(rule["equal"]))
            for rule in configuration["inhibit_rules"]
        ]
        self._quiet = {each["name"]: _nights(each["time_intervals"]) for each in configuration["time_intervals"]}

    @staticmethod
    def _route(route: Mapping[str, Any], resolved: Mapping[str, bool]) -> _Route:
        return _Route(
            route["receiver"],
            matches(route["matchers"]),
            tuple(route["group_by"]),
            *(float(seconds(route[name])) for name in ("group_wait", "group_interval", "repeat_interval")),
            tuple(route.get("mute_time_intervals", ())),
            resolved[route["receiver"]],
        )

    def messages(self, alerts: Sequence[Firing]) -> list[Message]:
        """All of them, in the order of time."""
        groups: dict[tuple[int, tuple[str, ...]], list[Firing]] = {}
        for alert in alerts:
            number = next(number for number, route in enumerate(self._routes) if route.test(alert.labels))
            key = tuple(alert.labels.get(name, "") for name in self._routes[number].group_by)
            groups.setdefault((number, key), []).append(alert)
        inhibited = self._inhibited(alerts)
        found = [
            message
            for (number, _), members in groups.items()
            for message in _Group(self._routes[number], members, inhibited, self._muted).messages()
        ]
        return sorted(found, key=lambda message: message.time)

    def _inhibited(self, alerts: Sequence[Firing]) -> Callable[[Firing, float], bool]:
        pairs = [(rule, [alert for alert in alerts if rule.source(alert.labels)]) for rule in self._inhibitions]

        def inhibited(target: Firing, time: float) -> bool:
            return any(
                rule.target(target.labels)
                and any(
                    source.at(time)
                    and all(source.labels.get(name, "") == target.labels.get(name, "") for name in rule.equal)
                    # Both sides at once: an alert does not keep its like quiet.
                    and not (rule.source(target.labels) and rule.target(source.labels))
                    for source in sources
                )
                for rule, sources in pairs
            )

        return inhibited

    def _muted(self, names: Iterable[str], time: float) -> bool:
        moment = datetime.fromtimestamp(time, UTC)
        minute = moment.hour * 60 + moment.minute
        return any(start <= minute < end for name in names for start, end in self._quiet[name])


def _nights(intervals: Iterable[Mapping[str, Any]]) -> list[tuple[int, int]]:
    def minutes(clock: str) -> int:
        return int(clock[:2]) * 60 + int(clock[3:])

    return [(minutes(each["start_time"]), minutes(each["end_time"])) for one in intervals for each in one["times"]]


@dataclass
class _Group:
    """The alerts that share a message. ``dispatch.aggrGroup``: flushed after a wait, then again and again until it is empty."""

    route: _Route
    alerts: list[Firing]
    inhibited: Callable[[Firing, float], bool]
    muted: Callable[[Iterable[str], float], bool]
    _said: tuple[float, frozenset[Any], frozenset[Any]] | None = field(default=None, init=False)

    def messages(self) -> Iterable[Message]:
        waiting = sorted(self.alerts, key=lambda alert: alert.start)
        while waiting:
            time, held = waiting[0].start + self.route.wait_s, {}
            while True:
                while waiting and waiting[0].start <= time:
                    alert = waiting.pop(0)
                    held[alert.key] = alert  # the newest of one alert
                if not held:
                    break
                message = self._flush(time, list(held.values()))
                if message:
                    yield message
                held = {key: alert for key, alert in held.items() if alert.at(time)}
                time += self.route.interval_s

    def _flush(self, time: float, held: list[Firing]) -> Message | None:
        if self.muted(self.route.mute, time):
            return None
        heard = [alert for alert in held if not self.inhibited(alert, time)]
        firing = tuple(alert for alert in heard if alert.at(time))
        resolved = tuple(alert for alert in heard if not alert.at(time))
        if not heard or not self._news(time, firing, resolved):
            return None
        self._said = (time, frozenset(a.key for a in firing), frozenset(a.key for a in resolved))
        if not self.route.sends_resolved:
            return Message(time, self.route.receiver, firing, ()) if firing else None
        return Message(time, self.route.receiver, firing, resolved)

    def _news(self, time: float, firing: Sequence[Firing], resolved: Sequence[Firing]) -> bool:
        if self._said is None:
            return bool(firing)
        then, said_firing, said_resolved = self._said
        if not {alert.key for alert in firing} <= said_firing:
            return True
        if not firing:
            return bool(said_firing)
        if self.route.sends_resolved and not {alert.key for alert in resolved} <= said_resolved:
            return True
        return then < time - self.route.repeat_s


def gaps(messages: Sequence[Message]) -> list[float]:
    """Seconds between one and the next."""
    return [after.time - before.time for before, after in pairwise(messages)]
