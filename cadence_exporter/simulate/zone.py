"""The zone at the DNS provider, with the provider's bad days. What is asked of it and what it holds is written down for the checkers."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cadence_exporter.act.dns.cloudflare import NEW_RECORD_TTL_S
from cadence_exporter.act.dns.cloudflare_errors import LONGEST_WAIT_S, THROTTLED_S
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.outcome import Operation
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet
from cadence_exporter.simulate.ills import Ills

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

SERVICE = "cloudflare"
CALL_S = 0.15
LATE_S = 20.0
AUTOMATIC_TTL_S = 300


class Trouble(StrEnum):
    """What can go wrong with one request."""

    ERROR_500 = "5xx"
    SLOW_DOWN = "429"
    NO_SUCCESS = "200 without success"
    TIMEOUT = "no answer, nothing done"
    REVOKED = "token revoked"
    LOST_ANSWER = "done, but the answer is lost"
    LATE = "no answer, done later"
    NOT_DONE = "answers success, does nothing"
    OLD_READS = "reads show what was there before"


@dataclass(frozen=True, slots=True)
class Write:
    """One write request that reached the provider."""

    operation: Operation
    key: RecordKey
    address: IpAddress
    shown_before: tuple[str, ...]
    """What its last reading showed the caller."""
    read_age_s: float
    """How long ago that reading was."""


@dataclass(slots=True)
class Entry:
    """What is held of one name and type, and who wrote it last."""

    held: tuple[HeldRecord, ...] = ()
    before: tuple[HeldRecord, ...] = ()
    """What was held before the last change, for readers that are behind."""
    changed: float = 0.0
    """When, in true seconds."""
    last_writer: str = "hand"
    shown: tuple[str, ...] = ()
    """What the last successful reading showed."""
    read_at: float = float("-inf")
    """When that was, in true seconds."""

    def become(self, held: tuple[HeldRecord, ...], at: float, writer: str) -> None:
        """A change."""
        self.before, self.held, self.changed, self.last_writer = self.held, held, at, writer


class Zone:
    """Implements ``seams.DnsProvider``."""

    name = "cloudflare"
    in_public_dns = True

    def __init__(self, world: "World") -> None:
        self._world = world
        self.entries: dict[RecordKey, Entry] = {}
        self.cnames: Ills[str] = Ills()
        self.troubles: Ills[Trouble] = Ills()
        self.retry_after_s: float | None = None
        self.watchers: list[Callable[[Write], None]] = []
        self._ids = 0

    def entry(self, key: RecordKey) -> Entry:
        """What there is of one name and type."""
        return self.entries.setdefault(key, Entry())

    def contents(self, key: RecordKey) -> tuple[str, ...]:
        """The addresses held."""
        return tuple(each.content for each in self.entry(key).held)

    def read(self, spec: RecordSpec, deadline: Instant) -> RecordSet:
        """See the seam."""
        trouble = self._request(deadline, writing=False)
        entry = self.entry(spec.key)
        held = entry.held
        if trouble is Trouble.OLD_READS and entry.before and self._world.clock.true - entry.changed < LATE_S:
            held = entry.before
            entry.last_writer = "unknown"  # whoever was shown the past cannot be blamed for believing it
        entry.shown = tuple(each.content for each in held)
        entry.read_at = self._true
        return RecordSet(held, self.cnames.newest)

    def create(self, spec: RecordSpec, address: IpAddress, deadline: Instant) -> None:
        """See the seam. Like Cloudflare it does not make a second record with the same content."""
        self._write(Operation.CREATE, spec, address, deadline)

    def update(self, spec: RecordSpec, held: HeldRecord, address: IpAddress, deadline: Instant) -> None:
        """See the seam."""
        self._write(Operation.UPDATE, spec, address, deadline, held.id)

    def by_hand(self, key: RecordKey, contents: tuple[str, ...]) -> None:
        """Somebody edits the zone."""
        ttl = self._ttl(key)
        self.entry(key).become(tuple(HeldRecord(text, self._id(), ttl) for text in contents), self._true, "hand")

    def published_as_of(self, key: RecordKey, delay_s: float) -> tuple[HeldRecord, ...]:
        """What the authoritative servers say: a little behind the API."""
        entry = self.entry(key)
        return entry.held if self._true - entry.changed >= delay_s else entry.before

    @property
    def _true(self) -> float:
        return self._world.clock.true

    def _id(self) -> str:
        self._ids += 1
        return f"r{self._ids}"

    def _ttl(self, key: RecordKey) -> int:
        held = self.entry(key).held
        return held[0].ttl or AUTOMATIC_TTL_S if held else AUTOMATIC_TTL_S

    def _write(
        self,
        operation: Operation,
        spec: RecordSpec,
        address: IpAddress,
        deadline: Instant,
        record_id: str | None = None,
    ) -> None:
        entry = self.entry(spec.key)
        trouble = self._request(deadline, writing=True)
        write = Write(operation, spec.key, address, entry.shown, self._true - entry.read_at)
        for watcher in self.watchers:
            watcher(write)
        late = trouble is Trouble.LATE and operation is Operation.UPDATE
        if late:
            # Lasting: it may well arrive when the storm is over.
            self._world.after(LATE_S, lambda: self._apply(operation, spec, address, record_id, "late"), lasting=True)
        elif trouble is not Trouble.NOT_DONE:
            self._apply(operation, spec, address, record_id, "cadence")
        self._world.step()  # a host may die when the provider has written and nobody has noted it yet
        if late or trouble is Trouble.LOST_ANSWER:
            self._hang(deadline)

    def _apply(
        self, operation: Operation, spec: RecordSpec, address: IpAddress, record_id: str | None, writer: str
    ) -> None:
        entry, text = self.entry(spec.key), str(address)
        if any(each.content == text and each.id != record_id for each in entry.held):
            if writer == "cadence":
                raise ActionFailed("an identical record exists already")
        elif operation is Operation.CREATE:
            if self.cnames.active:
                raise ActionFailed("a CNAME of the same name is in the way", refusal=True)
            made = HeldRecord(text, self._id(), spec.ttl or NEW_RECORD_TTL_S)
            entry.become((*entry.held, made), self._true, writer)
        elif all(each.id != record_id for each in entry.held):
            if writer == "cadence":
                raise ActionFailed("the record is gone; it is looked up again")
        else:
            entry.become(
                tuple(
                    HeldRecord(text, each.id, spec.ttl or each.ttl) if each.id == record_id else each
                    for each in entry.held
                ),
                self._true,
                writer,
            )

    def _request(self, deadline: Instant, *, writing: bool) -> Trouble | None:
        """One request on its way. Returns a trouble that shows only afterwards. Raises ActionFailed or TimeoutError."""
        world = self._world
        world.step()
        slept_s = world.clock.slept
        world.pass_time(CALL_S)
        if world.clock.slept > slept_s:
            world.call(SERVICE, "error")
            raise ActionFailed("the connection did not outlive the sleep")
        if not world.online():
            world.call(SERVICE, "error")
            raise ActionFailed("the provider cannot be reached")
        trouble = self.troubles.newest
        match trouble:
            case Trouble.ERROR_500:
                self._fail("5xx", "the provider is in trouble")
            case Trouble.SLOW_DOWN:
                asked_s = THROTTLED_S if self.retry_after_s is None else min(self.retry_after_s, LONGEST_WAIT_S)
                self._fail("429", "the provider asks to slow down", asked_s)
            case Trouble.NO_SUCCESS:
                self._fail("2xx", "status 200 without success")
            case Trouble.REVOKED:
                self._fail("4xx", "the token is not valid")
            case Trouble.TIMEOUT:
                self._hang(deadline)
            case Trouble.LOST_ANSWER | Trouble.LATE if writing:
                return trouble
            case Trouble.NOT_DONE | Trouble.OLD_READS:
                world.call(SERVICE, "2xx")
                return trouble
        world.call(SERVICE, "2xx")
        return None

    def _fail(self, code: str, words: str, retry_after_s: float | None = None) -> None:
        self._world.call(SERVICE, code)
        raise ActionFailed(words, retry_after_s=retry_after_s)

    def _hang(self, deadline: Instant) -> None:
        self._world.call(SERVICE, "error")
        self._world.pass_time(max(0.0, deadline - self._world.clock.monotonic()))
        raise TimeoutError
