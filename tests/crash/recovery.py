"""Starting anew from what a crash left: what must hold at once, and where it must end."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cadence_exporter.model.memory import Phase
from cadence_exporter.model.outcome import Operation
from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.simulate.home import VPN
from tests.crash.disks import Left
from tests.crash.story import Deaf, Files, Life, Point, read_files, watch_files, without_shm, world_after

OFF_S = 7.0
MOST_CYCLES = 12
LOOPS = ("cadence_loop_iterations_total", "ok")


def put(folder: Path, files: Files) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def recover(folder: Path, point: Point, left: Left) -> list[str]:
    """Start on these files and go on until all is well. Returns the promises broken."""
    put(folder, left.files)
    writes = []
    world = world_after(point, off_s=OFF_S, reboots=left.model != "kill", writes=writes)
    life = Life(world, folder, Deaf())
    try:
        broken = list(_at_once(point, left, life)) + list(_in_the_end(point, life, writes))
    finally:
        life.die()
        shutil.rmtree(folder)
    return [f"{point.where} at {point.true_s:.1f} s, {left.model}: {what}" for what in broken]


class Copier(Deaf):
    """Keeps the files at each point."""

    def __init__(self, folder):
        self._folder = folder
        self.copies: list[Files] = []

    def point(self, where, *, in_flight=False):
        copy = without_shm(read_files(self._folder))
        if copy not in self.copies:
            self.copies.append(copy)


def while_loading(folder: Path, point: Point, left: Left) -> list[Left]:
    """What a crash leaves that comes while the next process loads: the disk at each step that it takes there."""
    put(folder, left.files)
    copier = Copier(folder)
    world = world_after(point, off_s=OFF_S / 2, reboots=left.model != "kill", writes=[])
    with pytest.MonkeyPatch.context() as patch:
        watch_files(patch, folder, copier)
        life = Life(world, folder, copier)
    copier.point("loaded")
    life.die()
    shutil.rmtree(folder)
    return [replace(left, model="loading", files=files) for files in copier.copies]


def _at_once(point, left, life):
    memory, counters = life.memory, life.metrics.snapshot.counters
    if not life.store.up:
        yield "the store does not work"
    if memory.phase is not Phase.INIT:
        yield f"began in {memory.phase}"
    if counters.get(LOOPS, 0) != memory.cycle:
        yield f"half a commit: {counters.get(LOOPS)} cycles counted, the memory is of cycle {memory.cycle}"
    yield from _history(life.store._connection, counters)
    if not left.lied:
        yield from _lost(point, life)
        yield from _vouched(point, memory)


def _history(connection, counters):
    """History is written with the counters that belong to it, or not at all."""
    for table, metric, label in (
        ("transition", "cadence_state_transitions_total", None),
        ("dns_change", "cadence_dns_mutations_total", "success"),
        ("outage", "cadence_outages_total", None),
    ):
        rows = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - names from above
        counted = sum(value for key, value in counters.items() if key[0] == metric and label in (None, key[-1]))
        under_way = counted - 1 if table == "outage" else counted
        if not under_way <= rows <= counted:
            yield f"{rows} rows of {table}, {counted} counted"


def _lost(point, life):
    memory, counters = life.memory, life.metrics.snapshot.counters
    if memory.cycle < point.told:
        yield f"recorders were told of {point.told}, {memory.cycle} was found"
    if memory.cycle < point.acknowledged:
        yield f"lost: {point.acknowledged} was acknowledged, {memory.cycle} was found"
    for key, value in point.shown.items():
        if counters.get(key, 0.0) < value and key[0].endswith("_total"):
            yield f"{key} went back from {value} to {counters.get(key)}"
    seconds = life.store.state_seconds()
    for phase, value in point.seconds.items():
        if seconds[phase] < value - 1e-6:
            yield f"seconds in {phase} went back from {value} to {seconds[phase]}"


def _vouched(point, memory):
    record = memory.records.get(VPN.key)
    vouched = record is not None and record.verified_at is not None
    if vouched and point.intended and memory.cycle == point.acknowledged:
        yield "an intent without outcome, and the record is vouched for"
    held = [each.content for each in point.entry.held]
    if vouched and held != [str(record.verified)]:
        yield f"vouches for {record.verified}, held is {held}"


def _in_the_end(point, life, writes):
    world, loop = life.world, life.loop
    wakeups = 0
    wakeup = Wakeup(frozenset({Reason.START}))
    while not _well(loop, point) and wakeups < MOST_CYCLES:
        wakeup = world.doorbell.wait(loop.cycle(wakeup))
        wakeups += 1
    if not _well(loop, point):
        yield f"not well after {MOST_CYCLES} cycles: {loop.memory.phase}"
    held = world.zone.entry(VPN.key).held
    if [each.content for each in held] != [str(point.truth)]:
        yield f"the record ends as {held}, the home is {point.truth}"
    if point.entry.held and [each.id for each in held] != [each.id for each in point.entry.held]:
        yield "the record is another one"
    creates = [write for write in writes if write.operation is Operation.CREATE]
    if len(creates) != (0 if point.entry.held else 1) or len(writes) > 1:
        yield f"writes: {writes}"
    if not life.store.up:
        yield "the store does not work in the end"


def _well(loop, point):
    record = loop.memory.records.get(VPN.key)
    return (
        loop.memory.phase is Phase.UP
        and record is not None
        and record.verified == point.truth
        and record.verified_at is not None
    )
