"""Makes a record say the wanted address, in layers: truth, then the provider, then a write that is read back.

Nothing is ever deleted, and what was not read back is never reported as done. The loop is the retry: nothing waits or repeats here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, assert_never

from cadence_exporter.act.dns.plan import Create, Nothing, Refuse, Update, address_in, plan, says
from cadence_exporter.act.dns.truth_panel import GRACE_S, Said, TruthPanel
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.decision import Action, ConfirmVisible, Reconcile
from cadence_exporter.model.instants import Instant, jump_s, later
from cadence_exporter.model.outcome import Operation, Outcome, Result
from cadence_exporter.model.zone import HeldRecord, RecordSet
from cadence_exporter.outbound.lane import Lane, LaneBusy, Worker
from cadence_exporter.seams import Clock, DnsProvider, DnsTruth

T = TypeVar("T")

MOST_JUMP_S = 10.0
"""A host that sleeps in the middle of a cycle may wake up hours later with another address: what it was about to write is not written."""
BUDGET_SPENT = "daily budget spent: it is not changed"
SLEPT = "this host slept, or its clock was set, since the address was looked up: it is looked up again first"


@dataclass(frozen=True, slots=True)
class _Found:
    """How far reconciliation came; an Outcome without its action and times."""

    result: Result
    detail: str
    operation: Operation | None = None
    held: tuple[IpAddress, ...] = ()
    visible_at_once: bool = False
    retry_after_s: float | None = None


class Reconciler:
    """See the module. ``call_timeout_s`` is the hard limit of each single call to a resolver or a provider, in seconds.

    ``lane`` makes the lanes, by name: one for each resolver operator and each provider.
    """

    def __init__(
        self,
        clock: Clock,
        truths: Sequence[DnsTruth],
        providers: Mapping[str, DnsProvider],
        *,
        rehearse: bool,
        call_timeout_s: float,
        lane: Callable[[str], Worker] = Lane,
    ) -> None:
        self._clock = clock
        self._panel = TruthPanel(clock, truths, call_timeout_s, lane)
        self._nobody_to_ask = not truths
        self._providers = providers
        self._lanes = {provider.name: lane(f"provider-{provider.name}") for provider in providers.values()}
        self._rehearse = rehearse
        self._timeout_s = call_timeout_s
        self.attempted: Operation | None = None
        """The write that the last reconciliation came to; whoever catches a bug in an adapter must count it."""

    def close(self) -> None:
        """Let the lanes end; does not wait for hung ones. Another reconciler takes over after a reload."""
        self._panel.close()
        for lane in self._lanes.values():
            lane.close()

    def reconcile(self, action: Reconcile) -> Outcome:
        """Truth, provider, write, read back."""
        began = self._clock.monotonic()
        self.attempted = None
        spec, wanted = action.record, action.address
        provider = self._providers.get(spec.provider)
        if provider is None:
            return self._outcome(action, began, _Found(Result.FAILED, f"no provider {spec.provider!r} is set up"))
        words = ""
        # A proxied name shows its proxy's addresses and a local file is in no resolver: only the provider can vouch for them.
        if provider.in_public_dns and not spec.proxied and not action.resolvers_may_lag:
            said = self._ask_truth(action)
            words = said.describe(wanted)
            if said.shows(wanted):
                return self._outcome(action, began, _Found(Result.VERIFIED, words, held=said.found))
        found = self._visit(provider, action)
        detail = f"{found.detail} ({words})" if words else found.detail
        return self._outcome(action, began, found, detail)

    def confirm(self, action: ConfirmVisible) -> Outcome:
        """Whether the resolvers show a published change. Where none ever can, it is visible by definition."""
        began = self._clock.monotonic()
        provider = self._providers.get(action.record.provider)
        in_public_dns = provider is None or provider.in_public_dns
        if action.record.proxied or not in_public_dns or self._nobody_to_ask:
            return self._outcome(action, began, _Found(Result.VISIBLE, "no resolver can show it", visible_at_once=True))
        said = self._panel.ask_all(action.record.key)
        result = Result.VISIBLE if said.shows(action.address) else Result.LAGGING
        return self._outcome(action, began, _Found(result, said.describe(action.address), held=said.found))

    def _ask_truth(self, action: Reconcile) -> Said:
        if action.full_truth:
            return self._panel.ask_all(action.record.key)
        return self._panel.ask_quietly(action.record.key, action.turn, action.address)

    def _visit(self, provider: DnsProvider, action: Reconcile) -> _Found:
        """Ask the provider, and change what has to be changed."""
        spec, wanted = action.record, action.address
        try:
            seen = self._call(provider, partial(provider.read, spec))
        except ActionFailed as error:
            return _failed(error)
        held = _addresses(seen)
        planned = plan(spec, seen, wanted)
        match planned:
            case Nothing(held=record):
                return _Found(
                    Result.HELD,
                    f"{provider.name} holds {wanted}",
                    held=held,
                    visible_at_once=self._invisible(provider, record),
                )
            case Refuse(reason=reason):
                return _Found(Result.REFUSED, reason, held=held)
            case Create():
                return self._change(provider, action, held, Operation.CREATE, partial(provider.create, spec, wanted))
            case Update(held=record):
                return self._change(
                    provider, action, held, Operation.UPDATE, partial(provider.update, spec, record, wanted)
                )
            case _:
                assert_never(planned)

    def _change(
        self,
        provider: DnsProvider,
        action: Reconcile,
        held: tuple[IpAddress, ...],
        operation: Operation,
        write: Callable[[Instant], None],
    ) -> _Found:
        if not action.may_write:
            return _Found(Result.REFUSED, BUDGET_SPENT, held=held)
        if self._rehearse:
            return _Found(Result.REHEARSED, f"would {operation} {action.record.key} to {action.address}", held=held)
        if abs(jump_s(action.decided_at, self._clock.now())) > MOST_JUMP_S:
            return _Found(Result.FAILED, SLEPT, held=held)
        self.attempted = operation
        try:
            self._call(provider, write)
        except ActionFailed as error:
            return _failed(error, operation, held)
        try:
            seen = self._call(provider, partial(provider.read, action.record))
        except ActionFailed as error:
            unread = ActionFailed(f"written, but it could not be read back: {error}", retry_after_s=error.retry_after_s)
            return _failed(unread, operation, held)
        record = _shown(action, seen)
        if record is None:
            contents = ", ".join(each.content for each in seen.held) or "nothing"
            return _Found(Result.FAILED, f"written, but {provider.name} holds {contents}", operation, held)
        result = Result.CREATED if operation is Operation.CREATE else Result.UPDATED
        words = f"{provider.name} holds {action.address}, read back"
        invisible = self._invisible(provider, record)
        return _Found(result, f"{words}; no resolver can show it" if invisible else words, operation, held, invisible)

    def _call(self, provider: DnsProvider, work: Callable[[Instant], T]) -> T:
        """One call in the provider's lane. Raises ActionFailed."""
        deadline = later(self._clock.monotonic(), self._timeout_s)
        try:
            ticket = self._lanes[provider.name].submit(lambda: work(deadline))
            return ticket.result(self._timeout_s + GRACE_S)
        except LaneBusy as error:
            raise ActionFailed(f"{provider.name}: still waiting for an earlier call") from error
        except TimeoutError as error:
            raise ActionFailed(f"{provider.name}: no answer within {self._timeout_s:g} s") from error

    def _invisible(self, provider: DnsProvider, held: HeldRecord) -> bool:
        return self._nobody_to_ask or not provider.in_public_dns or bool(held.proxied)

    def _outcome(self, action: Action, began: Instant, found: _Found, detail: str | None = None) -> Outcome:
        at = self._clock.now()
        return Outcome(
            action=action,
            result=found.result,
            detail=found.detail if detail is None else detail,
            at=at,
            took_s=at.instant - began,
            operation=found.operation,
            found=found.held,
            visible_at_once=found.visible_at_once,
            retry_after_s=found.retry_after_s,
        )


def _failed(error: ActionFailed, operation: Operation | None = None, held: tuple[IpAddress, ...] = ()) -> _Found:
    result = Result.REFUSED if error.refusal else Result.FAILED
    return _Found(result, error.detail, operation, held, retry_after_s=error.retry_after_s)


def _addresses(seen: RecordSet) -> tuple[IpAddress, ...]:
    return tuple(address for address in map(address_in, seen.held) if address is not None)


def _shown(action: Reconcile, seen: RecordSet) -> HeldRecord | None:
    """The record that was to be written, when a second reading shows it with the wanted address; alone, unless it is pinned."""
    pinned = action.record.id
    ours = [held for held in seen.held if pinned is None or held.id == pinned]
    if len(ours) == 1 and seen.cname is None and says(ours[0], action.address):
        return ours[0]
    return None
