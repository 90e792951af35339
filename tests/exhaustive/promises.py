"""What no turn may ever do. Each promise is one function of a turn; true means kept. Shared by the search and the machines."""

from dataclasses import dataclass, replace

from cadence_exporter.assess.public_ip import not_publishable
from cadence_exporter.decide.belief import is_confirmed
from cadence_exporter.decide.dns import VISIBLE_PATIENCE_S, is_known_right, writes_within_a_day
from cadence_exporter.model.assessment import Agreed, Assessment, Disputed, Link, NotPublic, Unchanged, Unknown
from cadence_exporter.model.decision import Action, ConfirmVisible, Decision, Reconcile, Refusal
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Belief, Layer, Memory, Phase, RecordMemory
from cadence_exporter.model.outcome import Outcome, Result
from cadence_exporter.model.policy import Policy

WRITTEN = (Result.UPDATED, Result.CREATED)
SETTLED = (*WRITTEN, Result.VERIFIED, Result.VISIBLE, Result.HELD)
HOLDS = (Refusal.BACKOFF, Refusal.CONFLICT, Refusal.DRY_RUN)
DOUBTFUL = (Disputed, Unknown, NotPublic)


@dataclass(frozen=True, slots=True)
class Turn:
    """One decision and what it was made from."""

    before: Memory
    assessment: Assessment
    now: Now
    policy: Policy
    decision: Decision

    @property
    def after(self) -> Memory:
        return self.decision.memory

    @property
    def wan_up(self) -> bool:
        return self.assessment.wan is Link.UP

    def families(self):
        for family in self.policy.families:
            yield self.before.beliefs.get(family, Belief()), self.assessment.public[family], self.after.beliefs[family]

    def governing(self):
        return next(self.families())

    def record(self, action: Action) -> RecordMemory:
        return self.before.records.get(action.record.key, RecordMemory())


@dataclass(frozen=True, slots=True)
class Aftermath:
    """One outcome of one action, and the memory with it."""

    turn: Turn
    outcome: Outcome
    remembered: Decision
    at: Now

    @property
    def intended(self) -> RecordMemory:
        return self.turn.after.records[self.outcome.action.record.key]

    @property
    def record(self) -> RecordMemory:
        return self.remembered.memory.records[self.outcome.action.record.key]


# The state machine


def up_is_reached_by_one_rung(turn):
    """UP is entered from DEGRADED only."""
    return turn.after.phase is not Phase.UP or turn.before.phase in (Phase.UP, Phase.DEGRADED)


def a_failing_path_is_down(turn):
    """Whatever else is known: without a path the phase is DOWN."""
    return turn.wan_up or turn.after.phase is Phase.DOWN


def only_a_failing_path_is_down(turn):
    """Echo services that are blocked, broken or lying are never DOWN."""
    return turn.after.phase is not Phase.DOWN or not turn.wan_up


def init_is_left_for_good(turn):
    """INIT is where a process starts, and nowhere to return to."""
    return turn.after.phase is not Phase.INIT


def up_is_entered_confirmed(turn):
    """Nobody becomes UP without an address confirmed in full."""
    if turn.after.phase is not Phase.UP or turn.before.phase is Phase.UP:
        return True
    return is_confirmed(turn.governing()[2], turn.policy)


def up_knows_one_address(turn):
    """While UP the candidate is the confirmed address, and there is one."""
    belief = turn.governing()[2]
    return turn.after.phase is not Phase.UP or (belief.confirmed is not None and belief.candidate == belief.confirmed)


def a_changed_address_demotes_at_once(turn):
    """An agreed address other than the confirmed one ends UP in the same cycle, unless one look is all that is asked."""
    before, verdict, _ = turn.governing()
    if (
        turn.policy.confirmations == 1
        or turn.before.phase is not Phase.UP
        or not turn.wan_up
        or not isinstance(verdict, Agreed)
    ):
        return True
    return verdict.ip == before.confirmed or turn.after.phase is Phase.DEGRADED


def one_doubt_is_tolerated(turn):
    """A single unclear observation does not end UP."""
    before, verdict, _ = turn.governing()
    if turn.before.phase is not Phase.UP or not turn.wan_up or not isinstance(verdict, DOUBTFUL):
        return True
    return before.doubts > 0 or turn.after.phase is Phase.UP


def two_doubts_are_not(turn):
    """A second unclear observation in a row ends UP."""
    before, verdict, _ = turn.governing()
    if turn.before.phase is not Phase.UP or not turn.wan_up or not isinstance(verdict, DOUBTFUL):
        return True
    return before.doubts == 0 or turn.after.phase is Phase.DEGRADED


def a_transition_is_reported_as_it_happened(turn):
    """A transition is told exactly when the phase differs, with its two ends and a cause; only then does ``since`` move."""
    told, moved = turn.decision.transition, turn.before.phase is not turn.after.phase
    if not moved:
        return told is None and turn.after.since == turn.before.since
    ends = (turn.before.phase, turn.after.phase)
    return told is not None and (told.from_phase, told.to_phase) == ends and told.why and turn.after.since == turn.now


# Belief


def unchanged_confirms_nothing(turn):
    """The router's or a single voice's "unchanged" adds no confirmation and no address."""
    return all(
        after.streak <= before.streak and (after.candidate, after.confirmed) == (before.candidate, before.confirmed)
        for before, verdict, after in turn.families()
        if isinstance(verdict, Unchanged)
    )


def doubt_throws_confirmations_away(turn):
    """Disputed, unknown or not public: what was collected is gone."""
    return all(after.streak == 0 for _, verdict, after in turn.families() if isinstance(verdict, DOUBTFUL))


def a_failing_path_throws_confirmations_away(turn):
    """What was seen before an outage confirms nothing after it."""
    return turn.wan_up or all(after.streak == 0 for _, _, after in turn.families())


def one_observation_confirms_once(turn):
    """A streak grows by at most one, never beyond what is asked, and starts over with another address."""
    return all(
        after.streak
        <= min(turn.policy.confirmations, 1 + (before.streak if after.candidate == before.candidate else 0))
        for before, _, after in turn.families()
    )


def an_address_is_confirmed_by_agreement_only(turn):
    """What is confirmed changes only to what was agreed on now, by the last of the confirmations in a row."""
    return all(
        turn.wan_up
        and isinstance(verdict, Agreed)
        and after.confirmed == after.candidate == verdict.ip
        and after.streak >= turn.policy.confirmations
        for before, verdict, after in turn.families()
        if after.confirmed != before.confirmed
    )


def what_is_not_public_is_never_believed(turn):
    """No address that must not be published becomes candidate or confirmed."""
    return all(
        not_publishable(ip, turn.policy) is None
        for _, _, after in turn.families()
        for ip in (after.candidate, after.confirmed)
        if ip is not None
    )


def an_address_change_is_told_once(turn):
    """A newly confirmed address is told, and nothing else is."""
    told = [(change.before, change.after) for change in turn.decision.address_changes]
    return told == [(b.confirmed, a.confirmed) for b, _, a in turn.families() if a.confirmed != b.confirmed]


# Actions


def every_action_has_a_confirmed_address(turn):
    """The address of an action is confirmed, is the candidate, and has all its confirmations."""
    for action in turn.decision.actions:
        belief = turn.after.beliefs[action.record.family]
        if not action.address == belief.confirmed == belief.candidate or belief.streak < turn.policy.confirmations:
            return False
    return True


def nothing_is_done_in_init_or_down(turn):
    """No action without a working path."""
    return not turn.decision.actions or turn.after.phase in (Phase.DEGRADED, Phase.UP)


def nothing_is_done_on_a_doubtful_verdict(turn):
    """An observation that disputes the address, or knows none, acts on nothing."""
    return not any(isinstance(turn.assessment.public[each.record.family], DOUBTFUL) for each in turn.decision.actions)


def a_spent_budget_forbids_writing(turn):
    """As many writes within a day as allowed: look, but leave."""
    return all(
        writes_within_a_day(turn.record(action), turn.now) < turn.policy.max_changes_per_day or not action.may_write
        for action in turn.decision.actions
        if isinstance(action, Reconcile)
    )


def every_record_is_accounted_for(turn):
    """Each record is acted on, or refused for a reason in words, or vouched for by a fresh cache: exactly one of them."""
    if not all(isinstance(each.reason, Refusal) and each.detail for each in turn.decision.refused):
        return False
    acted = [action.record.key for action in turn.decision.actions]
    refused = [each.record for each in turn.decision.refused]
    for spec in turn.policy.records:
        mentions = acted.count(spec.key) + refused.count(spec.key)
        if mentions == 0:
            record = turn.before.records.get(spec.key, RecordMemory())
            confirmed = turn.after.beliefs[spec.family].confirmed
            if confirmed is None or not is_known_right(record, confirmed, turn.now, turn.policy):
                return False
        elif mentions > 1:
            return False
    return True


def not_up_is_the_reason_without_a_path(turn):
    """In INIT and DOWN every record is refused for just that; in no other phase is any."""
    pathless = turn.after.phase in (Phase.INIT, Phase.DOWN)
    return all((refused.reason is Refusal.NOT_UP) == pathless for refused in turn.decision.refused)


def a_hold_is_kept(turn):
    """A record that has to wait is not touched before its time, unless it is right and only its change is looked after."""
    return not any(
        isinstance(action, Reconcile)
        and (hold := (record := turn.record(action)).hold_until) is not None
        and turn.now.instant < hold
        and not is_known_right(record, action.address, turn.now, turn.policy)
        for action in turn.decision.actions
    )


def a_hold_that_is_over_refuses_nothing(turn):
    """What waited is tried again as soon as its time has come."""
    return all(
        (hold := turn.before.records[each.record].hold_until) is not None and turn.now.instant < hold
        for each in turn.decision.refused
        if each.reason in HOLDS
    )


def a_fresh_cache_keeps_the_house_quiet(turn):
    """What is known to be right is reconciled again only when its change stayed invisible for too long."""
    for action in turn.decision.actions:
        record = turn.record(action)
        if isinstance(action, Reconcile) and is_known_right(record, action.address, turn.now, turn.policy):
            published = record.change and record.change.published_at
            if not published or turn.now.instant - published.instant < VISIBLE_PATIENCE_S:
                return False
    return True


def only_a_published_change_is_looked_for(turn):
    """Resolvers are asked about a change that was published, of this address, and when its look is due."""
    for action in turn.decision.actions:
        if isinstance(action, ConfirmVisible):
            change = turn.record(action).change
            if change is None or change.address != action.address or change.published_at is None:
                return False
            if change.next_look is not None and turn.now.instant < change.next_look:
                return False
    return True


def nothing_vouches_after_an_intent(turn):
    """From the intent on no cache swears by any address, and the intended one is on record."""
    return all(
        (record := turn.after.records[action.record.key]).verified_at is None
        and record.change is not None
        and record.change.address == action.address
        for action in turn.decision.actions
        if isinstance(action, Reconcile)
    )


def one_voice_is_enough_to_renew_only(turn):
    """A single truth operator is asked only about an address that was verified before, with nothing in between."""
    return all(
        action.full_truth
        or ((record := turn.record(action)).verified == action.address and record.verified_at is not None)
        for action in turn.decision.actions
        if isinstance(action, Reconcile)
    )


def lagging_resolvers_are_not_believed(turn):
    """After an attempt that nothing vouches for, or towards another address, resolvers are no proof."""
    for action in turn.decision.actions:
        record = turn.record(action)
        other = record.change is not None and record.change.address != action.address
        if isinstance(action, Reconcile) and other and record.verified_at is None and not action.resolvers_may_lag:
            return False
    return True


def records_left_alone_stay_as_they_are(turn):
    """A decision changes the memory of no record that it does not act on."""
    acted = {action.record.key for action in turn.decision.actions if isinstance(action, Reconcile)}
    named = {spec.key for spec in turn.policy.records}
    return all(
        turn.after.records.get(key) == record for key, record in turn.before.records.items() if key in named - acted
    )


# Rhythm, echo plans, outages, counters


def echo_services_are_spared_only_when_healthy(turn):
    """Fewer than all are asked only while UP, confirmed, without doubts, and then the confirmed address is expected."""
    for family, plan in turn.after.echo_plans.items():
        belief = turn.after.beliefs[family]
        if turn.after.phase is not Phase.UP or not is_confirmed(belief, turn.policy) or belief.doubts:
            return False
        if plan.expected != belief.confirmed or plan.first < 1:
            return False
        if plan.spare_if_router_says is not None and plan.spare_if_router_says != belief.confirmed:
            return False
    return True


def the_next_look_is_within_bounds(turn):
    """Never sooner than a confirming look, never later than the slow pace and its jitter."""
    policy, wait = turn.policy, turn.decision.next_look - turn.now.instant
    soonest = min(policy.confirm_spacing_s, policy.interval_s * policy.fast_factor)
    return soonest - 1e-6 <= wait <= policy.interval_s * policy.slow_factor + policy.jitter_s + 1e-6


def trouble_is_looked_at_sooner(turn):
    """While not UP the next look keeps the fast pace."""
    policy, wait = turn.policy, turn.decision.next_look - turn.now.instant
    return turn.after.phase is Phase.UP or wait <= policy.interval_s * policy.fast_factor + policy.jitter_s + 1e-6


def an_outage_begins_only_after_up(turn):
    """Who never was UP has nothing to lose, one outage at a time is enough, and each is on record from its first cycle."""
    if turn.decision.outage_began is None:
        return turn.before.outage is not None or turn.after.outage is None
    if turn.before.up_cycles == 0 or turn.before.outage is not None or turn.after.phase is Phase.UP:
        return False
    lasting = turn.after.outage
    return lasting is not None and (lasting.began, lasting.layer) == (turn.now, turn.decision.outage_began)


def an_outage_ends_only_at_up(turn):
    """An outage goes on until UP, and not a cycle longer."""
    if turn.after.phase is Phase.UP:
        return turn.after.outage is None and (turn.decision.outage_ended is not None) == (
            turn.before.outage is not None
        )
    return turn.decision.outage_ended is None and turn.before.outage in (None, turn.after.outage)


def a_new_address_alone_is_no_outage(turn):
    """The layer ``ip`` is blamed after doubts only; a failing path is blamed on LAN or WAN."""
    layer = turn.decision.outage_began
    if layer is Layer.IP:
        return turn.after.phase is Phase.DEGRADED and turn.governing()[2].doubts > 1
    return layer is None or (layer is Layer.LAN) == (turn.assessment.lan is Link.DOWN)


def counters_grow_by_one(turn):
    """Each cycle is counted once, and as up exactly when it was."""
    up = turn.after.phase is Phase.UP
    return turn.after.cycle == turn.before.cycle + 1 and turn.after.up_cycles == turn.before.up_cycles + up


# Outcomes


def what_failed_vouches_for_nothing(aftermath):
    """Only a verified or read-back address is remembered as done."""
    if aftermath.outcome.result in SETTLED:
        return (
            aftermath.record.verified == aftermath.outcome.action.address and aftermath.record.verified_at is not None
        )
    before, after = aftermath.intended, aftermath.record
    return (after.verified, after.verified_at) == (before.verified, before.verified_at)


def a_failed_reconciliation_leaves_the_cache_worthless(aftermath):
    """After a reconciliation that did not end well, the cache vouches for no address at all."""
    reconciled = isinstance(aftermath.outcome.action, Reconcile)
    return not reconciled or aftermath.outcome.result in SETTLED or aftermath.record.verified_at is None


def every_attempt_to_write_is_counted(aftermath):
    """A write counts against the budget whether its answer arrived or not; nothing else does."""
    now = aftermath.at
    before, after = (writes_within_a_day(each, now) for each in (aftermath.intended, aftermath.record))
    return after == before + (aftermath.outcome.operation is not None)


def the_daily_budget_holds(aftermath):
    """Never more writes within a day than allowed."""
    return writes_within_a_day(aftermath.record, aftermath.at) <= aftermath.turn.policy.max_changes_per_day


def what_did_not_work_waits(aftermath):
    """After a failure or a refusal the record is held for a while, at least as long as the provider asked."""
    outcome, hold = aftermath.outcome, aftermath.record.hold_until
    if outcome.result not in (Result.FAILED, Result.REFUSED, Result.REHEARSED):
        return True
    return hold is not None and hold >= outcome.at.instant + max(5.0, outcome.retry_after_s or 0.0)


def what_worked_forgives(aftermath):
    """Success clears failures, holds and refusals."""
    if aftermath.outcome.result not in SETTLED:
        return True
    return (aftermath.record.failures, aftermath.record.hold_until, aftermath.record.refusal) == (0, None, None)


def a_change_is_followed_only_when_published(aftermath):
    """A change counts as published only after the provider was seen to hold it."""
    before, after = aftermath.intended.change, aftermath.record.change
    if after is None or after.published_at is None or aftermath.outcome.result in (*WRITTEN, Result.HELD):
        return True
    return before is not None and (before.address, before.published_at) == (after.address, after.published_at)


def seen_is_converged(aftermath):
    """Once the resolvers show it, nothing is in flight any more."""
    return aftermath.outcome.result not in (Result.VISIBLE, Result.VERIFIED) or aftermath.record.change is None


def remembering_moves_the_look_forward_only(aftermath):
    """An outcome may bring the next look forward, never into the past and never back."""
    decided, look = aftermath.turn.decision.next_look, aftermath.remembered.next_look
    return look == decided or aftermath.at.instant < look < decided


def remembering_touches_records_only(aftermath):
    """Outcomes say nothing about the phase or the address."""
    decided, remembered = aftermath.turn.after, aftermath.remembered.memory
    return replace(remembered, records=decided.records) == decided


DECIDING = (
    up_is_reached_by_one_rung,
    a_failing_path_is_down,
    only_a_failing_path_is_down,
    init_is_left_for_good,
    up_is_entered_confirmed,
    up_knows_one_address,
    a_changed_address_demotes_at_once,
    one_doubt_is_tolerated,
    two_doubts_are_not,
    a_transition_is_reported_as_it_happened,
    unchanged_confirms_nothing,
    doubt_throws_confirmations_away,
    a_failing_path_throws_confirmations_away,
    one_observation_confirms_once,
    an_address_is_confirmed_by_agreement_only,
    what_is_not_public_is_never_believed,
    an_address_change_is_told_once,
    every_action_has_a_confirmed_address,
    nothing_is_done_in_init_or_down,
    nothing_is_done_on_a_doubtful_verdict,
    a_spent_budget_forbids_writing,
    every_record_is_accounted_for,
    not_up_is_the_reason_without_a_path,
    a_hold_is_kept,
    a_hold_that_is_over_refuses_nothing,
    a_fresh_cache_keeps_the_house_quiet,
    only_a_published_change_is_looked_for,
    nothing_vouches_after_an_intent,
    one_voice_is_enough_to_renew_only,
    lagging_resolvers_are_not_believed,
    records_left_alone_stay_as_they_are,
    echo_services_are_spared_only_when_healthy,
    the_next_look_is_within_bounds,
    trouble_is_looked_at_sooner,
    an_outage_begins_only_after_up,
    an_outage_ends_only_at_up,
    a_new_address_alone_is_no_outage,
    counters_grow_by_one,
)
REMEMBERING = (
    what_failed_vouches_for_nothing,
    a_failed_reconciliation_leaves_the_cache_worthless,
    every_attempt_to_write_is_counted,
    the_daily_budget_holds,
    what_did_not_work_waits,
    what_worked_forgives,
    a_change_is_followed_only_when_published,
    seen_is_converged,
    remembering_moves_the_look_forward_only,
    remembering_touches_records_only,
)


class Broken(AssertionError):
    """A promise that was not kept."""


def keep(promises, occasion) -> None:
    """Raises Broken with the promise's name and what broke it."""
    for promise in promises:
        if not promise(occasion):
            raise Broken(f"{promise.__name__}: {promise.__doc__}\n{occasion}")
