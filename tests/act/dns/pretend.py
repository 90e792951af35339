"""Resolvers and a provider that live in memory and do exactly what a test tells them."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet, TruthAnswer


class StillClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> Instant:
        return Instant(self.at)

    def wall(self) -> WallTime:
        return WallTime(1_795_435_200.0 + self.at)

    def now(self) -> Now:
        return Now(self.monotonic(), self.wall())


@dataclass
class Truth:
    """Says ``addresses``; ``None`` is no answer, an empty tuple NXDOMAIN."""

    operator: str
    addresses: tuple[IpAddress, ...] | None = ()
    asked: int = 0
    hold: threading.Event | None = None

    def look_up(self, key: RecordKey, deadline: Instant) -> TruthAnswer:
        self.asked += 1
        if self.hold is not None:
            self.hold.wait()
        if self.addresses is None:
            raise ProbeFailed(FailureReason.DNS, "SERVFAIL")
        return TruthAnswer(self.operator, self.addresses, "NOERROR" if self.addresses else "NXDOMAIN", 60)


Failure = ActionFailed | None


@dataclass
class Zone:
    """A provider. ``fails`` is asked before each call with its kind; ``loses`` drops the answer after the write happened."""

    held: list[HeldRecord] = field(default_factory=list)
    cname: str | None = None
    name: str = "pretend"
    in_public_dns: bool = True
    fails: Callable[[str], Failure] = lambda _: None
    loses: bool = False
    ignores: bool = False
    """Says that a write worked, and does nothing."""
    meddles: Callable[["Zone"], None] = lambda _: None
    """Somebody else's hand, right after each write."""
    hold: threading.Event | None = None
    written: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def read(self, spec: RecordSpec, deadline: Instant) -> RecordSet:
        self._called("read")
        return RecordSet(tuple(self.held), self.cname)

    def create(self, spec: RecordSpec, address: IpAddress, deadline: Instant) -> None:
        self._called("create")
        self._write(address, [*self.held, HeldRecord(str(address), f"new-{len(self.calls)}", spec.ttl, spec.proxied)])

    def update(self, spec: RecordSpec, held: HeldRecord, address: IpAddress, deadline: Instant) -> None:
        self._called("update")
        changed = replace(held, content=str(address), ttl=spec.ttl or held.ttl)
        if spec.proxied is not None:
            changed = replace(changed, proxied=spec.proxied)
        self._write(address, [changed if each == held else each for each in self.held])

    def contents(self) -> list[str]:
        return [each.content for each in self.held]

    def _called(self, kind: str) -> None:
        self.calls.append(kind)
        if self.hold is not None:
            self.hold.wait()
        failure = self.fails(kind)
        if failure is not None:
            raise failure

    def _write(self, address: IpAddress, after: Iterable[HeldRecord]) -> None:
        if not self.ignores:
            self.written.append(str(address))
            self.held = list(after)
            self.meddles(self)
        if self.loses:
            raise ActionFailed("the answer was lost; whether it was written is unclear")
