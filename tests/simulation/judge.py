"""Measures any way of keeping a record right, from outside: what the line was, what the zone held, and who wrote what when."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cadence_exporter.simulate.home import VPN
from cadence_exporter.simulate.ills import Ills
from cadence_exporter.simulate.world import World
from cadence_exporter.simulate.zone import Entry, Write

Span = tuple[float, float]
"""From and until, in true seconds."""

WINDOW_S = 80 * 60.0
"""As in the promise of the simulator: an address older than this is nobody's honest mistake."""

LATEST_VERDICT_S = 10.0
"""A request that went into a cut line gives up 8 seconds later, when the line may be back."""


class ToldEntry(Entry):
    """Tells of each change."""

    def __init__(self, told: Callable[[float, tuple[str, ...]], None]) -> None:
        super().__init__()
        self._told = told

    def become(self, held, at, writer):
        super().become(held, at, writer)
        self._told(at, tuple(each.content for each in held))


def also_tell(ills: Ills[Any], told: Callable[[], None]) -> None:
    """Besides whoever is told already."""
    before = ills.told

    def both() -> None:
        if before is not None:
            before()
        told()

    ills.told = both


@dataclass
class Marks:
    """Of one run, or of several together."""

    days: float = 0.0
    changes: int = 0
    """Of the home's address."""
    delays_s: list[float] = field(default_factory=list)
    """From a change until the provider held it, in seconds with a usable line."""
    overtaken: int = 0
    """Changes that the provider never held, for the next one came first."""
    calls: int = 0
    writes: int = 0
    wrong: int = 0
    """Writes of an address that had not been the home's within ``WINDOW_S``."""
    outdated: int = 0
    """Writes of an address that had been the home's within ``WINDOW_S``, and was no more."""
    astray_s: float = 0.0
    """In which the record held another address than the home's while the line was usable."""
    foreign_s: float = 0.0
    """The part of that in which it held what had never been the home's."""
    outages: int = 0
    unseen: int = 0
    """Outages in which no look found anything wrong."""
    unseen_minute: int = 0
    """Those of them that lasted a minute or longer."""

    def add(self, other: "Marks") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class Judge:
    """Sits in a world from before its first second."""

    def __init__(self, world: World, until_s: float) -> None:
        self._world = world
        self._until_s = until_s
        self._held: list[tuple[float, tuple[str, ...]]] = []
        self._usable: list[tuple[float, bool]] = [(0.0, True)]
        self._cut: list[tuple[float, bool]] = [(0.0, False)]
        self.noticed: list[float] = []
        """Moments at which the policy saw that nothing gets through; to be filled by whoever runs it."""
        self._marks = Marks(days=until_s / 86_400.0)
        for ills in (world.line.cuts, world.line.portals, world.router.off):
            also_tell(ills, self._note_line)
        world.zone.entries[VPN.key] = ToldEntry(lambda at, contents: self._held.append((at, contents)))
        world.zone.watchers.append(self._written)
        world.after(until_s, self._count_calls, lasting=True)

    def marks(self) -> Marks:
        """When all is over."""
        marks = self._marks
        line = [(true, str(addresses[0])) for _, true, addresses in self._world.line.history if true < self._until_s]
        usable = self._spans(self._usable, wanted=True)
        ever: set[str] = set()
        for (begin, address), end in zip(line, [*(true for true, _ in line[1:]), self._until_s], strict=True):
            ever.add(address)
            wrong = [
                (max(begin, since), min(end, until), held)
                for since, until, held in self._states()
                if since < end and until > begin and held != (address,)
            ]
            marks.astray_s += sum(common((since, until), usable) for since, until, _ in wrong)
            marks.foreign_s += sum(common((since, until), usable) for since, until, held in wrong if not ever & {*held})
            if begin > 0.0:
                self._judge_change(begin, end, address, usable)
        for cut in self._spans(self._cut, wanted=True):
            marks.outages += 1
            if not any(cut[0] <= moment <= cut[1] + LATEST_VERDICT_S for moment in self.noticed):
                marks.unseen += 1
                marks.unseen_minute += cut[1] - cut[0] >= 60.0
        return marks

    def _judge_change(self, begin: float, end: float, address: str, usable: list[Span]) -> None:
        self._marks.changes += 1
        right = [max(begin, since) for since, until, held in self._states() if held == (address,) and until > begin]
        arrived = min(right, default=end)
        if arrived >= end:
            self._marks.overtaken += end < self._until_s
        else:
            self._marks.delays_s.append(common((begin, arrived), usable))

    def _states(self) -> Iterable[tuple[float, float, tuple[str, ...]]]:
        ends = [*(at for at, _ in self._held[1:]), self._until_s]
        return [(at, end, held) for (at, held), end in zip(self._held, ends, strict=True) if at < end]

    def _spans(self, notes: list[tuple[float, bool]], *, wanted: bool) -> list[Span]:
        notes = [note for note in notes if note[0] < self._until_s]
        ends = [*(at for at, _ in notes[1:]), self._until_s]
        return [(at, end) for (at, state), end in zip(notes, ends, strict=True) if state is wanted and at < end]

    def _note_line(self) -> None:
        now, world = self._world.clock.true, self._world
        for notes, state in (
            (self._usable, world.online()),
            (self._cut, bool(world.line.cuts.active or world.router.off.active)),
        ):
            if notes[-1][1] is not state:
                notes.append((now, state))

    def _written(self, write: Write) -> None:
        if self._world.clock.true >= self._until_s:
            return
        self._marks.writes += 1
        if write.address not in self._world.line.ours_now():
            recent = self._world.line.was_ours(write.address, WINDOW_S)
            self._marks.outdated += recent
            self._marks.wrong += not recent

    def _count_calls(self) -> None:
        self._marks.calls = sum(self._world.calls_made.values())


def common(span: Span, spans: list[Span]) -> float:
    """Seconds that ``span`` shares with the sorted ``spans``."""
    first = max(0, bisect_right(spans, span[0], key=lambda each: each[0]) - 1)
    total = 0.0
    for begin, end in spans[first:]:
        if begin >= span[1]:
            break
        total += max(0.0, min(end, span[1]) - max(begin, span[0]))
    return total
