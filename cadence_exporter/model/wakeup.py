"""Doorbell -> loop: why a cycle begins. A wakeup carries no facts and never acts; it only brings the next cycle forward."""

from dataclasses import dataclass
from enum import StrEnum


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
    NETLINK = "netlink"
    RESUME = "resume"
    RELOAD = "reload"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Wakeup:
    """Everyone who rang since the last cycle, coalesced."""

    reasons: frozenset[Reason]

    @property
    def stops(self) -> bool:
        """Whether the loop should end instead of making another cycle."""
        return Reason.STOP in self.reasons

    @property
    def reloads(self) -> bool:
        """Whether the settings should be read again before the next cycle."""
        return Reason.RELOAD in self.reasons

    @property
    def hints(self) -> bool:
        """Whether somebody suspects a change, so that the next observation must ask outside."""
        return bool(self.reasons - {Reason.DUE, Reason.RELOAD, Reason.STOP})
