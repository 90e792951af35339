"""What the listeners hear, for people and for metrics. It decides nothing: a listener that fails leaves the polling as it was."""

from collections.abc import Mapping
from enum import StrEnum

from cadence_exporter.model.value import value


class Ear(StrEnum):
    """Every listener there is. A closed set: it is a metric label."""

    NATPMP_ANNOUNCEMENTS = "natpmp_announcements"
    ROUTER_WATCH = "router_watch"
    UPNP = "upnp"
    NETLINK = "netlink"
    RESUME = "resume"
    TRIPWIRE = "tripwire"


class Ignored(StrEnum):
    """Why something that was heard means nothing. A closed set: it is a metric label."""

    WRONG_SENDER = "wrong_sender"
    """Not from the router: anybody on the LAN can send to a multicast group."""
    MALFORMED = "malformed"
    UNCHANGED = "unchanged"
    """Says what is known already."""
    UNSOLICITED = "unsolicited"
    """An answer to nothing that was asked, or to a question of long ago."""
    OVERHEARD = "overheard"
    """Well formed, but meant for somebody else."""
    REMAPPED = "remapped"
    """The NAT gave another port to the same address."""


@value
class Hearing:
    """One listener as it stands now. The counts begin at zero with the process, and survive a reload."""

    name: str
    up: bool | None
    """Whether it hears; None when it is switched off."""
    why: str
    """What keeps it from hearing, or did so last; empty when nothing ever did."""
    rings: int
    ignored: Mapping[str, int]
    packets: int
    """Sent, by those that ask."""
