"""A week of bad weather at home and worse outside: every sink down, slow, refusing or lying by turns, and the host dying in between."""

import json
import random

import pytest

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.delivery import Kind
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.outbound.child import Said
from cadence_exporter.outbound.https import Answer
from cadence_exporter.record.heartbeat import CHANNEL as HEARTBEAT
from cadence_exporter.record.heartbeat import Heartbeat
from cadence_exporter.record.notify import say
from cadence_exporter.record.notify.messenger import Addressee, Messenger
from cadence_exporter.record.sheets.account import SCOPE, Account, Tokens
from cadence_exporter.record.sheets.api import SheetsApi
from cadence_exporter.record.sheets.rows import LastTimes
from cadence_exporter.record.sheets.sheet import CHANNEL as SHEETS
from cadence_exporter.record.sheets.sheet import Sheet, SheetPlace
from cadence_exporter.record.sinks.board import SinkBoard
from cadence_exporter.record.sinks.courier import Courier
from cadence_exporter.record.sinks.happenings import happenings
from cadence_exporter.record.sinks.outbox import Outbox
from cadence_exporter.simulate.lane import InlineLane
from cadence_exporter.simulate.run import DAY_S
from tests.fakes.google import LOST, SPREADSHEET, FakeGoogle
from tests.record.sinks.sink_world import sign_here
from tests.record.sinks.test_heartbeat import Check
from tests.simulation.seeds import simulation

DAYS = 7.0
TROUBLES = ("lost", "reply_lost", "lie", "garbage", "empty", 429, 403, 404, 401, 500, 503)


class Instant:
    """In place of ``Https``: what takes long takes it from a lane, so no time of the loop's passes."""

    def __init__(self, server):
        self.server = server

    def call(self, request, deadline):
        status, headers, body = self.server.handle(request.method, request.url, request.headers, request.body)
        if status == LOST:
            raise ProbeFailed(FailureReason.TIMEOUT, "no answer")
        return Answer(status, headers, body, 0.1)


class Outside:
    """Recorder and all that it tells; ``seed`` decides what is broken when."""

    name = "outside"

    def __init__(self, simulation, seed):
        self.simulation = simulation
        self.world = simulation.world
        self.dice = random.Random(seed)  # noqa: S311 - weather
        self.epochs = [(self.dice.uniform(0, DAYS), self.dice.choice(TROUBLES), self.dice.random()) for _ in range(60)]
        self.epochs.sort(key=lambda epoch: epoch[0])
        clock = self.world.clock
        self.google = FakeGoogle(clock)
        self.google.fault = lambda step: self.fault()
        self.check = Check(clock)
        self.check.fault = lambda path: {"lost": LOST, "reply_lost": LOST}.get(
            self.fault(), 500 if self.fault() else None
        )
        self.pings = []
        self.told = []
        self.kept = {}
        """What is on disk."""
        self.unkept = set()
        """Told by message while the disk refused, or before the store broke and an older copy took its place: nobody can know of it."""
        self.must = set()
        self.seen = set()
        self.most = 0
        self.refused = 0
        self.committed = ""
        commit = self.world.disk.commit

        def commit_and_note(cycle):
            commit(cycle)
            self.committed = cycle.id

        fall_back = self.world.disk.fall_back

        def fall_back_and_note(*, to_copy):
            fall_back(to_copy=to_copy)
            self.unkept |= set(self.told)

        self.world.disk.commit = commit_and_note
        self.world.disk.fall_back = fall_back_and_note
        simulation.recorders.append(self)
        simulation.at_start.append(lambda memory: self.begin())

    def fault(self):
        """Fine in the last two hours; before it mostly not."""
        day = self.world.clock.true / DAY_S
        if day >= DAYS - 2 / 24:
            return None
        past = [epoch for epoch in self.epochs if epoch[0] <= day]
        if not past or self.dice.random() > past[-1][2]:
            return None
        self.refused += 1
        return past[-1][1]

    def begin(self):
        clock = self.world.clock
        outbox = self.outbox = Outbox()
        outbox.restore(self.kept)
        outbox.forget = lambda gone: [self.kept.pop(address, None) for address in gone]
        to = Addressee(1, "json://x", "home")
        outbox.open([SHEETS, HEARTBEAT, to.channel])
        self.channel = to.channel.name
        board = SinkBoard(clock, outbox)
        tokens = Tokens(Account.of(self.google.account()), Instant(self.google), clock, sign_here, (SCOPE,))
        place = SheetPlace(SPREADSHEET, "Cadence", "home", "0.1.0")
        sinks = (
            Sheet(place, SheetsApi(Instant(self.google), tokens, "https://x.invalid"), outbox, clock, LastTimes()),
            Heartbeat("https://x.invalid/uuid", Instant(self.check), outbox, clock),
            Messenger(to, self.say, outbox, clock),
        )
        board.open({sink.channel: sink.name for sink in sinks})
        self.couriers = [Courier(sink, InlineLane(sink.channel), board, clock) for sink in sinks]

    def say(self, module, message, timeout_s):
        asked = json.loads(message)
        if "body" not in asked:
            return Said(0, b"")
        if self.fault():
            return Said(say.NOT_DELIVERED, b"")
        ids = [happening.id for happening in self.outbox.waiting(self.channel)]
        self.told += ids
        self.unkept |= {id_ for id_ in ids if (self.channel, id_) not in self.kept}
        return Said(0, b"")

    def record(self, cycle):
        self.outbox.take(cycle)
        fresh = {happening.id: happening.kind for happening in happenings(cycle)}
        self.seen |= set(fresh)
        if self.committed == cycle.id:
            self.kept = dict(self.outbox.letters())
            self.must |= {id_ for id_, kind in fresh.items() if kind is not Kind.OUTAGE_BEGAN}
        before = len(self.check.seen)
        for courier in self.couriers:
            courier.record(cycle)
        self.pings += [(self.world.clock.true, cycle.memory.phase)] * (len(self.check.seen) > before)
        self.most = max(self.most, len(self.outbox.waiting("sheets")))

    @property
    def logged(self):
        return [line[0] for line in self.google.log_of("Cadence log home")]


def week(seed, outside=None):
    weather = simulation(seed, DAYS)
    told = Outside(weather, outside) if outside is not None else None
    return weather.run(), told


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_nothing_is_twice_and_the_loop_does_not_notice(seed):
    alone, _ = week(seed)
    account, told = week(seed, outside=seed)
    assert account.digest == alone.digest
    assert account.broken == alone.broken
    print(
        f"seed {seed}: {account.cycles} cycles, {account.crashes} crashes, {len(told.must)} events, {told.refused} troubles, "
        f"most waiting {told.most}, {len(told.google.writes_at)} writes, {len(told.pings)} pings"
    )
    assert len(told.must) > 20
    assert told.refused > 100
    assert len(told.logged) == len(set(told.logged))
    assert told.must <= set(told.logged) <= told.seen
    assert {id_ for id_ in told.told if told.told.count(id_) > 1} <= told.unkept
    assert told.must <= set(told.told)
    assert told.most <= SHEETS.most
    assert told.pings
    assert {phase for _, phase in told.pings} == {"up"}
