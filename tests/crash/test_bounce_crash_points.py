"""The process dies at each boundary of a bounce, on disks of each kind: power comes back, and no start makes a bounce too many."""

from collections import Counter

import pytest

from cadence_exporter.decide import recovery
from cadence_exporter.loop import Loop
from cadence_exporter.model.outcome import Done
from cadence_exporter.model.power import Proof
from cadence_exporter.record.state import store as store_module
from tests.crash import bounce_story
from tests.crash.bounce_story import bounce_while_loading, disks_of, recover_power, tell_bounces
from tests.crash.recovery import Copier

EVERY = 6
"""So many disks of a story are left out between two in ``make test``; none in a soak."""
DURING_RECOVERY = 12
PROOFS = pytest.mark.parametrize("proof", [Proof.TIMER, Proof.CONTROLLER])


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    return {proof: tell_bounces(tmp_path_factory.mktemp("bounce") / "told", proof) for proof in PROOFS.args[1]}


@PROOFS
def test_the_story_has_two_bounces_and_a_point_at_each_boundary(stories, proof):
    kinds = Counter(point.where for point, _ in stories[proof])
    assert len(stories[proof]) >= 200
    assert len(stories[proof][-1][1].cuts) == 2
    assert kinds["after intent"] == kinds["before intent"] == kinds["in flight intent"] == 2
    assert kinds["before fsync"] == 4, "the good copy, after each bounce"
    assert min(kinds["before commit"], kinds["seam"]) >= 15
    off = [point.where for point, plug in stories[proof] if not plug.says_on]
    assert {"seam", "before commit", "in flight commit", "after commit", "before recorders"} <= set(off)
    models = Counter(left.model for _, _, left in disks_of(stories[proof]))
    print(f"\n{len(stories[proof])} boundaries, {models.total()} different disks {dict(models)}")
    assert models.total() >= 250


def recovered(folder, proof, disks):
    broken = []
    for disk in disks:
        broken += recover_power(folder / "left", proof, disk)
    print(f"\n{len(disks)} disks recovered from")
    return broken


@PROOFS
def test_power_comes_back_and_the_ledger_holds_whenever_the_process_dies(stories, proof, folder):
    assert recovered(folder, proof, disks_of(stories[proof])[::EVERY]) == []


@PROOFS
@pytest.mark.soak
def test_the_same_from_every_disk(stories, proof, folder):
    assert recovered(folder, proof, disks_of(stories[proof])) == []


@PROOFS
@pytest.mark.soak
def test_a_crash_while_recovering_is_no_worse(stories, proof, folder):
    tried = [
        (point, plug, again)
        for point, plug, left in disks_of(stories[proof])[::DURING_RECOVERY]
        for again in bounce_while_loading(folder / "left", proof, (point, plug, left), Copier)
    ]
    assert len(tried) >= 50
    assert recovered(folder, proof, tried) == []


def test_the_next_process_is_tempted(stories, folder, monkeypatch):
    """Otherwise its cooldown would be kept by chance."""
    cuts, real = [], bounce_story._broken

    def broken(plug, *rest):
        cuts.append(len(plug.cuts))
        return real(plug, *rest)

    monkeypatch.setattr(bounce_story, "_broken", broken)
    disks = disks_of(stories[Proof.TIMER])
    once = [disk for disk in disks if len(disk[1].cuts) == 1][:: EVERY * 2]
    recovered(folder, Proof.TIMER, once)
    assert cuts.count(2) > len(once) / 2


class CutsWithoutIntent(Loop):
    """A defect: nothing is on disk before the power is cut."""

    def _act(self, decision):
        return Done((), None if decision.power is None else self.equipment.power(decision.power))


def forgets_the_bounces(patch):
    real = store_module.ledger_of
    patch.setattr(store_module, "ledger_of", lambda *args: bounce_story.replace(real(*args), bounces=()))


def ends_nothing_at_the_start(patch):
    patch.setattr(
        recovery,
        "owed",
        lambda ledger, started, now, real=recovery.owed: (
            None if ledger.unfinished and ledger.unfinished.at.instant <= started else real(ledger, started, now)
        ),
    )


@pytest.mark.parametrize(
    ("plant", "make_loop", "words"),
    [
        (lambda _: None, CutsWithoutIntent, "off in the end"),
        (forgets_the_bounces, Loop, "bounces"),
        (ends_nothing_at_the_start, Loop, "off for"),
    ],
    ids=["cut without intent", "bounces forgotten", "unfinished left alone"],
)
def test_a_planted_defect_is_found(plant, make_loop, words, folder, monkeypatch):
    plant(monkeypatch)
    story = tell_bounces(folder / "told", Proof.CONTROLLER, make_loop)
    disks = disks_of(story)[::EVERY]
    found = (broken for disk in disks for broken in recover_power(folder / "left", Proof.CONTROLLER, disk))
    assert any(words in broken for broken in found)
