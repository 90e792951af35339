"""Doorbell -> loop: why a cycle begins. A wakeup carries no facts and never acts; it only brings the next cycle forward."""

from enum import StrEnum

from cadence_exporter.model.value import value


class Reason(StrEnum):
    """Who rang. A closed set: it is a metric label."""

    START = "start"
    DUE = "due"
    SIGNAL = "signal"
    CHECK = "check"
    ANNOUNCEMENT = "announcement"
    ROUTER = "router"
    UPNP = "upnp"
    TRIPWIRE = "tripwire"
    NIC_UPDATE = "nic_update"
    REQUEST = "request"
    """A person asked for something."""
    NETLINK = "netlink"
    RESUME = "resume"
    RELOAD = "reload"
    STOP = "stop"


_STOP, _RELOAD = Reason.STOP, Reason.RELOAD
_NO_HINTS = frozenset({Reason.DUE, Reason.REQUEST, Reason.RELOAD, Reason.STOP})
WORD_OF_THE_ROUTER = frozenset({Reason.ANNOUNCEMENT, Reason.ROUTER, Reason.UPNP})
"""What these claim, every look finds out on the LAN: it asks the router itself. While its answer is the one that was agreed on,
nothing has changed, whoever said so; a forged packet then costs nothing outside."""

_WORD_OF_THE_TRIPWIRE = frozenset({Reason.TRIPWIRE})
"""Likewise: every look reads its last word, and probes the path that fell silent."""
_LEFT_TO_THE_PLAN = _NO_HINTS | WORD_OF_THE_ROUTER | _WORD_OF_THE_TRIPWIRE


@value
class Wakeup:
    """Everyone who rang since the last cycle, coalesced."""

    reasons: frozenset[Reason]

    @property
    def stops(self) -> bool:
        """Whether the loop should end instead of making another cycle."""
        return _STOP in self.reasons

    @property
    def reloads(self) -> bool:
        """Whether the settings should be read again before the next cycle."""
        return _RELOAD in self.reasons

    @property
    def hints(self) -> bool:
        """Whether somebody suspects a change."""
        return not self.reasons <= _NO_HINTS

    @property
    def asks_everyone(self) -> bool:
        """Whether the suspicion is one that only the services outside can settle.

        A word of the router's, or of the tripwire's, leaves it to the plan: they are asked as soon as it is another one.
        """
        return not self.reasons <= _LEFT_TO_THE_PLAN
