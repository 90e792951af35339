"""What a promise is made of: somebody who watches cycles, writes and restarts, and evidence counted apart from the product."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.assessment import Agreed, Link, Unchanged
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.policy import Policy
from cadence_exporter.simulate.world import World
from cadence_exporter.simulate.zone import Write

Report = Callable[[str, str], None]
"""Told of a broken promise: its name and what happened."""


class Evidence:
    """Agreeing observations in a row, counted apart from the product. A voice that says "unchanged" adds nothing."""

    def __init__(self) -> None:
        self._streaks: dict[Family, tuple[IpAddress | None, int]] = {}
        self.doubts = 0

    def take(self, cycle: Cycle) -> None:
        """One more observation."""
        doubtful = False
        for number, (family, verdict) in enumerate(cycle.assessment.public.items()):
            ip, count = self._streaks.get(family, (None, 0))
            if cycle.assessment.wan is not Link.UP:
                self._streaks[family] = (ip, 0)
            elif isinstance(verdict, Agreed):
                self._streaks[family] = (verdict.ip, count + 1 if ip == verdict.ip else 1)
            elif not isinstance(verdict, Unchanged):
                self._streaks[family] = (ip, 0)
                doubtful = doubtful or number == 0
        self.doubts = self.doubts + 1 if doubtful else 0

    def forget(self) -> None:
        """The process began anew."""
        self._streaks.clear()
        self.doubts = 0

    def streak(self, family: Family) -> int:
        """For the address seen last."""
        return self._streaks.get(family, (None, 0))[1]

    def supports(self, family: Family, address: IpAddress, confirmations: int) -> bool:
        """Whether this address was agreed on often enough, and nothing else since."""
        ip, count = self._streaks.get(family, (None, 0))
        return ip == address and count >= confirmations


@dataclass(frozen=True, slots=True)
class Watch:
    """What every checker is given."""

    world: World
    policy: Policy
    report: Report
    evidence: Evidence
    """Up to date when a cycle is looked at."""


class Checker:
    """One promise."""

    promise: ClassVar[str] = ""

    def __init__(self, watch: Watch) -> None:
        self.world = watch.world
        self.policy = watch.policy
        self.evidence = watch.evidence
        self._report = watch.report

    def broken(self, what: str) -> None:
        """The promise was not kept."""
        self._report(self.promise, what)

    def cycle(self, cycle: Cycle) -> None:
        """A cycle is over."""

    def write(self, write: Write) -> None:
        """A write request has reached the provider."""

    def restart(self, memory: Memory) -> None:
        """The process begins with this memory."""

    def recently(self, what: str, within_s: float) -> bool:
        """Whether a suspicion is fresh."""
        at = self.world.suspicions.get(what)
        return at is not None and self.world.clock.true - at < within_s
