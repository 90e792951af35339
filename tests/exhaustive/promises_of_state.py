"""Promises about the phase, the belief in an address, the rhythm, outages and counters."""

from cadence_exporter.assess.public_ip import not_publishable
from cadence_exporter.decide.belief import is_confirmed
from cadence_exporter.decide.echo_plan import EAGER_LOOKS
from cadence_exporter.model.assessment import Agreed, Link, Unchanged
from cadence_exporter.model.memory import Layer, Phase
from tests.exhaustive.occasions import DOUBTFUL

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
    """An agreed address other than the confirmed one ends UP in the same cycle, whatever the number of confirmations."""
    before, verdict, _ = turn.governing()
    if turn.before.phase is not Phase.UP or not turn.wan_up or not isinstance(verdict, Agreed):
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


# Rhythm, echo plans, outages, counters


def echo_services_are_spared_only_when_healthy(turn):
    """Fewer than all are asked only while confirmed, without doubts, and UP if the family governs that; the address is then expected.

    None at all, by a plan of its own, only after a long dispute while not UP, and then the verdict stays what it is.
    """
    for family, plan in turn.after.echo_plans.items():
        belief = turn.after.beliefs[family]
        if plan.first == 0:
            if (
                turn.after.phase is Phase.UP
                or belief.doubts < EAGER_LOOKS
                or plan.meanwhile != turn.assessment.public[family]
            ):
                return False
            continue
        if not is_confirmed(belief, turn.policy) or belief.doubts:
            return False
        if turn.after.phase in (Phase.INIT, Phase.DOWN):
            return False
        if turn.after.phase is not Phase.UP and family is turn.policy.families[0]:
            return False
        if plan.expected != belief.confirmed or plan.first < 1:
            return False
        if {plan.spare_if_router_says, plan.spare_if_outside_says} - {None, belief.confirmed}:
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
