"""A question to the router every few seconds: a new WAN address, a lost one or a restart is noticed without asking anybody outside.

NAT-PMP (RFC 6886 section 3.2), one small packet each way, on the LAN only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from threading import Event

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.hearing import Ear
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import FailureReason, RouterWan
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.gateway import Gateway
from cadence_exporter.observe.listeners.listener import Report
from cadence_exporter.observe.public_ip.natpmp import PATIENCE_S, ask
from cadence_exporter.observe.public_ip.natpmp_packets import epoch_ran_back
from cadence_exporter.seams import Clock

AGAIN_S = 2.0
"""The line may not carry anything yet when the router has its address: a second look follows."""
SELDOM_S = 300.0
"""How often a router is asked that never spoke NAT-PMP, in the end: somebody may have switched it on."""
PATIENT_S = 600.0
"""A router that spoke is asked at the full pace for so long after it fell silent: whoever restarts it is back by then."""


@dataclass(frozen=True, slots=True)
class _Heard:
    wan: RouterWan
    at: Instant


class RouterWatch:
    """Implements ``Listener``. What it knows outlives its falls; one thread at a time."""

    name = Ear.ROUTER_WATCH

    def __init__(self, gateway: Callable[[], Gateway | None], port: int, every_s: float, clock: Clock) -> None:
        self._find = gateway
        self._port = port
        self._every_s = every_s
        self._clock = clock
        self._gateway: IpAddress | None = None
        self._heard: _Heard | None = None
        self._silent_since: Instant | None = None
        self._ask_at: Instant | None = None
        """Not before, while it is silent."""
        self._pause_s = every_s

    def listen(self, report: Report, stop: Event) -> None:
        """See the protocol. A router that does not speak NAT-PMP is nothing to fall over: it is asked seldom."""
        while not stop.is_set():
            if self._is_news(report):
                report.ring(Reason.ROUTER)
                if stop.wait(min(AGAIN_S, self._every_s)):
                    return
                report.ring(Reason.ROUTER)
            stop.wait(self._every_s)

    def _is_news(self, report: Report) -> bool:
        """Ask, when it is time to. Whether the loop should look."""
        found = self._find()
        address = found.address if found else None
        moved = self._moved_to(address)
        now = self._clock.monotonic()
        if self._ask_at is not None and now < self._ask_at:
            return moved
        try:
            wan = self._ask(address, report)
        except ProbeFailed as failed:
            return self._silence(failed, now, report) or moved
        return self._answer(wan, report) or moved

    def _moved_to(self, address: IpAddress | None) -> bool:
        """Another router: nothing that the other one said is of any use. A moment without a route is not another router."""
        if address is None or address == self._gateway:
            return False
        moved = self._gateway is not None
        self._gateway, self._heard, self._silent_since, self._ask_at = address, None, None, None
        self._pause_s = self._every_s
        return moved

    def _ask(self, address: IpAddress | None, report: Report) -> RouterWan:
        if address is None:
            raise ProbeFailed(FailureReason.OTHER, "this host has no default route")
        if not isinstance(address, IPv4Address):
            raise ProbeFailed(FailureReason.OTHER, "the router has no IPv4 address here")
        return ask(address, self._port, self._clock, later(self._clock.monotonic(), PATIENCE_S), report.sent)

    def _answer(self, wan: RouterWan, report: Report) -> bool:
        before, now = self._heard, self._clock.monotonic()
        returned = self._silent_since is not None and before is not None
        self._heard, self._silent_since, self._ask_at = _Heard(wan, now), None, None
        self._pause_s = self._every_s
        report.up()
        if before is None:
            return False
        restarted = epoch_ran_back(before.wan.epoch_s, wan.epoch_s, now - before.at)
        return returned or restarted or wan.address != before.wan.address

    def _silence(self, failed: ProbeFailed, asked_at: Instant, report: Report) -> bool:
        now = self._clock.monotonic()
        fresh = self._silent_since is None
        if self._silent_since is None:
            self._silent_since = asked_at
        if self._heard is None:
            report.down(f"the router does not speak NAT-PMP ({failed.detail})")
        else:
            report.down(f"the router has fallen silent ({failed.detail})")
        if self._heard is None or now - self._silent_since >= PATIENT_S:
            self._pause_s = min(2 * self._pause_s, max(SELDOM_S, self._every_s))
            self._ask_at = later(now, self._pause_s)
        return fresh and self._heard is not None
