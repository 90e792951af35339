"""The database cut off at any length, and a checkpoint that a power cut interrupts."""

import shutil
from dataclasses import replace

import pytest

from cadence_exporter.model.recovery import EMPTY_LEDGER
from tests.crash.disks import WAL
from tests.crash.recovery import LOOPS, OFF_S, put
from tests.crash.story import die, open_store, tell, without_shm, world_after

PARTS = 4
"""So that several processes can share the work."""
NAME = "state.db"
PAGE = 4096
COARSE = 97


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return tell(tmp_path_factory.mktemp("damage") / "told", patch)


def loaded(folder, point, files):
    """What the next process knows: its memory and counters."""
    put(folder, files)
    world = world_after(point, off_s=OFF_S, reboots=True, writes=[])
    store = open_store(folder, world.clock)
    memory = store.load(world.clock.now())
    assert store.up
    die(store)
    shutil.rmtree(folder)
    return memory, dict(store.counters())


def lengths(size):
    """Each length in the last page, and every so often before it; always the page boundaries, which look like a whole file."""
    return sorted({*range(0, size, COARSE), *range(0, size, PAGE), *range(max(0, size - PAGE), size)})


def without_log_counts(found):
    """What the damage itself adds: a message in the log, and a bounce that may have been."""
    memory, counters = found
    memory = replace(memory, recovery=EMPTY_LEDGER)
    return memory, {key: value for key, value in counters.items() if key[0] != "cadence_log_messages_total"}


@pytest.mark.parametrize("part", range(PARTS))
def test_a_stopped_store_cut_off_at_any_length_comes_back_from_its_copy(points, part, folder):
    stopped = points[-1]
    assert stopped.where == "after stop"
    whole = without_shm(stopped.files)
    expected = without_log_counts(loaded(folder / "left", stopped, whole))
    assert expected[0].cycle == stopped.acknowledged
    tried = lengths(len(whole[NAME]))[part::PARTS]
    for length in tried:
        found = loaded(folder / "left", stopped, whole | {NAME: whole[NAME][:length]})
        assert without_log_counts(found) == expected, length
    print(f"\n{len(tried)} lengths of {len(whole[NAME])} bytes")
    assert len(tried) > PAGE / PARTS


def test_a_stopped_store_cut_off_without_a_copy_begins_anew(points, folder):
    """Which shows that it is the copy that the others came back from."""
    whole = without_shm(points[-1].files)
    for length in range(0, len(whole[NAME]), PAGE // 4):
        memory, counters = loaded(folder / "left", points[-1], {NAME: whole[NAME][:length]})
        assert (memory.cycle, memory.records, counters.get(LOOPS, 0)) == (0, {}, 0), length


def test_a_killed_store_cut_off_at_a_page_or_within_one_loads(points, folder):
    killed = next(point for point in points if point.where == "before stop")
    whole = without_shm(killed.files)
    for length in range(0, len(whole[NAME]), PAGE // 4):
        memory, _ = loaded(folder / "left", killed, whole | {NAME: whole[NAME][:length]})
        assert memory.cycle in (0, killed.acknowledged), length


def test_a_checkpoint_that_is_cut_short_at_any_page_loses_nothing(points, folder):
    """The log is given up only when the database holds all of it: until then, whatever was half written is written again."""
    number = next(number for number, point in enumerate(points) if point.where == "before stop")
    before, after = points[number], next(point for point in points[number:] if point.where == "after stop")
    old, new = before.files[NAME], after.files[NAME]
    assert WAL in before.files
    assert old != new
    for length in range(0, len(new) + 1, PAGE // 8):
        mixed = new[:length] + old[length:]
        memory, counters = loaded(folder / "left", before, without_shm(before.files) | {NAME: mixed})
        assert memory.cycle == before.acknowledged, length
        assert all(counters[key] >= value for key, value in before.shown.items() if key[0].endswith("_total")), length
