"""History -> what the connection was, piece by piece, and as a strip of cells. Time in which Cadence did not run is not known."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from cadence_exporter.record.state.chronicle import OutageHeld, TransitionHeld
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.state.watched import WatchedHeld


class Condition(StrEnum):
    """What the connection was; the worse, the later."""

    UNKNOWN = "unknown"
    """Cadence did not run, or had just begun to look."""
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


_WORSE = tuple(Condition)
_CONDITIONS = {"up": Condition.UP, "degraded": Condition.DEGRADED, "down": Condition.DOWN}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time, in wall-clock seconds, in which nothing changed."""

    began: float
    ended: float
    condition: Condition


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a strip."""

    main: Condition
    """What it was for most of the time that is known."""
    worst: Condition
    """The worst that it was, however short."""
    share: float
    """Of the known time, 0 to 1, in which it was as bad as that."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A span of time in numbers; all times in seconds."""

    seconds: Mapping[Condition, float]
    outages: int
    longest_s: float

    @property
    def up_ratio(self) -> float | None:
        """Of the known time; ``None`` when nothing is known."""
        known = sum(value for condition, value in self.seconds.items() if condition is not Condition.UNKNOWN)
        return self.seconds[Condition.UP] / known if known else None


def pieces(view: HistoryView, began: float, ended: float) -> tuple[Piece, ...]:
    """The whole of ``began`` to ``ended``, without holes. ``view`` must reach back further than ``began``."""
    steps = sorted(view.transitions, key=_at)
    found: list[Piece] = []
    at = began
    for stretch in sorted(view.watched, key=lambda each: each.began):
        start, end = max(stretch.began, at), min(stretch.ended, ended)
        if end <= start:
            continue
        if start > at:
            found.append(Piece(at, start, Condition.UNKNOWN))
        found.extend(_within(steps, stretch, start, end))
        at = end
    if at < ended:
        found.append(Piece(at, ended, Condition.UNKNOWN))
    return tuple(found)


def _at(step: TransitionHeld) -> float:
    return step.at


def _within(steps: Sequence[TransitionHeld], stretch: WatchedHeld, start: float, end: float) -> Iterator[Piece]:
    """The conditions from ``start`` to ``end``, both within one stretch. ``steps`` are in the order of time."""
    first = bisect_left(steps, float(stretch.began), key=_at)
    next_ = bisect_right(steps, start, lo=first, key=_at)
    if next_ > first:
        state = steps[next_ - 1].to_state
    elif first < len(steps) and steps[first].at <= stretch.ended:
        state = steps[first].from_state  # says what was before it: after a start, INIT
    else:
        state = steps[first - 1].to_state if first else "init"
    at = start
    for step in islice(steps, next_, None):
        if step.at >= end:
            break
        if step.at > at:
            yield Piece(at, step.at, _condition(state))
            at = step.at
        state = step.to_state
    yield Piece(at, end, _condition(state))


def _condition(state: str) -> Condition:
    return _CONDITIONS.get(state, Condition.UNKNOWN)


def cells(found: Sequence[Piece], number: int) -> tuple[Cell, ...]:
    """The same time in ``number`` cells of equal length. One walk along the pieces: a home that flaps has thousands."""
    began, ended = found[0].began, found[-1].ended
    width = (ended - began) / number
    row: list[Cell] = []
    first = 0
    for index in range(number):
        start, end = began + index * width, began + (index + 1) * width
        while first < len(found) - 1 and found[first].ended <= start:
            first += 1
        last = first
        while last < len(found) - 1 and found[last].ended < end:
            last += 1
        row.append(_cell(found[first : last + 1], start, end))
    return tuple(row)


def _cell(found: Iterable[Piece], began: float, ended: float) -> Cell:
    seconds = _seconds(found, began, ended)
    known = {
        condition: value for condition, value in seconds.items() if value > 0 and condition is not Condition.UNKNOWN
    }
    if not known:
        return Cell(Condition.UNKNOWN, Condition.UNKNOWN, 1.0)
    main = max(known, key=lambda condition: known[condition])
    worst = max(known, key=_WORSE.index)
    return Cell(main, worst, known[worst] / sum(known.values()))


def _seconds(found: Iterable[Piece], began: float, ended: float) -> dict[Condition, float]:
    seconds = dict.fromkeys(Condition, 0.0)
    for piece in found:
        seconds[piece.condition] += max(0.0, min(piece.ended, ended) - max(piece.began, began))
    return seconds


def summary(view: HistoryView, found: Sequence[Piece], current: OutageHeld | None) -> Summary:
    """``current``: the outage that is not over yet."""
    began, ended = found[0].began, found[-1].ended
    outages = [
        each for each in (*view.outages, current) if each is not None and each.ended > began and each.began < ended
    ]
    longest = max((min(each.seconds, ended - began) for each in outages), default=0.0)
    return Summary(_seconds(found, began, ended), len(outages), longest)
