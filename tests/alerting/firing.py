"""When a rule fires, given when its expression had an answer: what Prometheus does with ``for`` and ``keep_firing_for``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Firing:
    """One alert from the moment it fires until the one at which it is resolved; Unix seconds."""

    labels: Labels
    start: float
    end: float

    @property
    def name(self) -> str:
        return self.labels["alertname"]

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """What makes two of them the same alert to Alertmanager."""
        return tuple(sorted(self.labels.items()))

    def at(self, time: float) -> bool:
        return self.start <= time < self.end


def firings(
    active: Iterable[float], labels: Labels, *, every_s: float, for_s: float = 0.0, keep_s: float = 0.0
) -> list[Firing]:
    """``active``: the evaluations, ``every_s`` apart, at which the expression had an answer for these labels; ascending."""
    found: list[Firing] = []
    since = began = last = None
    for time in active:
        if last is None or time > last + every_s * 1.5:  # there were evaluations without an answer
            if began is not None and time - (last + every_s) >= keep_s:
                found.append(Firing(labels, began, last + every_s + keep_s))
                began = None
            if began is None:
                since = time
        if began is None and time - since >= for_s:
            began = time
        last = time
    if began is not None:
        found.append(Firing(labels, began, last + every_s + keep_s))
    return found
