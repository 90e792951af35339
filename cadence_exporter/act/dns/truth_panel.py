"""The resolver operators, asked side by side, and what their answers amount to. No answer is never taken for "no such record"."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.record import RecordKey
from cadence_exporter.model.zone import TruthAnswer
from cadence_exporter.outbound.lane import LaneBusy, Ticket, Worker
from cadence_exporter.seams import Clock, DnsTruth

GRACE_S = 0.25
"""A lane is waited for a little longer than its call may take, so that the call's own, better explained failure comes first."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """An operator that could not be asked, or whose answer is unusable (unreachable, SERVFAIL, malformed)."""

    operator: str
    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the operators that were asked said."""

    answers: tuple[TruthAnswer, ...] = ()
    silent: tuple[NoAnswer, ...] = ()

    def shows(self, address: IpAddress) -> bool:
        """Whether somebody answered, and everybody who did says this address and no other."""
        return bool(self.answers) and all(answer.addresses == (address,) for answer in self.answers)

    @property
    def found(self) -> tuple[IpAddress, ...]:
        """Every address that was said, once."""
        return tuple(dict.fromkeys(address for answer in self.answers for address in answer.addresses))

    def together_with(self, other: "Said") -> "Said":
        """Both rounds as one."""
        return Said(self.answers + other.answers, self.silent + other.silent)

    def describe(self, wanted: IpAddress) -> str:
        """For people: agreement, disagreement, stale answers, missing names and silence, told apart."""
        words = [f"{answer.operator}: {_verdict(answer, wanted)}" for answer in self.answers]
        words += [f"{operator.operator}: no answer ({operator.why})" for operator in self.silent]
        disagree = len({answer.addresses for answer in self.answers}) > 1
        return ("resolvers disagree: " if disagree else "") + (", ".join(words) or "no resolver asked")


class TruthPanel:
    """One lane per operator: a hung one costs nobody else's answer."""

    def __init__(
        self, clock: Clock, truths: Sequence[DnsTruth], call_timeout_s: float, lane: Callable[[str], Worker]
    ) -> None:
        self._clock = clock
        self._members = tuple((truth, lane(f"truth-{number}")) for number, truth in enumerate(truths))
        self._timeout_s = call_timeout_s

    def close(self) -> None:
        """Let the lanes end; does not wait for hung ones."""
        for _, lane in self._members:
            lane.close()

    def ask_all(self, key: RecordKey) -> Said:
        """Ask every operator."""
        return self._ask(key, self._members)

    def ask_quietly(self, key: RecordKey, turn: int, expected: IpAddress) -> Said:
        """Ask the one whose turn it is; any answer but ``expected`` brings in the others."""
        if not self._members:
            return Said()
        mine = turn % len(self._members)
        first = self._ask(key, self._members[mine : mine + 1])
        if first.shows(expected):
            return first
        return first.together_with(self._ask(key, self._members[:mine] + self._members[mine + 1 :]))

    def _ask(self, key: RecordKey, members: Sequence[tuple[DnsTruth, Worker]]) -> Said:
        deadline = later(self._clock.monotonic(), self._timeout_s)
        asked = [(truth, _submit(truth, lane, key, deadline)) for truth, lane in members]
        results = [self._result(truth, ticket, deadline) for truth, ticket in asked]
        return Said(
            tuple(result for result in results if isinstance(result, TruthAnswer)),
            tuple(result for result in results if isinstance(result, NoAnswer)),
        )

    def _result(self, truth: DnsTruth, ticket: Ticket[TruthAnswer] | None, deadline: Instant) -> TruthAnswer | NoAnswer:
        if ticket is None:
            return NoAnswer(truth.operator, "still waiting for an earlier call")
        try:
            return ticket.result(deadline - self._clock.monotonic() + GRACE_S)
        except ProbeFailed as error:
            return NoAnswer(truth.operator, str(error))
        except TimeoutError:
            return NoAnswer(truth.operator, f"nothing within {self._timeout_s:g} s")


def _submit(truth: DnsTruth, lane: Worker, key: RecordKey, deadline: Instant) -> Ticket[TruthAnswer] | None:
    try:
        return lane.submit(lambda: truth.look_up(key, deadline))
    except LaneBusy:
        return None


def _verdict(answer: TruthAnswer, wanted: IpAddress) -> str:
    if answer.addresses == (wanted,):
        return f"shows {wanted}"
    if answer.addresses:
        return "shows " + " and ".join(map(str, answer.addresses))
    return "no such name (NXDOMAIN)" if answer.rcode == "NXDOMAIN" else "no such record"
