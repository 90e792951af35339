"""Random lives: of the decision functions, with clocks that jump and processes that die, and of the store, with files that tear."""

import shutil
import tempfile
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from cadence_exporter.decide import belief, dns
from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.remember import doubt_changed, remember
from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import Agreed, Disputed, Link, NotPublic, Unchanged, Unknown
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Belief, Change, Layer, Memory, Outage, Phase, RecordMemory
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.record.state import image
from cadence_exporter.record.state import store as store_module
from cadence_exporter.record.state.image import memory_of, memory_rows
from cadence_exporter.record.state.store import SqliteStore
from tests.decide.cases import HOME, MOVED, SPEC, make_policy, sees
from tests.exhaustive.abstract import HOME6, MOVED6, PRIVATE
from tests.exhaustive.promises import DECIDING, REMEMBERING, Aftermath, Broken, Turn, keep
from tests.exhaustive.search import outcomes
from tests.exhaustive.test_planted import dispute_keeps_the_streak, hold_ignored, unchanged_confirms
from tests.record.cycles import KEY, Hands, make_cycle, make_faults

SPEC6 = RecordSpec(RecordKey("vpn.example.com", RecordType.AAAA), "cloudflare")
LIVES = settings(
    max_examples=200,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
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
        remembered = remember(turn.decision, came, at)
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
        run_state_machine_as_test(LifeOfDecisions, settings=settings(LIVES, phases=("generate",), print_blob=False))


IN_MEMORY = Path("/dev/shm")  # noqa: S108 - thousands of flushes to a busy disk would take minutes
ADDRESSES = st.sampled_from((HOME, MOVED))
AGES = st.floats(0, 80_000)


class LifeOfAStore(RuleBasedStateMachine):
    """Commits and intents, kills and restarts: what was acknowledged is there, what must not be trusted is not."""

    @initialize()
    def begins(self):
        self.home = Path(tempfile.mkdtemp(prefix="life-of-a-store-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        self.lives, self.cycle = 0, 0
        self.clock = Hands()
        self.kept, self.records = Memory(Phase.INIT, self.clock.now()), {}
        self.counted, self.seconds = {}, {}
        self.store = None
        self.opens()

    def opens(self):
        self.acting = False
        faults, _ = make_faults(self.clock)
        self.store = SqliteStore(self.home / str(self.lives), self.clock, faults)
        found = self.store.load(self.clock.now())
        assert self.store.up
        self.compare(found)
        assert _of_cycles(self.store.counters()) == _of_cycles(self.counted)
        assert all(self.store.counters().get(key, 0.0) >= value for key, value in self.counted.items())
        shown = self.store.state_seconds()
        assert all(shown.get(phase, 0.0) >= seconds - 1e-6 for phase, seconds in self.seconds.items())

    def compare(self, found):
        kept = self.kept
        assert (found.phase, found.cycle, found.up_cycles) == (Phase.INIT, kept.cycle, kept.up_cycles)
        believed = {
            family: Belief(confirmed=each.confirmed, confirmed_at=each.confirmed_at)
            for family, each in kept.beliefs.items()
        }
        assert dict(found.beliefs) == believed
        assert (found.outage and found.outage.layer) == (kept.outage and kept.outage.layer)
        assert found.records.keys() == self.records.keys()
        for key, record in self.records.items():
            again = found.records[key]
            assert (again.verified, again.verified_at) == (record.verified, record.verified_at)
            assert [each.wall for each in again.writes] == [each.wall for each in record.writes]
            assert (again.failures, again.hold_until, again.refusal) == (0, None, None)
            assert _of(again.change) == _of(record.change)

    @rule(seconds=st.sampled_from((0.0, 1.0, 30.0, 180.0)))
    def time_passes(self, seconds):
        self.clock.seconds += seconds

    @rule(
        phase=st.sampled_from(Phase),
        confirmed=ADDRESSES,
        record=st.tuples(
            st.none() | ADDRESSES, AGES, st.booleans(), st.integers(0, 3), st.none() | ADDRESSES, st.booleans()
        ),
        outage=st.sampled_from((None, *Layer)),
    )
    def commits(self, phase, confirmed, record, outage):
        self.cycle += 1
        now = self.clock.now()
        believed = Belief(HOME, 2, now, confirmed, now.wall, 1, HOME, now.instant)
        memory = Memory(
            phase,
            now,
            self.cycle,
            self.kept.up_cycles + (phase is Phase.UP),
            MappingProxyType({Family.IPV4: believed}),
            MappingProxyType({KEY: self.record(*record)}),
            outage=None if outage is None else Outage(now, outage),
        )
        self.store.commit(make_cycle(now, after=memory, before=memory, wait=60.0))
        self.kept, self.records, self.acting = memory, dict(memory.records), False
        self.counted = dict(self.store.counters())

    @rule(record=st.tuples(ADDRESSES, AGES, st.just(value=False), st.integers(0, 3), ADDRESSES, st.just(value=False)))
    def intends(self, record):
        """Only the records of an intent are on disk; the rest of its memory is not."""
        self.records, self.acting = {KEY: self.record(*record)}, True
        self.store.commit_intent(replace(self.kept, cycle=99_999, outage=None, records=MappingProxyType(self.records)))

    def record(self, verified, age, vouched, writes, flying, published):
        now = self.clock.now()
        then = Now(Instant(now.instant - age), WallTime(now.wall - age))
        change = None if flying is None else Change(flying, then, then if published else None, 3, now.instant)
        return RecordMemory(
            verified,
            then.wall if vouched else None,
            (now,) * writes,
            2,
            Instant(now.instant + 60),
            "two of that name",
            change,
        )

    @rule()
    def scraped(self):
        shown = self.store.state_seconds()
        assert all(shown.get(phase, 0.0) >= seconds - 1e-6 for phase, seconds in self.seconds.items())
        self.seconds = dict(shown)

    @precondition(lambda self: not self.acting)  # the loop stops between cycles, never between an intent and its commit
    @rule()
    def stops_cleanly(self):
        self.scraped()
        self.store.close(self.clock.now())
        self.opens()

    @rule(torn=st.binary(max_size=5000))
    def killed(self, torn):
        """The files as they are this moment, with the beginning of a commit that was never acknowledged at the end of the log."""
        self.scraped()
        before, self.lives = self.home / str(self.lives), self.lives + 1
        shutil.copytree(before, self.home / str(self.lives))
        log = self.home / str(self.lives) / "state.db-wal"
        assert log.stat().st_size > 0, "nothing is left to a checkpoint"
        with log.open("ab") as tail:
            tail.write(torn)
        self.dies()
        shutil.rmtree(before)
        self.opens()

    def dies(self):
        if self.store._connection is not None:
            self.store._connection.close()
            self.store._connection = None
        self.store._lock.release()

    def teardown(self):
        if getattr(self, "store", None) is not None:
            self.dies()
            shutil.rmtree(self.home)


def _of_cycles(counters):
    """Log lines are counted as they are said, also while a store is opened."""
    return {key: value for key, value in counters.items() if value and "log_messages" not in key[0]}


def _of(change):
    if change is None:
        return None
    return change.address, change.evidence_at.wall, change.published_at and change.published_at.wall


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
        run_state_machine_as_test(LifeOfAStore, settings=settings(FEW_LIVES, print_blob=False))
