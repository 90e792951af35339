"""What befalls the access line and the router."""

from ipaddress import IPv4Address, ip_address
from typing import TypeVar

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.simulate.dice import Dice
from cadence_exporter.simulate.ills import Ills
from cadence_exporter.simulate.line import CGNAT_SHARED, VPN_EXIT, fresh_address
from cadence_exporter.simulate.world import World

T = TypeVar("T")

MINUTE = 60.0
HOUR = 3600.0
AGAIN_S = 2.0
"""As the listener does."""


def befall(world: World, ills: Ills[T], ill: T, seconds: float) -> None:
    """Something is ill for so long."""
    ills.add(ill)
    world.after(seconds, lambda: ills.lift(ill))


def lease(world: World, family: Family, address: IpAddress, *, told: bool) -> None:
    """The ISP gives another address; a router that announces such things does."""
    world.line.lease(family, address)
    if told:
        announce(world)


def announce(world: World) -> None:
    """The listener rings for it, and once more a little later."""
    if world.spec.speaks_natpmp and world.spec.announces:
        world.doorbell.ring(Reason.ANNOUNCEMENT)
        world.after(AGAIN_S, lambda: world.doorbell.ring(Reason.ANNOUNCEMENT))


def renumbered(world: World, dice: Dice) -> None:
    """A new address, without an outage."""
    lease(world, Family.IPV4, fresh_address(Family.IPV4, dice), told=True)


def renumbered_quietly(world: World, dice: Dice) -> None:
    """A new address, and nobody says so."""
    lease(world, Family.IPV4, fresh_address(Family.IPV4, dice), told=False)


def announced_early(world: World, dice: Dice) -> None:
    """The router speaks while it still has the old address."""
    announce(world)
    world.after(dice.uniform(0, 5), lambda: renumbered_quietly(world, dice))


def announced_late(world: World, dice: Dice) -> None:
    """All announcements but a late one are lost."""
    renumbered_quietly(world, dice)
    world.after(dice.uniform(1, 60), lambda: announce(world))


def there_and_back(world: World, dice: Dice) -> None:
    """Another address for some minutes, then the one before again."""
    before = world.line.leased[Family.IPV4]
    renumbered(world, dice)
    world.after(dice.uniform(3, 900), lambda: lease(world, Family.IPV4, before, told=True))


def three_in_a_row(world: World, dice: Dice) -> None:
    """A line that redials until it likes its address."""
    for _ in range(3):
        world.after(dice.uniform(0, 90), lambda: renumbered(world, dice))


def flap(world: World, dice: Dice) -> None:
    """Gone for a few seconds."""
    befall(world, world.line.cuts, "flap", dice.uniform(1, 20))


def short_outage(world: World, dice: Dice) -> None:
    """Gone for minutes."""
    befall(world, world.line.cuts, "short", dice.uniform(30, 5 * MINUTE))


def long_outage(world: World, dice: Dice) -> None:
    """Gone for a good part of the day."""
    befall(world, world.line.cuts, "long", dice.uniform(10 * MINUTE, 3 * HOUR))


def outage_with_new_address(world: World, dice: Dice) -> None:
    """Gone, and back under another address."""
    seconds = dice.uniform(20, 10 * MINUTE)
    befall(world, world.line.cuts, "redial", seconds)
    world.after(seconds, lambda: renumbered(world, dice))


def cgnat_move(world: World, dice: Dice) -> None:
    """The ISP moves the home behind a shared address, and after a complaint back."""
    shared = CGNAT_SHARED[0] + dice.randrange(1, CGNAT_SHARED[1])
    world.line.cgnat = True
    lease(world, Family.IPV4, shared, told=True)
    world.after(dice.uniform(10 * MINUTE, 6 * HOUR), lambda: _cgnat_over(world, dice))


def _cgnat_over(world: World, dice: Dice) -> None:
    world.line.cgnat = False
    renumbered(world, dice)


def shared_exit_moves(world: World, dice: Dice) -> None:
    """Behind a shared address, the exit changes while the router's own address stays."""
    if world.line.cgnat:
        world.line.lease(Family.IPV4, CGNAT_SHARED[0] + dice.randrange(1, CGNAT_SHARED[1]))


def second_wan(world: World, dice: Dice) -> None:
    """The router fails over to the other line, and back."""
    before, other = world.line.leased[Family.IPV4], world.line.backup
    lease(world, Family.IPV4, other, told=True)
    world.after(dice.uniform(20, 20 * MINUTE), lambda: _back_from(world, other, before))


def _back_from(world: World, other: IpAddress, before: IpAddress) -> None:
    if world.line.leased[Family.IPV4] == other:
        lease(world, Family.IPV4, before, told=True)


def both_wans(world: World, dice: Dice) -> None:
    """Connections leave by both lines in turn."""
    world.line.balanced.add("both")
    world.line.note()
    world.after(dice.uniform(MINUTE, HOUR), lambda: _one_wan(world))


def _one_wan(world: World) -> None:
    world.line.balanced.lift("both")
    world.line.note()


def vpn_egress(world: World, dice: Dice) -> None:
    """The host's own traffic goes through a VPN."""
    befall(world, world.line.vpn, VPN_EXIT, dice.uniform(MINUTE, 2 * HOUR))


def captive_portal(world: World, dice: Dice) -> None:
    """After a reboot the modem answers every request itself."""
    befall(world, world.line.portals, "everything", dice.uniform(30, 30 * MINUTE))


def walled_garden(world: World, dice: Dice) -> None:
    """The path works, web requests end at a page of the ISP's."""
    befall(world, world.line.portals, "web only", dice.uniform(30, HOUR))


def new_prefix(world: World, dice: Dice) -> None:
    """Another IPv6 prefix."""
    if Family.IPV6 in world.families:
        lease(world, Family.IPV6, fresh_address(Family.IPV6, dice), told=False)


def router_reboots(world: World, dice: Dice) -> None:
    """Off for two minutes; half of the time with a new address afterwards."""
    seconds = dice.uniform(45, 3 * MINUTE)
    befall(world, world.router.off, "reboot", seconds)
    if dice.random() < 0.5:  # noqa: PLR2004 - half
        world.after(seconds, lambda: renumbered(world, dice))


def router_unplugged(world: World, dice: Dice) -> None:
    """Somebody vacuums."""
    befall(world, world.router.off, "unplugged", dice.uniform(10, 20 * MINUTE))


def router_mute(world: World, dice: Dice) -> None:
    """Forwards, but does not answer probes."""
    befall(world, world.router.mute, "mute", dice.uniform(MINUTE, 4 * HOUR))


def natpmp_mute(world: World, dice: Dice) -> None:
    """NAT-PMP is not answered for a while."""
    befall(world, world.router.natpmp_mute, "mute", dice.uniform(5, 2 * HOUR))


def natpmp_stale(world: World, dice: Dice) -> None:
    """The line has a new address, the router still names the old one: it spares the echo services, wrongly."""
    befall(world, world.router.says, world.line.router_wan(), dice.uniform(MINUTE, 3 * HOUR))
    renumbered_quietly(world, dice)


def natpmp_forged(world: World, dice: Dice) -> None:
    """Somebody on the LAN answers in the router's place."""
    forged = fresh_address(Family.IPV4, dice)
    if isinstance(forged, IPv4Address):
        befall(world, world.router.says, forged, dice.uniform(5, HOUR))


def natpmp_without_address(world: World, dice: Dice) -> None:
    """The router says that it has no WAN address (RFC 6886 result code 3)."""
    befall(world, world.router.says, None, dice.uniform(5, HOUR))


def double_nat(world: World, dice: Dice) -> None:
    """Another router appears between ours and the world."""
    address = ip_address("192.168.0.2")
    if isinstance(address, IPv4Address):
        befall(world, world.router.says, address, dice.uniform(MINUTE, 4 * HOUR))


def announcements(world: World, dice: Dice) -> None:
    """Announcements, true or forged, in a burst."""
    for _ in range(dice.randrange(2, 80)):
        world.after(dice.uniform(0, 120), lambda: world.doorbell.ring(Reason.ANNOUNCEMENT))
