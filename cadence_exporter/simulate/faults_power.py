"""What befalls modem, plug, UPS and mains, and what people ask for meanwhile."""

from cadence_exporter.model.recovery import Ask, Request
from cadence_exporter.simulate.dice import Dice
from cadence_exporter.simulate.faults_line import HOUR, MINUTE, befall
from cadence_exporter.simulate.plug import PlugFault
from cadence_exporter.simulate.power import Power
from cadence_exporter.simulate.world import Crash, World

_FAULTS = tuple(PlugFault)


def _power(world: World) -> Power:
    if world.power is None:
        raise LookupError("a home without a plug")
    return world.power


def modem_hangs(world: World, dice: Dice) -> None:
    """The modem hangs until its power is cut; within the hour a person does that."""
    power = _power(world)
    power.modem.hang()
    world.after(dice.uniform(12 * MINUTE, 45 * MINUTE), power.modem.recover)


def modem_stumbles(world: World, dice: Dice) -> None:
    """The modem hangs, and recovers by itself."""
    power = _power(world)
    power.modem.hang()
    world.after(dice.uniform(20, 8 * MINUTE), power.modem.recover)


def line_drops(world: World, dice: Dice) -> None:
    """The access line is gone for a minute or so, as lines do."""
    befall(world, world.line.cuts, "drop", dice.uniform(10, 70))


def line_dead(world: World, dice: Dice) -> None:
    """The access line itself is broken: no bounce helps."""
    befall(world, world.line.cuts, "line", dice.uniform(2 * MINUTE, 30 * MINUTE))


def line_dead_for_hours(world: World, dice: Dice) -> None:
    """A digger found the cable."""
    befall(world, world.line.cuts, "cable", dice.uniform(HOUR, 8 * HOUR))


def mains_cut(world: World, dice: Dice) -> None:
    """The mains fail; half of the time those of the ISP's gear too, which boots when they are back."""
    power, seconds = _power(world), dice.uniform(5, HOUR)
    power.mains_fail()
    dies_in_s = 0.0 if power.ups is None else power.ups.runtime_s
    if seconds > dies_in_s:
        off_s = seconds - dies_in_s + dice.uniform(20, MINUTE)
        world.after(dies_in_s, lambda: world.light_fuse(0, Crash(off_s=off_s, reboots=True)))
    world.after(seconds, power.mains_return)
    if dice.random() < 0.5:  # noqa: PLR2004 - half
        befall(world, world.line.cuts, "the ISP's mains", seconds + dice.uniform(MINUTE, 6 * MINUTE))


def mains_flicker(world: World, dice: Dice) -> None:
    """Three short failures in a row."""
    power = _power(world)
    for number in range(3):
        world.after(60.0 * number, power.mains_fail)
        world.after(60.0 * number + dice.uniform(1, 30), power.mains_return)


def plug_silent(world: World, dice: Dice) -> None:
    """The plug does not answer for a while."""
    befall(world, _power(world).silent, "silent", dice.uniform(5, 2 * HOUR))


def plug_calls_lost(world: World, dice: Dice) -> None:
    """Some calls to it go wrong, before or after it obeyed."""
    losses = [(dice.randrange(40), dice.choice(_FAULTS)) for _ in range(dice.randrange(1, 6))]
    _power(world).lose_calls(*losses)


def answer_lost_at_the_cut(world: World, dice: Dice) -> None:
    """The power is cut, and the answer gets lost; what is asked next may be, too."""
    power = _power(world)
    more = [(number, PlugFault.LOST_BEFORE) for number in range(1, 1 + dice.randrange(4))]
    power.at_cut.append(lambda: power.lose_calls((0, PlugFault.LOST_BEFORE), *more))


def plug_silent_after_the_cut(world: World, dice: Dice) -> None:
    """The power is cut, and the plug does not answer for a while."""
    seconds = dice.uniform(1, 10 * MINUTE)
    _power(world).at_cut.append(lambda: befall(world, _power(world).silent, "after the cut", seconds))


def plug_restarts(world: World, dice: Dice) -> None:
    """It takes an update."""
    world.after(dice.uniform(0, MINUTE), _power(world).plug.restart)


def plug_restarts_in_the_middle(world: World, dice: Dice) -> None:
    """It restarts while the power is off."""
    power, seconds = _power(world), dice.uniform(0, 40)
    power.at_cut.append(lambda: world.after(seconds, power.plug.restart))


def mains_fail_in_the_middle(world: World, dice: Dice) -> None:
    """They fail while the power is off."""
    power, seconds, more_s = _power(world), dice.uniform(0, 40), dice.uniform(1, 120)
    power.at_cut.append(lambda: world.after(seconds, power.mains_fail))
    power.at_cut.append(lambda: world.after(seconds + more_s, power.mains_return))


def killed_in_the_middle(world: World, dice: Dice) -> None:
    """The process dies somewhere between the cut and some cycles later."""
    steps, off_s, reboots = dice.randrange(30), dice.choice((1.0, 10.0, 300.0)), dice.random() < 0.5  # noqa: PLR2004
    _power(world).at_cut.append(lambda: world.light_fuse(steps, Crash(off_s=off_s, reboots=reboots)))


def clock_jumps_after_the_cut(world: World, dice: Dice) -> None:
    """The wall clock leaps over the cooldown, and some days."""
    seconds = dice.choice((HOUR, 6 * HOUR, 25 * HOUR, 400 * 24 * HOUR, -25 * HOUR))

    def jump() -> None:
        world.clock.set_wall(world.clock.wall() + seconds)
        world.suspect("clock")
        world.after(2 * HOUR, world.set_wall_right)

    _power(world).at_cut.append(jump)


def another_device(world: World, dice: Dice) -> None:
    """The plug's address is given to the freezer's."""
    plug = _power(world).plug
    plug.is_stranger = True

    def back() -> None:
        plug.is_stranger = False

    world.after(dice.uniform(MINUTE, 4 * HOUR), back)


def timer_refused(world: World, dice: Dice) -> None:
    """It takes no timers, after an update. On the network that it cuts nobody could see that, or undo it: beyond the fault model."""
    plug = _power(world).plug
    if _power(world).spec.feeds_router:
        return
    plug.takes_timers = False

    def again() -> None:
        plug.takes_timers = True

    world.after(dice.uniform(HOUR, 12 * HOUR), again)


def ups_silent(world: World, dice: Dice) -> None:
    """Nobody knows whether there is mains."""
    ups = _power(world).ups
    if ups is not None:
        befall(world, ups.silent, "silent", dice.uniform(MINUTE, 2 * HOUR))


def maintenance(world: World, dice: Dice) -> None:
    """Somebody works on the line, and tells Cadence; the modem is off and on meanwhile."""
    power, seconds = _power(world), dice.uniform(10 * MINUTE, 2 * HOUR)
    power.ask(Request(Ask.MAINTENANCE_ON, seconds))
    befall(world, world.line.cuts, "somebody works", seconds * dice.uniform(0.5, 1.2))
    if dice.random() < 0.3:  # noqa: PLR2004 - some are done early
        world.after(seconds * 0.7, lambda: power.ask(Request(Ask.MAINTENANCE_OFF)))


def bounced_by_hand(world: World, dice: Dice) -> None:
    """A person asks for a bounce, over and over when nothing seems to happen."""
    power = _power(world)
    for _ in range(dice.randrange(1, 5)):
        world.after(dice.uniform(0, 5 * MINUTE), lambda: power.ask(Request(Ask.BOUNCE)))
