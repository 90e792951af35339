"""A bounce's story, told by the production loop and the real store: a line that stays dead, a plug with a clock of its own."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cadence_exporter.equipment import Equipment
from cadence_exporter.loop import Loop
from cadence_exporter.model.power import Proof
from cadence_exporter.model.recovery import RecoveryPolicy
from cadence_exporter.simulate.home import policy
from cadence_exporter.simulate.modem import HANGS
from cadence_exporter.simulate.power import RecoverySpec
from cadence_exporter.simulate.world import HomeSpec
from tests.crash.disks import Left, left_by
from tests.crash.recovery import put
from tests.crash.story import SPEC, Deaf, HomeWorld, Life, Point, Teller, watch_files, without_shm

RECOVERY = RecoveryPolicy(
    enabled=True,
    device="simulated",
    escalation_s=90.0,
    off_for_s=10.0,
    cooldown_s=160.0,
    max_per_day=2,
    boot_grace_s=60.0,
    modem_boot_s=60.0,
)
DEAD_AT_S, ENDS_S = 400.0, 1100.0
OFF_S = 3.0
"""Between the crash and the next start."""
GOES_ON_S = 420.0
"""So long the next process is tempted: beyond boot grace, escalation and both cooldowns."""
LATE_S = 5.0


def spec_of(proof: Proof) -> HomeSpec:
    return replace(SPEC, recovery=RecoverySpec(RECOVERY, proof, independent_network=proof is Proof.CONTROLLER))


@dataclass(frozen=True)
class Plugged:
    """What the plug was up to at a point, and when it was cut until then."""

    says_on: bool
    flip_at: float | None
    off_since: float | None
    longest_off_s: float
    cuts: tuple[float, ...]


class BounceLife(Life):
    """A process with hands on the plug."""

    def _equipment(self):
        plain, power = super()._equipment(), self.world.power
        hand = power.begin(self.memory, self.store._faults)
        return Equipment(plain.crew, plain.perform, policy(self.world.spec), power=hand.perform)


class BounceTeller(Teller):
    """Keeps the plug beside each point, from when the line is dead."""

    def __init__(self, folder, world):
        super().__init__(folder, world)
        self.plugs: list[Plugged] = []

    def point(self, where, *, in_flight=False):
        if self.world.clock.true >= DEAD_AT_S:
            super().point(where, in_flight=in_flight)
            self.plugs.append(plugged(self.world.power))


def plugged(power) -> Plugged:
    plug = power.plug
    plug.catch_up()
    cuts = tuple(cut.at for cut in power.diary.cuts)
    return Plugged(plug.says_on, plug.flip_at, plug._off_since, plug._longest_off_s, cuts)


def tell_bounces(folder: Path, proof: Proof, make_loop=Loop) -> list[tuple[Point, Plugged]]:
    """Two bounces that do not help, and a third that must not be."""
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        world = HomeWorld(spec_of(proof), 1, 0.0)
        teller = BounceTeller(folder, world)
        watch_files(patch, folder, teller)
        kill_the_line(world, DEAD_AT_S)
        world.doorbell.until = ENDS_S
        life = BounceLife(world, folder, teller, make_loop)
        life.loop.run()
        life.die()
    return list(zip(teller.points, teller.plugs, strict=True))


def kill_the_line(world, at_s: float) -> None:
    """Whatever the power does."""
    world.power.plug.told = lambda _on, _at: None
    world.after(max(0.0, at_s - world.clock.true), lambda: world.line.cuts.add(HANGS))


def disks_of(story) -> list[tuple[Point, Plugged, Left]]:
    """Every different disk, with the relay as it was then, at the last point that leaves both."""
    alike = {}
    for point, plug in story:
        for left in left_by(point):
            contents = tuple((name, hash(content)) for name, content in left.files.items())
            alike[left.model == "kill", left.lied, contents, plug] = (point, plug, left)
    return list(alike.values())


def recover_power(folder: Path, proof: Proof, disk: tuple[Point, Plugged, Left]) -> list[str]:
    """Start on these files, with the plug's clock gone on. Returns the promises broken."""
    point, plug, left = disk
    put(folder, left.files)
    world = world_with(plug, point.true_s, proof, reboots=left.model != "kill")
    world.doorbell.until = world.clock.true + GOES_ON_S
    life = BounceLife(world, folder, Deaf())
    try:
        life.loop.run()
    finally:
        life.die()
        shutil.rmtree(folder)
    broken = _broken(plugged(world.power), world, left)
    return [f"{point.where} at {point.true_s:.1f} s, {left.model}: {what}" for what in broken]


def world_with(plug: Plugged, true_s: float, proof: Proof, *, reboots: bool) -> HomeWorld:
    world = HomeWorld(spec_of(proof), 2, 1e9)
    world.clock.move_to(true_s)
    if reboots:
        world.clock.boot()
    kill_the_line(world, 0.0)
    power, real = world.power, world.power.plug
    real.says_on, real.flip_at = plug.says_on, plug.flip_at
    real._off_since, real._longest_off_s, real._was_told_off = plug.off_since, plug.longest_off_s, not plug.says_on
    power.diary.cuts += [Earlier(at) for at in plug.cuts]
    world.pass_time(OFF_S)
    return world


@dataclass(frozen=True)
class Earlier:
    """A cut of the process that died."""

    at: float


def _broken(plug: Plugged, world, left: Left):
    if not plug.says_on:
        yield "the power is off in the end"
    # A device without a timer waits for the next start, which turns it on at once.
    owns_timer = world.power.spec.proof is Proof.TIMER
    most_s = RECOVERY.off_for_s + LATE_S + (0.0 if owns_timer else OFF_S)
    off_s = world.power.plug.longest_off_s()
    if off_s > most_s:
        yield f"off for {off_s:.1f} s"
    if left.lied:
        return
    if len(plug.cuts) > RECOVERY.max_per_day:
        yield f"{len(plug.cuts)} bounces within a day"
    gaps = [later - earlier for earlier, later in zip(plug.cuts, plug.cuts[1:], strict=False)]
    if min(gaps, default=RECOVERY.cooldown_s) < RECOVERY.cooldown_s:
        yield f"bounces {min(gaps):.1f} s apart"


def bounce_while_loading(folder: Path, proof: Proof, disk, watch: Callable) -> list[Left]:
    """What a crash leaves that comes while the next process loads."""
    point, plug, left = disk
    put(folder, left.files)
    copier = watch(folder)
    world = world_with(plug, point.true_s - OFF_S, proof, reboots=left.model != "kill")
    with pytest.MonkeyPatch.context() as patch:
        watch_files(patch, folder, copier)
        life = BounceLife(world, folder, copier)
    copier.point("loaded")
    life.die()
    shutil.rmtree(folder)
    return [replace(left, files=without_shm(files), model="loading") for files in copier.copies]
