"""Since when until when somebody watched: what tells "the connection was up" from "nobody knows, Cadence did not run".

Two rows of the image, so that each commit writes the small one only. Stores of versions before have neither.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import WallTime

PAST = ("meta", "watched")
CURRENT = ("meta", "watching")
RESTART_S = 60.0
"""A restart that takes no longer is no gap: each update of a container would look like one."""
LATE_S = 60.0
"""A cycle that comes so much later than it was due was kept from coming: the machine slept, or was stopped."""
LONGEST_CYCLE_S = 180.0
"""A cycle that takes longer stood still in the middle: it looked when it began, and nobody looked since."""
KEPT_S = 35 * 86400.0
"""As far back as anybody draws, and some."""
MOST_KEPT = 300
"""Of a machine that is switched on and off several times a day, or a process that dies each minute and a half."""

Image = Mapping[tuple[str, ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class WatchedHeld:
    """A stretch of time with a cycle whenever one was due."""

    began: WallTime
    ended: WallTime


class Watch:
    """The stretches up to now. Used by the store, under its rules."""

    def __init__(self) -> None:
        self._stretches: list[WatchedHeld] = []
        self._due = WallTime(-math.inf)
        """When the next cycle should have begun, at the latest; never, before the first one."""

    def take(self, cycle: Cycle) -> None:
        """One more cycle was made."""
        began, ended = cycle.began.wall, cycle.ended.wall
        last = self._stretches[-1] if self._stretches else None
        hung = ended - began > LONGEST_CYCLE_S
        looked = began if hung else ended
        if last is not None and last.ended <= began <= max(self._due, last.ended + RESTART_S) and began <= ended:
            self._stretches[-1] = WatchedHeld(last.began, looked)
        else:
            self._stretches.append(WatchedHeld(min(began, ended), looked))
        if hung:
            self._stretches.append(WatchedHeld(ended, ended))
        self._due = WallTime(ended + (cycle.decision.next_look - cycle.ended.instant) + LATE_S)
        oldest = ended - KEPT_S
        self._stretches = [each for each in self._stretches[-MOST_KEPT:] if each.ended >= oldest]

    def until(self, wall: WallTime) -> None:
        """A clean stop: there was nothing to look at since the last cycle, or it would have been looked at."""
        last = self._stretches[-1] if self._stretches else None
        if last is not None and last.ended <= wall <= self._due:
            self._stretches[-1] = WatchedHeld(last.began, wall)

    def restore(self, image: Image) -> None:
        """Put what is on disk before what was seen since the start. Raises ValueError or TypeError when it makes no sense."""
        self._stretches = [*watched_of(image), *self._stretches]

    def rows(self) -> dict[tuple[str, ...], tuple[str]]:
        """What there is to keep."""
        if not self._stretches:
            return {}
        *past, current = ([each.began, each.ended] for each in self._stretches)
        return {PAST: (json.dumps(past),), CURRENT: (json.dumps(current),)}


def watched_of(image: Image) -> tuple[WatchedHeld, ...]:
    """The stretches on disk, oldest first. Raises ValueError or TypeError when a row makes no sense."""
    if CURRENT not in image:
        return ()
    past = json.loads(str(image[PAST][0])) if PAST in image else []
    rows = [*past, json.loads(str(image[CURRENT][0]))]
    return tuple(WatchedHeld(_finite(began), _finite(ended)) for began, ended in rows)


def _finite(value: object) -> WallTime:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("a number that is none")
    return WallTime(number)
