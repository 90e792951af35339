"""The access line: which addresses are truly the home's, and what the outside sees of it."""

from collections.abc import Callable, Collection, Mapping
from ipaddress import IPv4Address, ip_address

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.simulate.clock import WorldClock
from cadence_exporter.simulate.dice import Dice
from cadence_exporter.simulate.ills import Ills

_POOLS = {Family.IPV4: (ip_address("81.2.64.0"), 4096), Family.IPV6: (ip_address("2a01:4f8:1::"), 2**40)}
"""Public-looking addresses as mere data; nothing is ever sent to them."""
SECOND_POOL = (ip_address("93.184.0.0"), 4096)
CGNAT_ROUTER = IPv4Address("100.72.14.3")
CGNAT_SHARED = (ip_address("212.58.0.0"), 256)
VPN_NETWORK = "185.159.156.0/22"
VPN_EXIT = ip_address("185.159.157.80")

_PLACES = {"flap": FaultLayer.ACCESS, "redial": FaultLayer.ACCESS, "short": FaultLayer.ISP, "long": FaultLayer.UPSTREAM}
_NEAREST_FIRST = (FaultLayer.ACCESS, FaultLayer.ISP, FaultLayer.UPSTREAM)

Addresses = tuple[IpAddress, ...]


def fresh_address(family: Family, dice: Dice) -> IpAddress:
    """Any public address of the ISP's pool."""
    base, size = _POOLS[family]
    return base + dice.randrange(1, size)


def place_of_cut(cuts: Collection[str]) -> FaultLayer | None:
    """Where the line is cut; of several places the nearest. ``None``: it is whole."""
    if not cuts:
        return None
    places = {_PLACES.get(cut, FaultLayer.ACCESS) for cut in cuts}
    return next((place for place in _NEAREST_FIRST if place in places), None)


class Line:
    """What the ISP gives this home. ``history`` holds since when which addresses were truly the home's, in awake seconds."""

    def __init__(self, families: tuple[Family, ...], clock: WorldClock, dice: Dice) -> None:
        self._clock = clock
        self.families = families
        self.leased: dict[Family, IpAddress] = {family: fresh_address(family, dice) for family in families}
        self.backup: IpAddress = SECOND_POOL[0] + dice.randrange(1, SECOND_POOL[1])
        """The address of the second WAN of a home that has one."""
        self.cgnat = False
        self.cuts: Ills[str] = Ills()
        self.portals: Ills[str] = Ills()
        """Something answers every HTTP request with a page of its own."""
        self.vpn: Ills[IpAddress] = Ills()
        """The host's own traffic leaves by another exit."""
        self.balanced: Ills[str] = Ills()
        """Connections leave by both WANs in turn."""
        self.told: Callable[[], None] = lambda: None
        """Who notices another address."""
        self.history: list[tuple[float, float, Addresses]] = []
        self._note()

    @property
    def up(self) -> bool:
        """Whether packets come through."""
        return not self.cuts

    def lease(self, family: Family, address: IpAddress) -> None:
        """The ISP gives another address."""
        self.leased[family] = address
        self._note()

    def note(self) -> None:
        """Something about what is truly ours has changed."""
        self._note()

    def egress(self, family: Family, number: int) -> IpAddress | None:
        """The address that the connection to service ``number`` is seen to come from."""
        if self.cuts.active:
            return None
        if family is Family.IPV4:
            if self.vpn.active:
                return self.vpn.newest
            if self.balanced.active and number % 2:
                return self.backup
        return self.leased.get(family)

    def egress_before(self, family: Family, seconds: float) -> IpAddress | None:
        """What an echo service with a stale cache saw so long ago."""
        wanted = self._clock.true - seconds
        for _, since, addresses in reversed(self.history):
            if since <= wanted:
                return next((each for each in addresses if (each.version == 4) is (family is Family.IPV4)), None)  # noqa: PLR2004
        return self.egress(family, 0)

    def router_wan(self) -> IPv4Address | None:
        """What the router holds on its WAN side: nothing while its own line is cut."""
        if self.cuts.active and place_of_cut(self.cuts.active) is FaultLayer.ACCESS:
            return None
        if self.cgnat:
            return CGNAT_ROUTER
        leased = self.leased.get(Family.IPV4)
        return leased if isinstance(leased, IPv4Address) else None

    def ours_now(self) -> Addresses:
        """Addresses under which the home can be reached, or would be if the line were up."""
        ours = tuple(self.leased.values())
        return (*ours, self.backup) if self.balanced.active else ours

    def was_ours(self, address: IpAddress, within_s: float) -> bool:
        """Whether ``address`` was truly ours at some moment of the last so many awake seconds."""
        until = float("inf")
        oldest = self._clock.awake - within_s
        for since, _, addresses in reversed(self.history):
            if until < oldest:
                return False
            if address in addresses:
                return True
            until = since
        return False

    def ours_since(self, address: IpAddress) -> float | None:
        """Since when, in true seconds, ``address`` has been ours without a break, looking back from when it last was."""
        found = None
        for _, since, addresses in reversed(self.history):
            if address in addresses:
                found = since
            elif found is not None:
                break
        return found

    def _note(self) -> None:
        ours = self.ours_now()
        if not self.history or self.history[-1][2] != ours:
            self.history.append((self._clock.awake, self._clock.true, ours))
        self.told()

    def current(self) -> Mapping[Family, IpAddress]:
        """The addresses that DNS should say."""
        return dict(self.leased)
