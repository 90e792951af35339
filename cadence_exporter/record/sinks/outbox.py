"""What waits to be told: kept in memory, mirrored to the store with each commit, gone from both when it is delivered."""

import itertools
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.delivery import Happening, Kind
from cadence_exporter.record.sinks.happenings import happenings

Address = tuple[str, str]
"""Channel and id of the happening."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One way out: a sheet, a heartbeat, one URL for messages."""

    name: str
    kinds: Collection[Kind]
    """What it wants to be told."""
    most: int
    """Happenings that may wait; the oldest give way. Without a bound a sink that is never up would fill the disk."""
    formerly: str = ""
    """The name under which an earlier version kept what waits for it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A happening that waits, with its place in the queue."""

    number: int
    happening: Happening


class Outbox:
    """Safe from any thread. Without channels nothing waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._channels: dict[str, Channel] | None = None
        self._letters: dict[Address, Letter] = {}
        self._dropped: dict[str, int] = {}
        self._next = itertools.count(1)
        self.forget: Callable[[Collection[Address]], None] = lambda _: None
        """Set by the store: takes off the disk what was delivered, at once, so that a kill before the next commit repeats nothing."""

    def open(self, channels: Iterable[Channel]) -> None:
        """These are in use from now on; what waits for others will never be told."""
        with self._lock:
            self._channels = {channel.name: channel for channel in channels}
            self._letters = {
                current: letter for address, letter in self._letters.items() if (current := self._current(address))
            }

    def take(self, cycle: Cycle) -> None:
        """What happened in this cycle waits from now on."""
        with self._lock:
            for happening in happenings(cycle) if self._channels else ():
                self._put(happening)

    def waiting(self, channel: str) -> tuple[Happening, ...]:
        """Oldest first."""
        with self._lock:
            return tuple(letter.happening for (name, _), letter in self._letters.items() if name == channel)

    def delivered(self, channel: str, ids: Collection[str]) -> None:
        """Told. Called by the lane that told it."""
        with self._lock:
            gone = [address for id_ in ids if (address := (channel, id_)) in self._letters]
        if gone:
            self.forget(gone)  # before anybody is shown that nothing waits
        with self._lock:
            for address in gone:
                self._letters.pop(address, None)

    def dropped(self, channel: str) -> int:
        """How many gave way since the process began."""
        with self._lock:
            return self._dropped.get(channel, 0)

    def letters(self) -> Mapping[Address, Letter]:
        """Everything that waits, oldest first: what should be on disk."""
        with self._lock:
            return dict(self._letters)

    def restore(self, letters: Mapping[Address, Letter]) -> None:
        """What an earlier process could not deliver goes before what waits already."""
        with self._lock:
            earlier = sorted(letters.items(), key=lambda item: item[1].number)
            wanted = {
                current: letter
                for address, letter in (dict(earlier) | self._letters).items()
                if (current := self._current(address))
            }
            self._next = itertools.count(1)
            self._letters = {address: Letter(next(self._next), letter.happening) for address, letter in wanted.items()}

    def _current(self, address: Address) -> Address | None:
        """Where a letter belongs now; ``None`` when nobody wants it any more. The lock is held."""
        name, id_ = address
        if self._channels is None or name in self._channels:
            return address
        successor = next((each.name for each in self._channels.values() if each.formerly == name), None)
        return None if successor is None else (successor, id_)

    def _put(self, happening: Happening) -> None:
        for channel in (self._channels or {}).values():
            address = (channel.name, happening.id)
            if happening.kind not in channel.kinds or address in self._letters:
                continue
            self._letters[address] = Letter(next(self._next), happening)
            mine = [key for key in self._letters if key[0] == channel.name]
            for oldest in mine[: max(0, len(mine) - channel.most)]:
                del self._letters[oldest]
                self._dropped[channel.name] = self._dropped.get(channel.name, 0) + 1
