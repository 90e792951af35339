"""Breadth first through every state that the shipped decision functions can reach, all promises kept at every step."""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.remember import remember
from cadence_exporter.model.assessment import Assessment
from cadence_exporter.model.decision import ConfirmVisible
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.outcome import Done, Operation, Outcome, Result
from cadence_exporter.model.policy import Policy
from cadence_exporter.record.state.image import memory_of, memory_rows
from tests.exhaustive.abstract import LOOK, NOW, WAITS, State, abstract, after_a_wait, concrete
from tests.exhaustive.occasions import Aftermath, Turn, keep
from tests.exhaustive.promises import DECIDING, REMEMBERING


@lru_cache(None)
def outcomes(action) -> tuple[Outcome, ...]:
    """Every way in which an action can end."""

    def ends(result, operation=None, **more):
        return Outcome(action, result, "as tested", NOW, 0.1, operation, **more)

    if isinstance(action, ConfirmVisible):
        return ends(Result.VISIBLE), ends(Result.LAGGING), ends(Result.FAILED)
    ways = [
        ends(Result.VERIFIED),
        ends(Result.HELD),
        ends(Result.HELD, visible_at_once=True),
        ends(Result.REFUSED),
        ends(Result.FAILED, retry_after_s=3600.0),
    ]
    if action.may_write:
        ways += [
            ends(Result.UPDATED, Operation.UPDATE),
            ends(Result.CREATED, Operation.CREATE, visible_at_once=True),
            ends(Result.REHEARSED),
            ends(Result.FAILED, Operation.UPDATE),
        ]
    return tuple(ways)


@dataclass(slots=True)
class Found:
    """What a search saw."""

    states: set[State] = field(default_factory=set)
    decisions: int = 0
    transitions: int = 0
    roads: dict[str, dict[State, tuple[object, State]]] = field(default_factory=dict)
    """Per followed input: the decision in each state, and the state after it when all goes well."""

    def __str__(self) -> str:
        return f"{len(self.states)} states, {self.decisions} decisions, {self.transitions} transitions"


def explore(  # noqa: C901 - the loops of a search
    policy: Policy,
    inputs: dict[str, Assessment],
    follow: tuple[str, ...] = (),
) -> Found:
    """All states from a fresh memory and from a restart in any state, after any wait. Raises Broken."""
    found = Found(roads={name: {} for name in follow})
    families, restarts = policy.families, set()
    frontier = [State(beliefs=State().beliefs * len(families))]
    found.states.update(frontier)

    def draw() -> float:
        """Both ends of the jitter, in turn."""
        found.decisions += 1
        return 0.999 * (found.decisions % 2)

    def reach(state: State) -> None:
        for wait in WAITS:
            later = after_a_wait(state, wait)
            found.transitions += 1
            if later not in found.states:
                found.states.add(later)
                frontier.append(later)

    def restart(memory: Memory) -> None:
        key = abstract(memory, families, policy)._replace(phase=None)
        if key not in restarts:
            restarts.add(key)
            reach(abstract(memory_of(memory_rows(memory), NOW), families, policy))

    for state in frontier:  # grows while it is walked
        memory = concrete(state, families)
        restart(memory)
        for name, assessment in inputs.items():
            turn = Turn(memory, assessment, NOW, policy, decide(memory, assessment, NOW, draw(), policy))
            keep(DECIDING, turn)
            if turn.decision.actions:  # killed between intent and outcome: only the records are on disk
                restart(replace(memory, records=turn.after.records))
            reached = [abstract(ended, families, policy) for ended in _endings(turn)]
            for after in dict.fromkeys(reached):
                reach(after)
            if name in found.roads:
                found.roads[name][state] = turn.decision, reached[_best(turn)]
    return found


def _endings(turn: Turn) -> list[Memory]:
    """The memory after each way the actions can end; at most one action, for there is one record."""
    if not turn.decision.actions:
        return [remember(turn.decision, Done(), NOW, 0.0).memory]
    (action,) = turn.decision.actions
    ends = []
    for outcome in outcomes(action):
        remembered = remember(turn.decision, Done((outcome,)), NOW, 0.0)
        keep(REMEMBERING, Aftermath(turn, outcome, remembered, NOW))
        ends.append(remembered.memory)
    return ends


def _best(turn: Turn) -> int:
    """Which ending is taken when all goes well: seen at once, or written where the record is not known to hold the address."""
    for action in turn.decision.actions:
        results = [outcome.result for outcome in outcomes(action)]
        if turn.record(action).verified != action.address and Result.UPDATED in results:
            return results.index(Result.UPDATED)
    return 0


def walk(found: Found, name: str, start: State, cycles: int, wait: frozenset[str] = LOOK):
    """The decisions along one road, with the state before each and the state after it."""
    state = start
    for _ in range(cycles):
        decision, after = found.roads[name][state]
        yield state, decision, after
        state = after_a_wait(after, wait)
