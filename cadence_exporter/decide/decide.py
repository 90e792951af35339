"""The decision of one cycle, in order: what to believe, which phase that is, what to do about DNS, when to look again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType

from cadence_exporter.decide import belief as beliefs_of
from cadence_exporter.decide import dns, echo_plan, echo_rests, outage, pace, ration
from cadence_exporter.decide import phase as state_machine
from cadence_exporter.decide.power import decide_power
from cadence_exporter.decide.recovery import under_maintenance
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Assessment, Link, Nat
from cadence_exporter.model.decision import Action, AddressChanged, Decision, Reconcile, Refusal, Refused, Transition
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Belief, Memory, Phase, RecordMemory
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.record import RecordKey
from cadence_exporter.model.recovery import Bounce, Request

MOST_TURNS = 1_000_000
"""A process begins at any of the echo services. If all began at the first, homes that start together (power is back, or a fleet was
updated) would all ask the same one next, in the same seconds."""


# Each cycle asks for them, and Python 3.11 is slow to find a member of an enumeration.
_UP, _INIT, _PATH_UP, _NAT_UNKNOWN = Phase.UP, Phase.INIT, Link.UP, Nat.UNKNOWN


def decide(
    memory: Memory,
    assessment: Assessment,
    now: Now,
    draw: float,
    policy: Policy,
    requests: Sequence[Request] = (),
) -> Decision:
    """One cycle's decision. ``draw`` is uniform in [0, 1); ``requests`` are what people asked for since the last one."""
    beliefs = _believe(memory, assessment, now, draw, policy)
    before, governing = memory.beliefs.get(policy.families[0]) or Belief(), beliefs[policy.families[0]]
    phase = state_machine.step(
        memory.phase, state_machine.sight(assessment.wan, memory.phase, before, governing, policy)
    )
    began = outage.begins(memory, phase, assessment.lan, governing)
    lasting, ended = outage.after(memory.outage, began, phase, now)
    power = decide_power(memory, phase, assessment, requests, now, policy)
    standings = {family: dns.Standing(phase, belief, assessment.public[family]) for family, belief in beliefs.items()}
    actions, refused = _dns(memory, standings, now, policy, maintenance=under_maintenance(power.ledger, now))
    if isinstance(power.action, Bounce):
        actions, refused = (), (*refused, *_not_while_cutting(actions))
    look, why = pace.next_look(phase, beliefs, now, draw, policy, on_battery=power.ledger.on_battery)
    after = Memory(
        phase=phase,
        since=now if phase is not memory.phase else memory.since,
        cycle=memory.cycle + 1,
        up_cycles=memory.up_cycles + (phase is _UP),
        beliefs=MappingProxyType(beliefs),
        records=MappingProxyType(_records(memory, actions, policy)),
        echo_plans=echo_plan.plans(memory, phase, beliefs, assessment, now, policy),
        echo_rests=echo_rests.after(
            memory.echo_rests, assessment.asked, draw, now, path_works=assessment.wan is _PATH_UP
        ),
        recovery=power.ledger,
        started=memory.started,
        on_disk=memory.on_disk,
        calls=memory.calls,
        outage=outage.lay(lasting, assessment),
        usual_path=assessment.usual_path or memory.usual_path,
        router_edge=memory.router_edge if assessment.router_edge is None else assessment.router_edge,
        nat=memory.nat if assessment.nat is _NAT_UNKNOWN else assessment.nat,
    )
    return Decision(
        memory=after,
        actions=actions,
        refused=refused,
        transition=_transition(memory.phase, phase, before, governing),
        outage_began=began,
        outage_ended=ended,
        address_changes=tuple(_address_changes(memory, beliefs)),
        power=power.action,
        withheld=power.withheld,
        stop=power.stop,
        next_look=look,
        why=why,
    )


def _believe(memory: Memory, assessment: Assessment, now: Now, draw: float, policy: Policy) -> dict[Family, Belief]:
    beliefs = {}
    for family in policy.families:
        belief = memory.beliefs.get(family) or Belief()
        if memory.phase is _INIT:
            belief = replace(belief, turn=int(draw * MOST_TURNS))
        if assessment.wan is _PATH_UP:
            beliefs[family] = beliefs_of.weigh(
                belief, assessment.public[family], assessment.router_wan, now, policy, assessment.outside
            )
        else:
            beliefs[family] = beliefs_of.distrust(belief)
    return beliefs


def _dns(
    memory: Memory, standings: dict[Family, dns.Standing], now: Now, policy: Policy, *, maintenance: bool
) -> tuple[tuple[Action, ...], tuple[Refused, ...]]:
    considered = [
        dns.consider(spec, memory.records.get(spec.key) or RecordMemory(), standings[spec.family], now, policy)
        for spec in policy.records
    ]
    if not any(considered):
        return (), ()
    actions: list[Action] = []
    refused: list[Refused] = []
    for each in ration.within_budgets(considered, memory.calls, now, policy):
        if maintenance and isinstance(each, Reconcile):
            refused.append(Refused(each.record.key, Refusal.MAINTENANCE, "maintenance mode is on"))
        elif isinstance(each, Refused):
            refused.append(each)
        elif each is not None:
            actions.append(each)
    return tuple(actions), tuple(refused)


def _records(memory: Memory, actions: tuple[Action, ...], policy: Policy) -> dict[RecordKey, RecordMemory]:
    """As they are put on disk before the actions.

    What the settings no longer name is forgotten: it would stay in the metrics and on disk for ever.
    """
    named = {spec.key for spec in policy.records}
    records = {key: record for key, record in memory.records.items() if key in named}
    for action in actions:
        key = action.record.key
        records[key] = dns.intend(records.get(key) or RecordMemory(), action)
    return records


def _not_while_cutting(actions: Sequence[Action]) -> Iterator[Refused]:
    """Calls that leave the house would fail in the dark, and keep us from turning the power on in time."""
    for action in actions:
        if isinstance(action, Reconcile):
            yield Refused(action.record.key, Refusal.NOT_UP, "the power of the modem is being cut")


def _address_changes(memory: Memory, beliefs: dict[Family, Belief]) -> list[AddressChanged]:
    changes = []
    for family, after in beliefs.items():
        before = memory.beliefs.get(family) or Belief()
        if after is not before and after.confirmed is not None and after.confirmed != before.confirmed:
            changes.append(AddressChanged(before.confirmed, after.confirmed))
    return changes


def _transition(before: Phase, after: Phase, held: Belief, belief: Belief) -> Transition | None:
    if before is after:
        return None
    if after is Phase.DOWN:
        why = "no WAN target answers"
    elif after is Phase.UP:
        why = f"address {belief.confirmed} confirmed"
    elif before is Phase.UP:
        changed = belief.candidate != held.confirmed
        why = f"address changed to {belief.candidate}" if changed else "the public address is not clear"
    else:
        why = "the WAN path works"
    return Transition(before, after, why)
