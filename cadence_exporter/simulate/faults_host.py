"""What befalls the host: crashes, power, disk, clock, and the people around it."""

from cadence_exporter.model.wakeup import Reason
from cadence_exporter.simulate.clock import EPOCH
from cadence_exporter.simulate.dice import Dice
from cadence_exporter.simulate.faults_line import HOUR, MINUTE, befall
from cadence_exporter.simulate.world import Crash, World

DAY = 86_400.0


def crash(world: World, dice: Dice) -> None:
    """The process is killed between any two steps, and started again by its supervisor."""
    world.light_fuse(dice.randrange(12), Crash(off_s=dice.uniform(1, 10), reboots=False))


def crash_while_writing(world: World, dice: Dice) -> None:
    """A change of address, and a kill somewhere in the cycles that follow it."""
    from cadence_exporter.simulate.faults_line import there_and_back  # noqa: PLC0415

    there_and_back(world, dice)
    steps = dice.randrange(30)
    world.after(1.0, lambda: world.light_fuse(steps, Crash(off_s=2.0, reboots=False)))


def crash_loop(world: World, dice: Dice) -> None:
    """One crash after the other."""
    for _ in range(dice.randrange(2, 8)):
        world.after(dice.uniform(0, 5 * MINUTE), lambda: crash(world, dice))


def power_cut(world: World, dice: Dice) -> None:
    """The host loses power for a while."""
    world.light_fuse(0, Crash(off_s=dice.uniform(20, 2 * HOUR), reboots=True))


def clean_restart(world: World, dice: Dice) -> None:
    """An update: the service is started again between two cycles."""
    world.light_fuse(0, Crash(off_s=dice.uniform(1, 5), reboots=False))


def cable_out(world: World, dice: Dice) -> None:
    """The host's own cable: nothing is reached, and it shows on this host."""
    seconds = dice.uniform(10, 20 * MINUTE)
    befall(world, world.unplugged, "cable", seconds)
    befall(world, world.router.off, "own cable", seconds)


def suspended(world: World, dice: Dice) -> None:
    """The host sleeps; its monotonic clock stands still."""
    world.clock.sleep(dice.uniform(MINUTE, 8 * HOUR))


def disk_full(world: World, dice: Dice) -> None:
    """Nothing can be written."""
    befall(world, world.disk.ills, "disk full", dice.uniform(10, 6 * HOUR))


def disk_read_only(world: World, dice: Dice) -> None:
    """A broken card remounts itself read-only, and the host crashes in the end."""
    seconds = dice.uniform(MINUTE, 2 * HOUR)
    befall(world, world.disk.ills, "read-only file system", seconds)
    world.after(seconds * 0.9, lambda: crash(world, dice))


def disk_blinks(world: World, dice: Dice) -> None:
    """Single commits fail."""
    for _ in range(10):
        world.after(dice.uniform(0, HOUR), lambda: befall(world, world.disk.ills, "I/O error", dice.uniform(0.1, 40)))


def store_broken(world: World, dice: Dice) -> None:
    """The state file is damaged: the next start takes the last good copy."""
    _lose(world, dice, to_copy=True)


def store_lost(world: World, dice: Dice) -> None:
    """The state directory is gone, copy and all."""
    _lose(world, dice, to_copy=False)
    world.suspect("store wiped")


def _lose(world: World, dice: Dice, *, to_copy: bool) -> None:
    world.disk.fall_back(to_copy=to_copy)
    world.suspect("store")
    world.light_fuse(0, Crash(off_s=dice.uniform(1, 60), reboots=False))


def clock_forward(world: World, dice: Dice) -> None:
    """The wall clock jumps ahead, and back when time is synchronised again."""
    _clock(world, dice, world.clock.wall() + dice.choice((120.0, HOUR, DAY, 40 * DAY, 3000 * DAY)))


def clock_back(world: World, dice: Dice) -> None:
    """The wall clock jumps back, and right again later."""
    _clock(world, dice, world.clock.wall() - dice.choice((120.0, HOUR, DAY, 40 * DAY)))


def clock_1970(world: World, dice: Dice) -> None:
    """A host without a clock of its own boots in 1970 and learns the time later."""
    power_cut(world, dice)
    _clock(world, dice, 0.0)


def _clock(world: World, dice: Dice, wall: float) -> None:
    world.clock.set_wall(wall)
    world.suspect("clock")
    world.after(dice.uniform(MINUTE, 6 * HOUR), lambda: _clock_right(world))


def _clock_right(world: World) -> None:
    world.clock.set_wall(EPOCH + world.clock.true)
    world.suspect("clock")


def clock_drifts(world: World, dice: Dice) -> None:
    """The wall clock runs up to half a percent wrong until it is set right."""
    world.clock.set_wall(world.clock.wall(), dice.uniform(0.995, 1.005))
    world.after(dice.uniform(HOUR, 12 * HOUR), lambda: _clock_right(world))


def reload(world: World, dice: Dice) -> None:
    """Somebody sends SIGHUP."""
    world.after(dice.uniform(0, 1), lambda: world.doorbell.ring(Reason.RELOAD))


def impatient_user(world: World, dice: Dice) -> None:
    """Somebody presses the button over and over."""
    for _ in range(dice.randrange(1, 40)):
        world.after(dice.uniform(0, 60), lambda: world.doorbell.ring(Reason.CHECK))
