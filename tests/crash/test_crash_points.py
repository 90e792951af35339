"""The process dies at each boundary of a full story, on disks of each kind, and is started again on what is left."""

from collections import Counter

import pytest

from cadence_exporter.loop import Loop
from cadence_exporter.model.outcome import Done
from cadence_exporter.record.state import state_file
from tests.crash.disks import left_by
from tests.crash.recovery import recover, while_loading
from tests.crash.story import SPEC, Deaf, HomeWorld, Life, tell

FULL = 2
"""Of SQLite's ``synchronous``."""
PARTS = 4
"""So that several processes can share the work."""
DURING_RECOVERY = 15
"""At every so many-th disk the next start is interrupted too."""


def told(folder, make_loop=Loop):
    with pytest.MonkeyPatch.context() as patch:
        return tell(folder, patch, make_loop)


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    return told(tmp_path_factory.mktemp("crash") / "told")


def disks(points):
    """Every different disk, made when it is asked for, at the last point that leaves it: there the most was promised."""
    alike = {}
    for number, point in enumerate(points):
        for which, left in enumerate(left_by(point)):
            alike[identity(point, left)] = (number, which)
    wanted = set(alike.values())
    for number, point in enumerate(points):
        for which, left in enumerate(left_by(point)):
            if (number, which) in wanted:
                yield point, left


def identity(point, left):
    contents = tuple((name, hash(content)) for name, content in left.files.items())
    return left.model == "kill", left.lied, contents, point.entry.held, point.truth


def test_the_story_has_hundreds_of_boundaries_and_leaves_thousands_of_disks(points):
    models = Counter(left.model for point in points for left in left_by(point))
    different = sum(1 for _ in disks(points))
    print(f"\n{len(points)} boundaries, {models.total()} disks {dict(models)}, {different} of them different")
    assert len(points) >= 600
    assert models.total() >= 2500
    assert min(models.values()) >= 300
    assert different >= 1000
    kinds = Counter(point.where for point in points)
    assert kinds["before acting"] == kinds["after intent"] == kinds["before intent"] >= 20
    assert kinds["after commit"] == kinds["before recorders"] >= 50


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_and_dns_ends_right_whenever_the_process_dies(points, part, folder):
    broken, tried = [], 0
    for number, (point, left) in enumerate(disks(points)):
        if number % PARTS == part:
            broken += recover(folder / "left", point, left)
            tried += 1
    print(f"\n{tried} disks recovered from")
    assert broken == []
    assert tried >= 250


def test_a_crash_while_recovering_loses_nothing_either(points, folder):
    broken, tried = [], 0
    for point, left in list(disks(points))[::DURING_RECOVERY]:
        for again in while_loading(folder / "left", point, left):
            broken += recover(folder / "left", point, again)
            tried += 1
    print(f"\n{tried} disks left by recoveries")
    assert broken == []
    assert tried >= 200


class TellsFirst(Loop):
    """A defect: recorders are told before it is on disk."""

    def _record(self, cycle):
        for recorder in self.around.recorders:
            recorder.record(cycle)
        self.around.store.commit(cycle)


class ActsWithoutIntent(Loop):
    """A defect: nothing is on disk before DNS is touched."""

    def _act(self, decision):
        return Done(self.equipment.perform(decision.actions) if decision.actions else ())


def first_broken(folder, make_loop, words):
    points = told(folder / "told", make_loop)
    for point, left in disks(points):
        for broken in recover(folder / "left", point, left):
            if words in broken:
                return broken
    return None


@pytest.mark.parametrize(("defect", "words"), [(TellsFirst, "recorders were told"), (ActsWithoutIntent, "vouches for")])
def test_a_planted_defect_is_found(defect, words, folder):
    assert first_broken(folder, defect, words) is not None


def test_commits_that_share_a_sector_are_found(folder, monkeypatch):
    monkeypatch.setattr(state_file, "_TORN_SECTORS", "psow=1")
    assert first_broken(folder, Loop, "torn: lost") is not None


def test_each_commit_is_synced(folder):
    """What the model of the disk takes for granted."""
    world = HomeWorld(SPEC, 1, 0.0)
    life = Life(world, folder / "state", Deaf())
    assert life.store._connection.execute("PRAGMA synchronous").fetchone()[0] >= FULL
    life.die()
