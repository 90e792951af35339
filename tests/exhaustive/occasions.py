"""What a promise is about: a decision and what it was made from, an outcome and what was remembered of it."""

from dataclasses import dataclass

from cadence_exporter.model.assessment import Assessment, Disputed, Link, NotPublic, Unknown
from cadence_exporter.model.decision import Action, Decision, Refusal
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Belief, Memory, RecordMemory
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


class Broken(AssertionError):
    """A promise that was not kept."""


def keep(promises, occasion) -> None:
    """Raises Broken with the promise's name and what broke it."""
    for promise in promises:
        if not promise(occasion):
            raise Broken(f"{promise.__name__}: {promise.__doc__}\n{occasion}")
