import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.delivery import Kind, SinkName, Trouble
from cadence_exporter.model.recovery import Bounce, PowerOutcome, PowerResult
from cadence_exporter.outbound.lane import Lane
from cadence_exporter.record.sinks.board import SinkBoard
from cadence_exporter.record.sinks.courier import STUCK_S, Courier, DeliveryFailed
from cadence_exporter.record.sinks.outbox import Channel, Outbox
from cadence_exporter.record.sinks.sinks import Sinks
from cadence_exporter.record.state import image, schema
from cadence_exporter.record.state.schema import SCHEMA_VERSION
from cadence_exporter.record.state.store import SqliteStore
from cadence_exporter.simulate.lane import InlineLane
from tests.record.cycles import Hands, eventful, make_cycle, make_faults

CHANNELS = (Channel("a", tuple(Kind), 100), Channel("b", (Kind.OUTAGE_ENDED,), 2))


@pytest.fixture
def clock():
    return Hands()


class Process:
    """One life of the program on a state directory."""

    def __init__(self, directory, clock, channels=CHANNELS):
        self.outbox = Outbox()
        faults, self.said = make_faults(clock)
        self.store = SqliteStore(directory, clock, faults, self.outbox)
        self.store.load(clock.now())
        self.outbox.open(channels)

    def die(self):
        """As kill -9 leaves it."""
        if self.store._connection is not None:
            self.store._connection.close()
        self.store._lock.release()

    def ids(self, channel="a"):
        return [happening.id for happening in self.outbox.waiting(channel)]


@pytest.fixture
def start(tmp_path, clock):
    living = []

    def make(channels=CHANNELS):
        for process in living:
            process.die()
        living[:] = [Process(tmp_path, clock, channels)]
        return living[0]

    yield make
    for process in living:
        process.die()


def happen(process, clock, number=1):
    clock.seconds += 180
    cycle = eventful(clock.now(), number)
    object.__setattr__(cycle, "id", f"{number}-abc")
    process.store.commit(cycle)


def test_what_happened_survives_a_kill_with_the_cycle_in_which_it_happened(start, clock):
    process = start()
    happen(process, clock)
    before = process.ids()
    assert [id_.partition("-")[0] for id_ in before] == ["outage", "address", "dns"]
    assert [letter.happening for letter in process.outbox.letters().values()] == [
        letter.happening for letter in start().outbox.letters().values()
    ]
    assert start().ids() == before


def test_what_was_delivered_is_off_the_disk_at_once_not_with_the_next_commit(start, clock):
    process = start()
    happen(process, clock)
    first, *rest = process.ids()
    process.outbox.delivered("a", [first])
    again = start()
    assert again.ids() == rest
    assert again.ids("b") == [first]


def test_a_commit_after_a_delivery_brings_nothing_back(start, clock):
    process = start()
    happen(process, clock)
    process.outbox.delivered("a", process.ids())
    happen(process, clock, 2)
    assert [id_ for id_ in start().ids() if "-1-abc" in id_] == []


def test_nobody_is_shown_that_something_was_told_before_it_is_off_the_disk(start, clock):
    process = start()
    happen(process, clock)
    forget, shown = process.outbox.forget, []

    def watched(addresses):
        shown.append(len(process.ids()))
        forget(addresses)

    process.outbox.forget = watched
    process.outbox.delivered("a", process.ids())
    assert shown == [3]
    assert process.ids() == []
    assert start().ids() == []


def test_what_is_restored_late_keeps_its_order_also_where_a_sink_is_gone(start, clock):
    process = start()
    for number in range(3):
        happen(process, clock, number)
    late = Outbox()
    late.open(CHANNELS[1:])
    late.restore(process.outbox.letters())
    clock.seconds += 180
    late.take(eventful(clock.now(), 9))
    numbers = [letter.number for letter in late.letters().values()]
    assert numbers == sorted(set(numbers))


def test_a_disk_that_refuses_keeps_it_in_memory_and_takes_it_later(start, clock, tmp_path):
    process = start()
    process.store._connection.execute("PRAGMA max_page_count = 1")
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Exception, match="locked"):
            happen(process, clock)
        other.execute("ROLLBACK")
    assert len(process.ids()) == 3
    process.store._connection.execute("PRAGMA max_page_count = 100000")
    process.store.commit(make_cycle(clock.now()))
    assert len(start().ids()) == 3


def test_the_oldest_give_way_and_are_counted(start, clock):
    process = start()
    for number in range(5):
        happen(process, clock, number)
    assert len(process.ids("b")) == 2
    assert process.outbox.dropped("b") == 3
    assert len(process.ids()) == 15


def test_the_order_survives(start, clock):
    process = start()
    for number in range(3):
        happen(process, clock, number)
    before = process.ids()
    process = start()
    happen(process, clock, 7)
    assert process.ids()[:9] == before
    assert start().ids()[:9] == before


def test_what_waits_for_a_sink_that_was_switched_off_is_forgotten(start, clock):
    happen(start(), clock)
    process = start(CHANNELS[:1])
    process.store.commit(make_cycle(clock.now()))
    assert start().ids("b") == []


def test_without_sinks_nothing_is_kept(start, clock, tmp_path):
    process = start(())
    happen(process, clock)
    assert process.outbox.letters() == {}


def test_a_store_of_the_version_before_is_taken_over_with_everything_in_it(start, clock, tmp_path):
    process = start()
    happen(process, clock, 41)
    process.die()
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
        old = image.read_image(connection)
        connection.execute("DROP TABLE sink_row")
        connection.execute("DROP TABLE bounce")
        connection.execute("PRAGMA user_version = 1")
        rows = old | {("meta", "schema"): ("1",)}
        rows[("meta", "digest")] = (image._digest(rows),)
        image.write_changes(connection, old, rows)
    second = Process(tmp_path, clock)
    assert "SET_ASIDE" not in second.said.text
    assert second.store._memory.cycle == 41
    happen(second, clock, 42)
    second.die()
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        assert schema.version_of(connection) == SCHEMA_VERSION
    third = Process(tmp_path, clock)
    assert len(third.ids()) == 3
    third.die()


@pytest.mark.parametrize("version", [2, 3])
def test_what_waits_in_a_store_of_an_earlier_version_is_taken_over(start, clock, tmp_path, version):
    process = start()
    happen(process, clock, 41)
    before = process.ids()
    process.die()
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
        old = image.read_image(connection)
        if version < schema.BOUNCES_SINCE:
            connection.execute("DROP TABLE bounce")
        connection.execute(f"PRAGMA user_version = {version}")
        rows = old | {("meta", "schema"): (str(version),)}
        rows[("meta", "digest")] = (image._digest(rows),)
        image.write_changes(connection, old, rows)
    later = Process(tmp_path, clock)
    assert "SET_ASIDE" not in later.said.text
    assert (later.store._memory.cycle, later.ids()) == (41, before)
    clock.seconds += 180
    cut = PowerOutcome(Bounce(30.0), PowerResult.SUCCESS, "x", clock.now(), 1.0)
    later.store.commit(replace(make_cycle(clock.now()), power=cut))
    later.die()
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        assert schema.version_of(connection) == SCHEMA_VERSION
        assert connection.execute("SELECT count(*) FROM bounce").fetchone() == (1,)


def test_a_row_that_was_tampered_with_is_damage_and_the_copy_takes_over(start, clock, tmp_path):
    process = start()
    happen(process, clock)
    process.store.close(clock.now())
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
        connection.execute("UPDATE sink_row SET facts = replace(facts, '81.2', '8.8')")
    process = Process(tmp_path, clock)
    assert "SET_ASIDE" in process.said.text
    assert "8.8.69" not in repr(process.outbox.letters())
    assert len(process.ids()) == 3
    process.die()


def test_a_copy_in_which_something_waits_that_was_told_is_renewed_with_the_next_commit(start, clock, tmp_path):
    """A store that breaks is replaced by its copy: what was told must not stand in that."""
    process = start()
    happen(process, clock)
    process.store._copy.renew(process.store._connection, process.store._rows_on_disk)
    process.outbox.delivered("a", process.ids())
    process.store.commit(make_cycle(clock.now()))
    process.die()
    (tmp_path / "state.db").write_bytes(b"broken" * 1000)
    process = Process(tmp_path, clock)
    assert "RESTORED" in process.said.text
    assert process.ids() == []
    assert len(process.ids("b")) == 1
    process.die()


def test_a_copy_is_not_renewed_because_something_new_waits(start, clock, tmp_path):
    process = start()
    before = (tmp_path / "state.db.good").stat().st_ino
    for number in range(5):
        happen(process, clock, number)
    assert (tmp_path / "state.db.good").stat().st_ino == before


def test_a_file_of_another_instance_or_version_is_not_written_to_by_a_lane(start, clock, tmp_path):
    happen(start(), clock)
    start().die()
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    process = Process(tmp_path, clock)
    assert "newer version" in process.said.text
    clock.seconds += 180
    cycle = eventful(clock.now(), 1)
    object.__setattr__(cycle, "id", "1-abc")
    with pytest.raises(StateUnavailable):
        process.store.commit(cycle)
    with closing(sqlite3.connect(path)) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM sink_row WHERE channel = 'a'")]
        process.outbox._letters |= {("a", id_): object() for id_ in ids}  # the same ids, as if it had happened here too
        process.outbox.delivered("a", ids)
        assert [row[0] for row in connection.execute("SELECT id FROM sink_row WHERE channel = 'a'")] == ids != []
    process.die()


class Slow:
    """A sink whose delivery takes until it is let go."""

    name = SinkName.SHEETS
    channel = "a"

    def __init__(self, error=None):
        self.go = threading.Event()
        self.begun = threading.Event()
        self.times = 0
        self.error = error

    def plan(self, cycle):
        return self._work

    def _work(self):
        self.times += 1
        self.begun.set()
        self.go.wait(20)
        if self.error is not None:
            raise self.error
        return 1


@pytest.fixture
def board(clock):
    outbox = Outbox()
    outbox.open(CHANNELS)
    board = SinkBoard(clock, outbox)
    board.open({"a": SinkName.SHEETS})
    return board


def test_a_sink_that_hangs_costs_its_lane_only_and_is_shown_as_down(clock, board):
    sink, lane = Slow(), Lane("a")
    courier = Courier(sink, lane, board, clock)
    for _ in range(20):
        clock.seconds += 60
        courier.record(make_cycle(clock.now()))
    assert sink.begun.wait(10)
    assert sink.times == 1
    (state,) = board.states()
    assert state.up is False
    assert state.failures == {Trouble.TIMEOUT: 1}
    assert STUCK_S < 20 * 60
    sink.go.set()
    lane.close()


def test_a_reload_begins_nothing_a_second_time_while_it_is_under_way(clock, board):
    sink, sinks = Slow(), Sinks()
    sinks.replace([Courier(sink, sinks.lane("a"), board, clock)])
    sinks.record(make_cycle(clock.now()))
    assert sink.begun.wait(10)
    other = Slow()
    sinks.replace([Courier(other, sinks.lane("a"), board, clock)])
    sinks.record(make_cycle(clock.now()))
    assert other.times == 0
    sink.go.set()
    sinks.lane("a")._current.result(10)
    other.go.set()
    sinks.record(make_cycle(clock.now()))
    sinks.lane("a")._current.result(10)
    assert other.times == 1
    sinks.replace([])


def test_an_unexpected_error_reaches_the_loops_border_and_keeps_no_other_sink_from_its_turn(clock, board):
    broken, fine = Slow(ZeroDivisionError("x")), Slow()
    broken.go.set()
    fine.go.set()
    sinks = Sinks(InlineLane)
    sinks.replace([Courier(sink, InlineLane("x"), board, clock) for sink in (broken, fine)])
    sinks.record(make_cycle(clock.now()))
    assert board.states()[0].failures == {Trouble.BUG: 1}
    clock.seconds += 1
    with pytest.raises(ZeroDivisionError):
        sinks.record(make_cycle(clock.now()))
    assert (broken.times, fine.times) == (1, 2)
    clock.seconds += 600
    sinks.record(make_cycle(clock.now()))
    assert broken.times == 2


def test_what_failed_for_want_of_a_line_is_tried_when_the_line_is_back(clock, board):
    sink = Slow(DeliveryFailed(Trouble.NETWORK, "x"))
    sink.go.set()
    courier = Courier(sink, InlineLane("a"), board, clock)
    courier.record(make_cycle(clock.now()))
    clock.seconds += 5
    courier.record(make_cycle(clock.now()))
    assert sink.times == 1
    courier.record(eventful(clock.now()))
    assert sink.times == 2
