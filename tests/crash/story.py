"""One home's story, told by the production loop and the real store in the pretend world, with a point wherever the process may die."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from cadence_exporter.act.hands import Hands
from cadence_exporter.equipment import Equipment, Surroundings
from cadence_exporter.loop import Loop
from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.decision import Reconcile
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.record.faults import CountedFaults
from cadence_exporter.record.log.console import Console, Style
from cadence_exporter.record.log.journal import Level
from cadence_exporter.record.metrics.exposition import About, Metrics
from cadence_exporter.record.state.store import SqliteStore
from cadence_exporter.simulate.crew import WorldCrew
from cadence_exporter.simulate.home import PLAIN, VPN, policy
from cadence_exporter.simulate.run import reconciler_in
from cadence_exporter.simulate.world import World
from cadence_exporter.simulate.zone import Entry, Trouble, Write

SPEC = replace(PLAIN, born_right=False)
POLICY = policy(SPEC)
MOVES = tuple(ip_address(text) for text in ("81.2.69.142", "93.184.216.34", "81.2.69.143"))
Files = dict[str, bytes]


class Silence:
    encoding = "utf-8"

    def write(self, text):
        pass

    def flush(self):
        pass


class HomeWorld(World):
    """The pretend home; tells of each seam that the loop comes to."""

    on_step: Callable[[str], None] = staticmethod(lambda _where: None)

    def step(self):
        self.on_step("seam")


@dataclass(frozen=True)
class Point:
    """A moment at which the process dies, and what had been promised by then."""

    where: str
    files: Files
    """As other processes see them: what a kill leaves."""
    synced: Files
    """What the disk has been made to hold for certain."""
    wal_before: int
    """Bytes of the write-ahead log before the last commit: what follows was written by it."""
    in_flight: bool
    """The last commit is written, nobody was told yet."""
    acknowledged: int
    """The last cycle whose commit returned."""
    told: int
    """The last cycle that recorders were told of."""
    intended: bool
    """An intent was acknowledged, its outcome was not."""
    shown: dict
    seconds: dict
    true_s: float
    truth: IpAddress
    entry: Entry


def read_files(folder: Path) -> Files:
    """The state directory; the lock's content means nothing, and a lock dies with its process."""
    return {each.name: each.read_bytes() for each in sorted(folder.iterdir()) if each.is_file() and each.name != "lock"}


def without_shm(files: Files) -> Files:
    """After a power cut: the shared memory of the processes is gone."""
    return {name: content for name, content in files.items() if not name.endswith("-shm")}


class WatchedStore:
    """The real store, with a point before each commit, one before its caller is told, and one after."""

    def __init__(self, life):
        self._life, self._real = life, life.store

    def commit(self, cycle):
        self._around("commit", lambda: self._real.commit(cycle))
        self._life.acknowledge(cycle)

    def commit_intent(self, memory):
        self._around("intent", lambda: self._real.commit_intent(memory))
        self._life.teller.point("after intent")

    def _around(self, what, write):
        teller = self._life.teller
        teller.point(f"before {what}")
        teller.wal_before = teller.wal_length()
        write()
        teller.point(f"in flight {what}", in_flight=True)
        teller.sync()


class Watcher:
    """A recorder that marks a point."""

    name = "watcher"

    def __init__(self, teller, where):
        self._teller, self._where = teller, where

    def record(self, cycle):
        self._teller.told = cycle.memory.cycle
        self._teller.point(self._where)


def open_store(folder, clock):
    return SqliteStore(folder, clock, CountedFaults(Console(Silence(), clock, Style(level=Level.ERROR))))


def die(store):
    """As far as one process can play it: no clean stop. A checkpoint on closing changes no copy that was made before."""
    if store._connection is not None:
        store._connection.close()
        store._connection = None
    store._lock.release()


class Life:
    """One process: store, metrics and loop, in a world that may be older than it."""

    def __init__(self, world, folder, teller, make_loop=Loop):
        self.world, self.teller = world, teller
        self.store = open_store(folder, world.clock)
        teller.life = self
        self.metrics = None
        self.memory = self.store.load(world.clock.now())
        teller.sync()
        self.metrics = Metrics(self.store, self.memory, world.clock, About("1"))
        watchers = [Watcher(teller, "before recorders"), self.metrics, Watcher(teller, "after recorders")]
        around = Surroundings(
            clock=world.clock,
            doorbell=world.doorbell,
            store=WatchedStore(self),
            recorders=watchers,
            calls=world,
            faults=self.store._faults,
            draw=lambda: 0.5,
        )
        self.loop = make_loop(around, self._equipment(), self.memory, self._equipment)

    def acknowledge(self, cycle):
        self.teller.acknowledged = cycle.memory.cycle
        self.teller.intended = False
        self.teller.point("after commit")

    def die(self):
        die(self.store)

    def _equipment(self):
        world = self.world
        hands = Hands(reconciler_in(world), self.store._faults, world.clock)

        def perform(actions):
            if any(isinstance(action, Reconcile) for action in actions):
                self.teller.intended = True
            self.teller.point("before acting")
            return hands.perform(actions)

        return Equipment(WorldCrew(world), perform, POLICY)


class Deaf:
    """Who tells nothing: the loop that goes on after a crash."""

    life = None
    acknowledged = 0
    told = 0
    intended = False
    wal_before = 0

    def point(self, where, *, in_flight=False):
        pass

    def sync(self):
        pass

    def wal_length(self):
        return 0


class Teller(Deaf):
    """Keeps the points of a story."""

    def __init__(self, folder, world):
        self.folder, self.world = folder, world
        self.points: list[Point] = []
        self.synced: Files = {}
        self._shown: dict = {}
        self._seconds: dict = {}
        self._seen: dict[bytes, bytes] = {}
        world.on_step = self.point

    def wal_length(self):
        log = self.folder / "state.db-wal"
        return log.stat().st_size if log.exists() else 0

    def _files(self):
        """Equal contents are kept once."""
        return {name: self._seen.setdefault(content, content) for name, content in read_files(self.folder).items()}

    def sync(self):
        self.synced = without_shm(self._files())

    def point(self, where, *, in_flight=False):
        life = self.life
        if life is not None and life.metrics is not None:
            self._shown = dict(life.metrics.snapshot.counters)
            self._seconds = dict(life.store.state_seconds())
        self.points.append(
            Point(
                where=where,
                files=self._files(),
                synced=self.synced,
                wal_before=self.wal_before,
                in_flight=in_flight,
                acknowledged=self.acknowledged,
                told=self.told,
                intended=self.intended,
                shown=self._shown,
                seconds=self._seconds,
                true_s=self.world.clock.true,
                truth=self.world.line.leased[Family.IPV4],
                entry=replace(self.world.zone.entry(VPN.key)),
            )
        )


def tell(folder: Path, monkeypatch, make_loop=Loop) -> list[Point]:
    """Created, moved, a write refused, a write whose answer was lost, an outage, a clean stop; then a second process, a reload."""
    folder.mkdir()
    world = HomeWorld(SPEC, 1, 0.0)
    teller = Teller(folder, world)
    watch_files(monkeypatch, folder, teller)

    def move(address):
        world.line.lease(Family.IPV4, address)

    troubles, cuts = world.zone.troubles, world.line.cuts
    for at_s, event in (
        (400.0, lambda: move(MOVES[0])),
        (900.0, lambda: (move(MOVES[1]), troubles.add(Trouble.ERROR_500))),
        (1300.0, troubles.clear),
        (1800.0, lambda: (move(MOVES[2]), troubles.add(Trouble.LOST_ANSWER))),
        (2250.0, troubles.clear),
        (2600.0, lambda: cuts.add("cut")),
        (2900.0, cuts.clear),
        (3700.0, lambda: world.doorbell.ring(Reason.RELOAD)),
    ):
        world.after(at_s, event)
    for until_s in (3300.0, 4000.0):
        world.doorbell.until = until_s
        life = Life(world, folder, teller, make_loop)
        life.loop.run()
        teller.point("before stop")
        life.store.close(world.clock.now())
        teller.sync()
        teller.point("after stop")
        teller.life = None
        assert life.loop.memory.phase is Phase.UP
    monkeypatch.undo()
    return teller.points


def watch_files(monkeypatch, folder, teller):
    """A point on both sides of each step that the store takes with files by itself: while it opens, sets aside, restores, copies."""
    for name in ("fsync", "rename", "replace", "unlink"):
        monkeypatch.setattr(os, name, _watched(getattr(os, name), name, folder, teller))


def _watched(real, name, folder, teller):
    def step(what, *more, **named):
        teller.point(f"before {name}")
        done = real(what, *more, **named)
        if name == "fsync" and os.path.samestat(os.fstat(what), folder.stat()):
            teller.sync()
        teller.point(f"after {name}")
        return done

    return step


def world_after(point: Point, *, off_s: float, reboots: bool, writes: list[Write]) -> HomeWorld:
    """The home as it was, some time later, in good health."""
    world = HomeWorld(SPEC, 2, 1e9)
    world.clock.move_to(point.true_s)
    if reboots:
        world.clock.boot()
    world.clock.move_to(point.true_s + off_s)
    world.line.lease(Family.IPV4, point.truth)
    world.zone.entries[VPN.key] = replace(point.entry)
    world.zone._ids = 1000
    world.zone.watchers.append(writes.append)
    return world
