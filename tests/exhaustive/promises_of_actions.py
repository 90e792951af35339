"""Promises about what is done to a record, and what is left alone."""

from cadence_exporter.decide.dns import VISIBLE_PATIENCE_S, is_known_right, writes_within_a_day
from cadence_exporter.model.decision import ConfirmVisible, Reconcile, Refusal
from cadence_exporter.model.memory import Phase, RecordMemory
from tests.exhaustive.occasions import DOUBTFUL, HOLDS


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
