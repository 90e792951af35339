"""Random lives: of the decision functions, with clocks that jump and processes that die, and of the store, with files that tear."""

from dataclasses import replace
from ipaddress import ip_address
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from cadence_exporter.decide import belief, dns
from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.remember import doubt_changed, remember
from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import Agreed, Disputed, Link, NotPublic, Unchanged, Unknown
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Memory, Phase, RecordMemory
from cadence_exporter.model.outcome import Done
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.record.state import image
from cadence_exporter.record.state import store as store_module
from cadence_exporter.record.state.image import memory_of, memory_rows
from cadence_exporter.record.state.store import SqliteStore
from tests.decide.cases import HOME, MOVED, SPEC, make_policy, sees
from tests.exhaustive.abstract import HOME6, MOVED6, PRIVATE
from tests.exhaustive.life_of_a_store import LifeOfAStore
from tests.exhaustive.occasions import Aftermath, Broken, Turn, keep
from tests.exhaustive.promises import DECIDING, REMEMBERING
from tests.exhaustive.search import outcomes
from tests.exhaustive.test_planted import dispute_keeps_the_streak, hold_ignored, unchanged_confirms

SPEC6 = RecordSpec(RecordKey("vpn.example.com", RecordType.AAAA), "cloudflare")
LIVES = settings(
    max_examples=200,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FOUND_WITHIN = settings(LIVES, max_examples=2000, phases=("generate",), print_blob=False)
"""Ends with the first find. Which lives are drawn depends also on the modules that happen to be loaded, and some need 200."""
FEW_LIVES = settings(LIVES, max_examples=100, stateful_step_count=30, phases=("generate",))


def verdicts(home, moved, private):
    agreed = st.sampled_from((home, home, moved)).map(lambda ip: Agreed(ip, ("a", "b")))
    unchanged = st.builds(Unchanged, st.sampled_from((home, moved)), st.sampled_from(("router", "echo")))
    doubtful = (Disputed((home, moved), "two against two"), Unknown("silence"), NotPublic(private, "cgnat"))
    return st.one_of(agreed, agreed, unchanged, st.sampled_from(doubtful))


SEEN = {
    "public": verdicts(HOME, MOVED, PRIVATE),
    "v6": verdicts(HOME6, MOVED6, ip_address("fe80::1")),
    "wan": st.sampled_from((Link.UP,) * 6 + (Link.DOWN, Link.UNKNOWN)),
    "lan": st.sampled_from((Link.UP, Link.UP, Link.DOWN, Link.UNKNOWN)),
    "router_wan": st.sampled_from((None, HOME, MOVED, PRIVATE)),
}
WAITS = st.sampled_from((0.0, 1.0, 3.0, 30.0, 180.0, 301.0, 901.0, 3601.0, 86_401.0))


class LifeOfDecisions(RuleBasedStateMachine):
    """Decide and remember from cycle to cycle, as the loop calls them."""

    @initialize(confirmations=st.integers(1, 3), most=st.integers(1, 3))
    def begins(self, confirmations, most):
        families = (Family.IPV4, Family.IPV6)
        self.policy = make_policy(
            confirmations=confirmations, max_changes_per_day=most, families=families, records=(SPEC, SPEC6)
        )
        self.instant, self.wall = 1000.0, 1_700_000_000.0
        self.memory = Memory(Phase.INIT, self.now())

    def now(self):
        return Now(Instant(self.instant), WallTime(self.wall))

    @rule(seconds=WAITS)
    def time_passes(self, seconds):
        self.instant += seconds
        self.wall += seconds

    @rule(seconds=st.sampled_from((-86_400.0 * 400, -7200.0, -60.0, 60.0, 7200.0, 86_400.0 * 400)))
    def the_wall_clock_jumps(self, seconds):
        self.wall += seconds

    @rule()
    def the_process_is_restarted(self):
        self.instant = 5.0  # another boot, another monotonic clock
        self.memory = memory_of(memory_rows(self.memory), self.now())
        assert self.memory.phase is Phase.INIT
        assert all(belief.streak == 0 and belief.candidate is None for belief in self.memory.beliefs.values())

    @rule()
    def a_record_gets_another_provider(self):
        self.memory = doubt_changed(self.memory, self.policy.records, (replace(SPEC, provider="rfc2136"), SPEC6))
        assert self.memory.records.get(SPEC.key, RecordMemory()).verified_at is None
        assert all(record.refusal is None for record in self.memory.records.values())

    @rule(seen=st.fixed_dictionaries(SEEN), draw=st.floats(0, 0.999), ends=st.integers(0, 99), took=WAITS)
    def a_cycle(self, seen, draw, ends, took):
        turn = self.decided(seen, draw)
        self.time_passes(took)
        at = self.now()
        came = tuple(replace(ways[ends % len(ways)], at=at) for ways in map(outcomes, turn.decision.actions))
        remembered = remember(turn.decision, Done(came), at, draw)
        for outcome in came:
            keep(REMEMBERING, Aftermath(turn, outcome, remembered, at))
        self.memory = remembered.memory

    @rule(address=st.sampled_from(((HOME, HOME6), (MOVED, MOVED6))), cycles=st.integers(1, 4))
    def a_calm_hour(self, address, cycles):
        for _ in range(cycles):
            agreed = [Agreed(ip, ("a", "b")) for ip in address]
            self.a_cycle({"public": agreed[0], "v6": agreed[1]}, 0.5, 0, 1.0)
            self.time_passes(300.0)
        if cycles > self.policy.confirmations:
            assert self.memory.phase is Phase.UP
            assert self.memory.outage is None

    @rule(seen=st.fixed_dictionaries(SEEN))
    def killed_while_acting(self, seen):
        turn = self.decided(seen, 0.0)
        if turn.decision.actions:  # the intent is on disk: its records, and nothing else of the cycle
            self.memory = replace(self.memory, records=turn.after.records)
            self.the_process_is_restarted()
            for action in turn.decision.actions:
                assert self.memory.records[action.record.key].change is not None

    def decided(self, seen, draw):
        assessment = sees(**seen)
        turn = Turn(
            self.memory,
            assessment,
            self.now(),
            self.policy,
            decide(self.memory, assessment, self.now(), draw, self.policy),
        )
        keep(DECIDING, turn)
        return turn


def test_no_random_life_breaks_a_promise():
    run_state_machine_as_test(LifeOfDecisions, settings=LIVES)


@pytest.mark.parametrize(
    ("module", "name", "defect"),
    [
        (belief, "weigh", dispute_keeps_the_streak),
        (belief, "weigh", unchanged_confirms),
        (dns, "consider", hold_ignored),
        (dns, "intend", lambda record, action: record),
        (dns, "writes_within_a_day", lambda record, now: 0),
    ],
)
def test_random_lives_find_planted_defects(monkeypatch, module, name, defect):
    monkeypatch.setattr(module, name, defect)
    with pytest.raises((Broken, AssertionError)):
        run_state_machine_as_test(LifeOfDecisions, settings=FOUND_WITHIN)


def test_no_random_life_of_a_store_loses_what_was_acknowledged():
    run_state_machine_as_test(LifeOfAStore, settings=FEW_LIVES)


def intents_are_forgotten(store, memory):
    """No intent on disk."""


def verified_whatever_the_clock(value, now):
    """The moment of the restart, as if it had been verified just now."""
    return now.wall


def phase_survives(image_, now):
    return replace(memory_of(image_, now), phase=Phase.UP)


def budget_starts_over(image_, now):
    memory = memory_of(image_, now)
    records = {key: replace(record, writes=()) for key, record in memory.records.items()}
    return replace(memory, records=MappingProxyType(records))


def counters_start_over(image_):
    return {}, {}


@pytest.mark.parametrize(
    ("module", "name", "defect"),
    [
        (SqliteStore, "commit_intent", intents_are_forgotten),
        (image, "_not_ahead", verified_whatever_the_clock),
        (store_module, "memory_of", phase_survives),
        (store_module, "memory_of", budget_starts_over),
        (store_module, "counters_of", counters_start_over),
    ],
)
def test_random_lives_of_a_store_find_planted_defects(monkeypatch, module, name, defect):
    monkeypatch.setattr(module, name, defect)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(LifeOfAStore, settings=settings(FEW_LIVES, max_examples=1000, print_blob=False))
