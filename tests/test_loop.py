"""The loop with every seam played by a few lines: the order of things, and what cannot break it."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter import loop as loop_module
from cadence_exporter.equipment import Equipment, Surroundings
from cadence_exporter.errors import StateUnavailable
from cadence_exporter.loop import Loop
from cadence_exporter.model.address import Family
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.observation import (
    Answered,
    EchoAnswer,
    EchoRound,
    Observation,
    PathWorks,
    RouterAlive,
    RouterMethod,
)
from cadence_exporter.model.outcome import Outcome, Result
from cadence_exporter.model.recovery import (
    EnsureOn,
    PowerOutcome,
    PowerResult,
    RecoveryMemory,
    RecoveryPolicy,
    Unfinished,
)
from cadence_exporter.model.wakeup import WORD_OF_THE_ROUTER, Reason, Wakeup
from tests.decide.cases import HOME, SPEC, at, fresh, make_policy


class World:
    """Every seam at once, writing down what happens in which order."""

    def __init__(self):
        self.seconds = 100.0
        self.log = []
        self.cycles = []
        self.ids = []
        self.wakeups = []
        self.broken_disk = False
        self.broken_recorder = False
        self.stopping = False

    def monotonic(self):
        return at(self.seconds).instant

    def wall(self):
        return at(self.seconds).wall

    def now(self):
        return at(self.seconds)

    def wait(self, until):
        self.log.append("wait")
        self.seconds = max(self.seconds, float(until))
        return self.wakeups.pop(0) if self.wakeups else Wakeup(frozenset({Reason.STOP}))

    def load(self, now):
        return fresh()

    def commit_intent(self, memory):
        self._disk("intent")

    def commit(self, cycle):
        self._disk("commit")

    def _disk(self, what):
        self.log.append(what)
        if self.broken_disk:
            raise StateUnavailable("disk full")

    def record(self, cycle):
        self.log.append("record")
        self.cycles.append(cycle)
        if self.broken_recorder:
            raise RuntimeError("a recorder's trouble")

    def drain(self):
        return ()

    def caught(self, where, error):
        self.log.append(f"caught {where}")

    def observe(self, now, memory, *, hinted):
        self.log.append("hinted" if hinted else "observe")
        router = Answered("r", RouterAlive(ip_address("192.168.0.1"), RouterMethod.TCP), 0.001)
        path = Answered("w", PathWorks("w", 1), 0.01)
        voices = tuple(Answered(op, EchoAnswer(HOME, op), 0.02) for op in "ab")
        return Observation(now, 0.02, None, router, (path,), None, {Family.IPV4: EchoRound(voices, 2)})

    def perform(self, actions):
        self.log.append("act")
        return tuple(Outcome(action, Result.VERIFIED, "", self.now(), 0.0) for action in actions)


def make_loop(world, reload=lambda: None):
    around = Surroundings(
        clock=world,
        doorbell=world,
        store=world,
        recorders=(world, world),
        calls=world,
        faults=world,
        draw=lambda: 0.0,
        entering=world.ids.append,
    )
    return Loop(around, Equipment(world, world.perform, make_policy()), fresh(), reload)


def due(*more):
    return Wakeup(frozenset({Reason.DUE, *more}))


def test_a_cycle_puts_intent_on_disk_before_acting_and_the_result_on_disk_before_telling():
    world = World()
    world.wakeups = [due()]
    make_loop(world).run()
    assert world.log == [
        "hinted", "commit", "record", "record", "wait",
        "observe", "intent", "act", "commit", "record", "record", "wait",
    ]  # fmt: skip


def test_the_loop_climbs_to_up_and_waits_for_as_long_as_was_decided():
    world = World()
    world.wakeups = [due()]
    loop = make_loop(world)
    loop.run()
    assert loop.memory.phase is Phase.UP
    assert [cycle.number for cycle in world.cycles[::2]] == [1, 2]
    assert world.seconds == 100.0 + 3.0 + 180.0


@pytest.mark.parametrize(
    ("reason", "log"),
    [(reason, "observe" if reason in WORD_OF_THE_ROUTER | {Reason.TRIPWIRE, Reason.REQUEST, Reason.DUE} else "hinted")
     for reason in Reason if reason not in {Reason.STOP, Reason.RELOAD}],
)  # fmt: skip
def test_the_routers_word_or_the_tripwires_leaves_it_to_the_plan_who_is_asked_and_other_hints_ask_all(reason, log):
    world = World()
    make_loop(world).cycle(Wakeup(frozenset({reason})))
    assert world.log[0] == log


def test_whoever_else_rings_beside_the_router_has_everybody_asked():
    world = World()
    make_loop(world).cycle(due(Reason.ANNOUNCEMENT, Reason.NETLINK))
    assert world.log[0] == "hinted"


def test_the_id_of_a_cycle_is_told_before_anything_happens_in_it_and_taken_back_after(monkeypatch):
    world = World()
    world.wakeups = [due()]
    loop = make_loop(world)
    loop.run()
    first, second = world.cycles[::2]
    assert world.ids == [first.id, "", second.id, ""]
    assert first.id.startswith("1-")
    assert second.id.startswith("2-")
    monkeypatch.setattr(loop_module, "decide", broken)
    loop.cycle(due())
    assert world.ids[4].startswith("3-")
    assert world.ids[5:] == [""]


def test_one_recorder_in_trouble_stops_neither_the_others_nor_the_loop():
    world = World()
    world.broken_recorder = True
    make_loop(world).run()
    assert world.log == ["hinted", "commit", "record", "caught record", "record", "caught record", "wait"]


def test_a_disk_that_refuses_is_counted_and_dns_is_put_right_all_the_same():
    world = World()
    world.broken_disk = True
    world.wakeups = [due()]
    make_loop(world).run()
    assert world.log[6:] == [
        "observe", "intent", "caught commit", "act", "commit", "caught commit", "record", "record", "wait",
    ]  # fmt: skip


def broken(*args):
    raise ZeroDivisionError("a bug")


@pytest.mark.parametrize("stage", ["assess", "decide"])
def test_a_bug_in_judgement_does_nothing_is_counted_and_ends_the_process_at_the_third(stage, monkeypatch):
    monkeypatch.setattr(loop_module, stage, broken)
    world = World()
    world.wakeups = [due(), due(), due()]
    loop = make_loop(world)
    with pytest.raises(ZeroDivisionError):
        loop.run()
    assert world.log.count(f"caught {stage}") == 3
    assert "act" not in world.log
    assert replace(loop.memory, started=None) == fresh()


def test_a_single_bug_is_survived(monkeypatch):
    world = World()
    loop = make_loop(world)
    monkeypatch.setattr(loop_module, "assess", broken)
    assert loop.cycle(due()) == 160.0
    assert loop.cycle(due()) == 160.0
    monkeypatch.undo()
    loop.cycle(due())
    monkeypatch.setattr(loop_module, "assess", broken)
    loop.cycle(due())
    assert loop.memory.cycle == 1


def test_a_reload_replaces_the_equipment_and_a_bad_file_keeps_it():
    world = World()
    answers = [None, Equipment(world, world.perform, make_policy(confirmations=5))]
    world.wakeups = [due(Reason.RELOAD), due(Reason.RELOAD)]
    loop = make_loop(world, lambda: answers.pop(0))
    loop.run()
    assert loop.equipment.policy.confirmations == 5
    assert answers == []


def test_a_reload_that_moves_a_record_to_another_provider_has_it_looked_at_again():
    world = World()
    moved = Equipment(world, world.perform, make_policy(records=(replace(SPEC, provider="file"),)))
    world.wakeups = [due(), due(Reason.RELOAD)]
    make_loop(world, lambda: moved).run()
    assert world.log.count("act") == 2


@pytest.mark.parametrize(
    ("result", "owed"), [(PowerResult.SUCCESS, False), (PowerResult.DOUBTFUL, True), (PowerResult.FAILED, True)]
)
def test_a_reload_in_the_middle_of_a_bounce_has_the_old_switch_turn_the_power_on(result, owed):
    world = World()
    told = []

    def power(action):
        told.append(action)
        return PowerOutcome(action, result, "", world.now(), 0.0)

    without = Equipment(world, world.perform, make_policy())
    loop = make_loop(world, lambda: without)
    policy = make_policy(recovery=RecoveryPolicy(enabled=True))
    loop.equipment = Equipment(world, world.perform, policy, power=power)
    cut = Unfinished(at(world.seconds + 1.0), 30.0)
    loop.memory = replace(loop.memory, recovery=RecoveryMemory(unfinished=cut))
    world.seconds += 2.0
    loop._replace_equipment()
    assert told == [EnsureOn(cut)]
    assert (loop.memory.recovery.unfinished is not None) is owed
    assert loop.equipment is without


def test_an_observation_that_a_stop_cut_short_is_not_judged():
    world = World()
    world.stopping = True
    loop = make_loop(world)
    loop.run()
    assert world.log == ["hinted", "wait"]
    assert replace(loop.memory, started=None) == fresh()
