"""A zone and its resolvers as a model: what they hold, show and say, everything that can go wrong with them, and what nobody may ask."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.outcome import Operation
from cadence_exporter.model.ranges import special_range
from cadence_exporter.model.zone import HeldRecord, RecordSet, TruthAnswer
from tests.act.dns.pretend import StillClock

STRANGE = ip_address("104.16.132.229")
SINKHOLE = ip_address("0.0.0.0")
READ_FAULTS = ("fails", "slow down", "hangs", "stale", "breaks")
WRITE_FAULTS = ("fails", "slow down", "refused", "hangs", "lost", "late", "ignored", "breaks", "broken afterwards")
RESOLVERS = (
    "honest",
    "stale",
    "stale",
    "stale",
    "blocks",
    "sinkhole",
    "lies",
    "several",
    "servfail",
    "silent",
    "breaks",
)


@dataclass
class Requests:
    """What was asked and answered during one action."""

    action: object = None
    calls: list[str] = field(default_factory=list)
    shown: RecordSet | None = None
    """The last successful reading."""
    shown_stale: bool = False
    said: list[tuple[str, tuple]] = field(default_factory=list)


class ModelZone:
    """Implements ``seams.DnsProvider``, and complains of requests that may never be made."""

    name = "cloudflare"

    def __init__(self, clock: StillClock, *, in_public_dns: bool, complain: Callable[[str], None]):
        self.clock, self.in_public_dns, self._complain = clock, in_public_dns, complain
        self.held: tuple[HeldRecord, ...] = ()
        self.before: tuple[HeldRecord, ...] = ()
        self.cname: str | None = None
        self.late: list[Callable[[], None]] = []
        self.reads: list[str | None] = []
        """Faults of the next readings."""
        self.writes: str | None = None
        self.hand_between: Callable[[], None] | None = None
        self.now = Requests()
        self.ours_since: float | None = None
        """When we last wrote what is held now; None when it was somebody else."""
        self._ids = 0

    def __getattr__(self, name):
        self._complain(f"asked the provider for {name!r}")
        raise AttributeError(name)

    def become(self, *contents: str) -> None:
        """Somebody edits the zone; what keeps its place keeps its id."""
        self.before, self.ours_since = self.held, None
        ids = [each.id for each in self.held]
        self.held = tuple(
            HeldRecord(text, ids[n] if n < len(ids) else self._id(), 300) for n, text in enumerate(contents)
        )

    def read(self, spec, deadline):
        self.now.calls.append("read")
        fault = self.reads.pop(0) if self.reads else None
        self._fail(fault, deadline)
        self.now.shown_stale = fault == "stale" and self.before != self.held
        self.now.shown = RecordSet(self.before if fault == "stale" else self.held, self.cname)
        return self.now.shown

    def create(self, spec, address, deadline):
        shown = self._about_to_write(Operation.CREATE, spec, address)
        if shown is None or shown.held:
            self._complain(f"created a record where {shown} was shown")
        if self.held and not self.now.shown_stale and self.hand_between is None:
            self._complain("created a second record")
        if not spec.create or spec.id is not None:
            self._complain("created a record that may not be created")
        self._write(lambda: (*self.held, HeldRecord(str(address), self._id(), 300)), deadline)

    def update(self, spec, held, address, deadline):
        shown = self._about_to_write(Operation.UPDATE, spec, address)
        if shown is None or held not in shown.held:
            self._complain("changed a record that was not just shown")
        elif spec.id is None and len(shown.held) != 1:
            self._complain("changed one of several records")
        elif spec.id is not None and held.id != spec.id:
            self._complain("changed another record than the pinned one")
        changed = replace(held, content=str(address))
        self._write(lambda: tuple(changed if each.id == held.id else each for each in self.held), deadline)

    def _about_to_write(self, operation, spec, address):
        now = self.now
        if now.calls[-1:] != ["read"] or now.shown is None:
            self._complain(f"{operation} without having read just before: {now.calls}")
        elif now.shown.cname is not None:
            self._complain(f"{operation} beside a CNAME")
        if not now.action.may_write:
            self._complain(f"{operation} although the budget is spent")
        if address != now.action.address or special_range(address) is not None or address.version != 4:
            self._complain(f"{operation} to {address}, wanted was {now.action.address}")
        now.calls.append(operation)
        return now.shown

    def _write(self, held: Callable[[], tuple[HeldRecord, ...]], deadline) -> None:
        if self.hand_between is not None:
            self.hand_between()
        fault = self.writes
        if fault == "late":
            self.late.append(lambda: self._apply(held, None))
            fault = "hangs"
        self._fail(fault, deadline)
        if fault != "ignored":
            self._apply(held, self.clock.at)
        if fault == "lost":
            raise ActionFailed("the answer was lost")
        if fault == "broken afterwards":
            raise RuntimeError("a bug in the adapter, after it wrote")

    def _apply(self, held, ours_since) -> None:
        self.before, self.held, self.ours_since = self.held, held(), ours_since

    def _fail(self, fault, deadline) -> None:
        match fault:
            case "fails":
                raise ActionFailed("status 500")
            case "slow down":
                raise ActionFailed("slow down", retry_after_s=600.0)
            case "refused":
                raise ActionFailed("a CNAME is in the way", refusal=True)
            case "hangs":
                self.clock.at = max(self.clock.at, deadline)
                raise TimeoutError
            case "breaks":
                raise RuntimeError("a bug in the adapter")

    def _id(self) -> str:
        self._ids += 1
        return f"r{self._ids}"


class ModelResolver:
    """Implements ``seams.DnsTruth``."""

    def __init__(self, operator: str, zone: ModelZone):
        self.operator, self._zone = operator, zone
        self.mode = "honest"
        self._kept: tuple = ()

    def turn(self, mode: str) -> None:
        self.mode, self._kept = mode, self._honest()

    def look_up(self, key, deadline):
        if self.mode == "servfail":
            raise ProbeFailed(FailureReason.DNS, "SERVFAIL")
        if self.mode == "breaks":
            raise RuntimeError("a bug in the adapter")
        if self.mode == "silent":
            self._zone.clock.at = max(self._zone.clock.at, deadline)
            raise TimeoutError
        said = {
            "honest": self._honest(),
            "stale": self._kept,
            "blocks": (),
            "sinkhole": (SINKHOLE,),
            "lies": (STRANGE,),
            "several": (*self._honest(), STRANGE),
        }[self.mode]
        self._zone.now.said.append((self.operator, said))
        return TruthAnswer(self.operator, said, "NOERROR" if said else "NXDOMAIN", 60)

    def _honest(self):
        contents = [each.content for each in self._zone.held if each.content[0].isdigit()]
        return tuple(dict.fromkeys(ip_address(text) for text in contents))
