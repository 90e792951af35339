"""The state store against the disk it stands on."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import replace
from types import MappingProxyType

import pytest

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.address import Family
from cadence_exporter.model.decision import Transition
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.memory import Change, Layer, Memory, Outage, Phase, RecordMemory
from cadence_exporter.model.outcome import ApiCall, Result
from cadence_exporter.model.recovery import EMPTY_LEDGER, Bounce, PowerOutcome, PowerResult
from cadence_exporter.record.state import history, image, schema
from cadence_exporter.record.state.ledger_rows import MOST_PER_DAY
from cadence_exporter.record.state.lock import InUse
from cadence_exporter.record.state.migration import migrate
from cadence_exporter.record.state.schema import KEPT_ROWS
from cadence_exporter.record.state.store import CYCLE_SLACK_S, MAX_UNWRITTEN, SqliteStore
from tests.record.cycles import HOME, KEY, MOVED, Hands, eventful, make_cycle, make_faults, memory, observation, outcome

LOOPS = ("cadence_loop_iterations_total", "ok")


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def opened(tmp_path, clock):
    """Opens stores on one directory; everything is closed at the end."""
    stores = []

    def make(directory=None, *, at=None):
        faults, stream = make_faults(at or clock)
        store = SqliteStore(directory or tmp_path / "state", at or clock, faults)
        store.said = stream
        stores.append(store)
        return store

    yield make
    for store in stores:
        die(store)


def die(store):
    """What a kill leaves behind, as far as one process can play it: no clean stop, no checkpoint."""
    if store._connection is not None:
        store._connection.close()
        store._connection = None
    store._lock.release()


def live(store, clock, cycles=3, **more):
    memory_ = store.load(clock.now())
    for number in range(1, cycles + 1):
        clock.seconds += 180
        store.commit(eventful(clock.now(), number) if not more else make_cycle(clock.now(), **more))
    return memory_


def test_a_fresh_store_begins_in_init_with_nothing(opened, clock, tmp_path):
    store = opened()
    assert store.load(clock.now()) == Memory(Phase.INIT, clock.now())
    assert store.up
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o711
    for name in ("state.db", "state.db-wal", "state.db.good", "lock"):
        assert (tmp_path / "state" / name).stat().st_mode & 0o777 == 0o600


def test_a_directory_that_cannot_even_be_looked_for_is_done_without(opened, clock, tmp_path):
    nowhere = tmp_path / ("x" * 300)  # as good as one in a closed folder, and root is stopped by it too
    store = opened(nowhere)
    found = store.load(clock.now())
    assert replace(found, recovery=EMPTY_LEDGER) == Memory(Phase.INIT, clock.now(), on_disk=False)
    assert len(found.recovery.bounces) == MOST_PER_DAY
    assert not store.up
    assert "nothing survives a restart" in store.said.text
    with pytest.raises(StateUnavailable):
        history.read(nowhere, 0.0)


@pytest.mark.parametrize("clean", [True, False])
def test_what_was_acknowledged_is_there_after_a_restart(opened, clock, clean):
    first = opened()
    live(first, clock)
    if clean:
        first.close(clock.now())
    die(first)
    second = opened()
    found = second.load(clock.now())
    assert found.phase is Phase.INIT
    assert (found.cycle, found.up_cycles) == (3, 3)
    belief = found.beliefs[Family.IPV4]
    assert (belief.confirmed, belief.confirmed_at, belief.streak, belief.candidate) == (HOME, clock.wall(), 0, None)
    record = found.records[KEY]
    assert (record.verified, record.verified_at, record.writes) == (MOVED, clock.wall(), (clock.now(),))
    assert record.change == Change(
        MOVED,
        replace(clock.now(), instant=clock.seconds - 10, wall=clock.wall() - 10),
        clock.now(),
        next_look=clock.monotonic(),
    )
    assert second.counters()[LOOPS] == 3
    assert second.counters()["cadence_dns_mutations_total", "update", "success"] == 3


def test_an_outage_in_progress_goes_on(opened, clock):
    first = opened()
    first.load(clock.now())
    began = clock.now()
    first.commit(make_cycle(clock.now(), after=memory(Phase.DOWN, outage=Outage(began, Layer.WAN))))
    die(first)
    later = Hands(seconds=5.0, wall=clock.wall() + 300)
    outage = opened(at=later).load(later.now()).outage
    assert outage.layer is Layer.WAN
    assert outage.began.wall == began.wall
    assert outage.began.instant == pytest.approx(5.0 - 300)


def test_time_in_the_future_makes_a_belief_stale_and_keeps_the_budget_spent(opened, clock):
    first = opened()
    live(first, clock)
    die(first)
    behind = Hands(seconds=5.0, wall=clock.wall() - 7200)
    found = opened(at=behind).load(behind.now())
    record = found.records[KEY]
    assert record.verified_at is None
    assert record.writes == (replace(behind.now(), wall=clock.wall()),)
    assert record.change.evidence_at.instant == 5.0
    assert found.beliefs[Family.IPV4].confirmed_at is None


def test_the_intent_is_on_disk_before_anything_is_done(opened, clock):
    first = opened()
    live(first, clock)
    before = dict(first.counters())
    planned = memory(records=MappingProxyType({KEY: RecordMemory(change=Change(MOVED, clock.now()))}))
    first.commit_intent(planned)
    die(first)
    second = opened()
    assert second.load(clock.now()).records[KEY].change.address == MOVED
    assert second.counters()[LOOPS] == before[LOOPS]


def test_an_outage_that_is_over_stays_open_until_its_end_is_in_the_history(opened, clock):
    first = opened()
    first.load(clock.now())
    broken = Outage(clock.now(), Layer.WAN)
    first.commit(make_cycle(clock.now(), after=memory(Phase.DOWN, outage=broken)))
    first.commit_intent(
        memory(outage=None, records=MappingProxyType({KEY: RecordMemory(change=Change(MOVED, clock.now()))}))
    )
    die(first)
    restarted = opened().load(clock.now())
    assert restarted.outage is not None
    assert restarted.records[KEY].change.address == MOVED


def test_state_seconds_never_go_back_over_an_unclean_stop_and_are_exact_after_a_clean_one(opened, clock):
    store = opened()
    store.load(clock.now())
    rng = random.Random(7)  # noqa: S311 - repeatable
    highest = dict.fromkeys(Phase, 0.0)

    def look(at_store):
        for phase, seconds in at_store.state_seconds().items():
            assert seconds >= highest[phase]
            highest[phase] = seconds

    for _ in range(300):
        clock.seconds += rng.choice([0.01, 3, 30, 180, 400])
        look(store)
        if rng.random() < 0.2:  # killed while waiting
            die(store)
            store = opened()
            store.load(clock.now())
            look(store)
        store.commit(make_cycle(clock.now(), after=memory(rng.choice(list(Phase))), wait=180.0, took=0.0))
        clock.seconds += rng.choice([0, 0.2, 50])
        look(store)
        if rng.random() < 0.2:
            if rng.random() < 0.3:
                store.close(clock.now())
                assert store.state_seconds() == pytest.approx(highest, abs=400)
            die(store)
            store = opened()
            store.load(clock.now())
            look(store)


def test_a_clean_stop_adds_nothing(opened, clock):
    store = opened()
    store.load(clock.now())
    clock.seconds += 10
    store.commit(make_cycle(clock.now(), after=memory(Phase.UP), took=0.0))
    clock.seconds += 100
    store.close(clock.now())
    again = opened()
    again.load(clock.now())
    assert again.state_seconds() == {Phase.INIT: 10, Phase.DOWN: 0, Phase.DEGRADED: 0, Phase.UP: 100}
    die(again)
    third = opened()
    third.load(clock.now())
    assert third.state_seconds()[Phase.INIT] == 10 + CYCLE_SLACK_S


def test_shown_seconds_stand_still_while_a_commit_is_under_way(opened, clock):
    store = opened()
    store.load(clock.now())
    clock.seconds += 5
    held = store._seconds.hold(Phase.UP, 100.0)
    clock.seconds += 2
    assert store.state_seconds() == held
    store._seconds.release()
    assert store.state_seconds()[Phase.INIT] == 5
    assert store.state_seconds()[Phase.UP] == 2


def test_calls_of_the_last_hour_come_back_on_the_new_clock(opened, clock):
    first = opened()
    live(first, clock)
    die(first)
    later = Hands(seconds=50.0, wall=clock.wall() + 3300)
    store = opened(at=later)
    store.load(later.now())
    assert [service for service, _ in store.marks.recent_calls] == ["cloudflare", "doh", "doh"] * 2
    assert min(instant for _, instant in store.marks.recent_calls) > 50.0 - 3600
    earlier = Hands(seconds=50.0, wall=clock.wall() - 9000)
    die(store)
    store = opened(at=earlier)
    store.load(earlier.now())
    assert {instant for _, instant in store.marks.recent_calls} == {50.0}


def test_history_is_read_while_the_service_runs(opened, clock, tmp_path):
    store = opened()
    live(store, clock, 2)
    view = history.read(tmp_path / "state", clock.wall() - 1000)
    assert [held.address for held in view.addresses] == [HOME]
    assert [(held.seconds, held.layer) for held in view.outages] == [(60.0, "wan")] * 2
    assert [(held.before, held.after, held.visible) for held in view.dns_changes] == [(str(HOME), str(MOVED), None)] * 2
    assert [held.to_state for held in view.transitions] == ["up", "up"]
    assert view.bounces == ()
    assert history.read(tmp_path / "state", clock.wall() + 1).outages == ()
    store.close(clock.now())
    assert len(history.read(tmp_path / "state", 0.0).outages) == 2


def test_a_change_that_resolvers_show_is_marked_visible(opened, clock, tmp_path):
    store = opened()
    live(store, clock, 1)
    before = eventful(clock.now()).memory
    clock.seconds += 30
    seen = outcome(Result.VISIBLE, now=clock.now())
    store.commit(make_cycle(clock.now(), before=before, outcomes=(seen,)))
    assert history.read(tmp_path / "state", 0.0).dns_changes[0].visible == clock.wall()


@pytest.mark.parametrize("said", ["half a character: \ud800", "\x00\x1b[2J\x9b2J\u202e", "x" * 9000])
def test_a_device_that_says_odd_things_breaks_no_commit_and_no_terminal(opened, clock, tmp_path, said):
    """Such a text stands in a device's JSON as ``\\ud800``; SQLite takes text in UTF-8 only."""
    store = opened()
    store.load(clock.now())
    cut = PowerOutcome(Bounce(30.0), PowerResult.REFUSED, said, clock.now(), 1.0)
    store.commit(replace(make_cycle(clock.now(), transition=Transition(Phase.UP, Phase.DOWN, said)), power=cut))
    store.commit(eventful(clock.now(), 2))
    view = history.read(tmp_path / "state", WallTime(0.0))
    (bounce,) = view.bounces
    for kept in (bounce.detail, view.transitions[0].why):
        assert kept.isprintable()
        assert 0 < len(kept) <= 200


def test_there_is_no_history_without_a_store(tmp_path):
    with pytest.raises(StateUnavailable, match="no state store"):
        history.read(tmp_path, 0.0)
    (tmp_path / "state.db").write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(StateUnavailable):
        history.read(tmp_path, 0.0)


def test_histories_are_bounded(opened, clock, monkeypatch):
    monkeypatch.setitem(KEPT_ROWS, "transition", 5)
    store = opened()
    live(store, clock, 20)
    assert store._connection.execute("SELECT count(*) FROM transition").fetchone() == (5,)


def test_a_second_instance_is_told_who_is_there(opened, clock):
    first = opened()
    first.acquire()
    second = opened()
    with pytest.raises(InUse, match=rf"in use by another instance \(process {os.getpid()}\)"):
        second.acquire()
    second.load(clock.now())
    assert not second.up
    with pytest.raises(StateUnavailable, match="in use"):
        second.commit(make_cycle(clock.now()))
    die(first)
    second.acquire()


# -- damage ----------------------------------------------------------------------------------------------------------------


def aged(opened, clock, tmp_path):
    """A stopped store with some life behind it: its bytes."""
    store = opened()
    live(store, clock, 4)
    store.close(clock.now())
    return (tmp_path / "state" / "state.db").read_bytes()


def test_a_damaged_store_is_set_aside_and_the_good_copy_takes_its_place(opened, clock, tmp_path):
    aged(opened, clock, tmp_path)
    path = tmp_path / "state" / "state.db"
    for number, content in enumerate((b"", b"garbage" * 1000, path.read_bytes()[:5000]), 1):
        path.write_bytes(content)
        store = opened()
        found = store.load(clock.now())
        assert found.cycle == 4
        assert store.up
        assert (tmp_path / "state" / f"state.db.corrupt-{number}").read_bytes() == content
        assert f"SET_ASIDE  file=state.db.corrupt-{number}" in store.said.text
        assert "RESTORED   file=state.db.good" in store.said.text
        store.commit(eventful(clock.now(), 4))
        store.close(clock.now())
        die(store)


def test_without_a_good_copy_it_begins_anew(opened, clock, tmp_path):
    content = aged(opened, clock, tmp_path)
    for name in ("state.db", "state.db.good"):
        (tmp_path / "state" / name).write_bytes(content[:3000])
    store = opened()
    assert store.load(clock.now()).cycle == 0
    assert store.up
    assert (tmp_path / "state" / "state.db.good.corrupt-1").exists()


def test_a_directory_in_its_place_is_set_aside(opened, clock, tmp_path):
    (tmp_path / "state" / "state.db").mkdir(parents=True)
    store = opened()
    store.load(clock.now())
    assert store.up
    assert (tmp_path / "state" / "state.db.corrupt-1").is_dir()


def test_only_so_many_damaged_files_are_kept(opened, clock, tmp_path):
    path = tmp_path / "state" / "state.db"
    for _ in range(8):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 100)
        store = opened()
        store.load(clock.now())
        die(store)
    assert sorted(path.parent.glob("*.corrupt-*")) == [path.parent / f"state.db.corrupt-{n}" for n in range(4, 9)]


def whole(found, store):
    """Nothing read from a damaged file may be something that was never written."""
    assert found.cycle in (0, 4)
    if found.cycle:
        assert found.records[KEY].verified == MOVED
        assert found.beliefs[Family.IPV4].confirmed == HOME
        assert store.counters()[LOOPS] == 4


def test_any_truncation_is_noticed(opened, clock, tmp_path):
    content = aged(opened, clock, tmp_path)
    path = tmp_path / "state" / "state.db"
    sizes = sorted({*range(120), *range(120, len(content), 997), *(n * 4096 for n in range(len(content) // 4096))})
    for size in sizes:
        path.write_bytes(content[:size])
        store = opened()
        whole(store.load(clock.now()), store)
        assert store.up, size
        assert "SET_ASIDE" in store.said.text, size
        die(store)


def test_any_flipped_bit_is_noticed_or_harmless(opened, clock, tmp_path):
    content = bytearray(aged(opened, clock, tmp_path))
    path = tmp_path / "state" / "state.db"
    used = [index for index, byte in enumerate(content) if byte]
    rng = random.Random(11)  # noqa: S311 - repeatable
    noticed = 0
    for place in [*range(100), *rng.sample(used, min(400, len(used)))]:
        bad = bytearray(content)
        bad[place] ^= 1 << rng.randrange(8)
        path.write_bytes(bad)
        store = opened()
        whole(store.load(clock.now()), store)
        store.commit(make_cycle(clock.now()))
        noticed += "SET_ASIDE" in store.said.text
        die(store)
    assert noticed > 100


def test_a_broken_write_ahead_log_is_harmless(opened, clock, tmp_path):
    live(opened(), clock, 4)
    source = tmp_path / "copy"
    shutil.copytree(tmp_path / "state", source)  # as a power cut leaves it: the log not yet in the file
    log = (source / "state.db-wal").read_bytes()
    rng = random.Random(3)  # noqa: S311 - repeatable
    for number in range(60):
        directory = tmp_path / f"cut-{number}"
        shutil.copytree(source, directory)
        (directory / "lock").unlink()
        cut = bytearray(log[: rng.randrange(len(log))])
        if number % 2 and cut:
            cut[rng.randrange(len(cut))] ^= 0xFF
        (directory / "state.db-wal").write_bytes(cut)
        (directory / "state.db-shm").unlink(missing_ok=True)
        store = opened(directory)
        assert store.load(clock.now()).cycle in range(5)
        assert store.up
        die(store)


def test_a_newer_version_is_left_untouched(opened, clock, tmp_path):
    aged(opened, clock, tmp_path)
    path = tmp_path / "state" / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
        connection.commit()
    content = path.read_bytes()
    store = opened()
    assert store.load(clock.now()).cycle == 0
    assert "MEMORY     nothing survives a restart" in store.said.text
    with pytest.raises(StateUnavailable, match="newer version"):
        store.commit(make_cycle(clock.now()))
    store.close(clock.now())
    assert path.read_bytes() == content


def test_somebody_elses_database_is_not_written_into(opened, clock, tmp_path):
    (tmp_path / "state").mkdir()
    with closing(sqlite3.connect(tmp_path / "state" / "state.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    store = opened()
    store.load(clock.now())
    assert store.up
    with closing(sqlite3.connect(tmp_path / "state" / "state.db.corrupt-1")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_file_removed_while_running_is_written_anew_from_memory(opened, clock, tmp_path):
    store = opened()
    live(store, clock, 3)
    for name in ("state.db", "state.db-wal", "state.db-shm", "state.db.good"):
        (tmp_path / "state" / name).unlink()
    store.commit(eventful(clock.now(), 4))
    die(store)
    again = opened()
    found = again.load(clock.now())
    assert found.cycle == 4
    assert again.counters()[LOOPS] == 4


def test_a_file_damaged_while_running_is_replaced_from_memory(opened, clock, tmp_path):
    store = opened()
    live(store, clock, 3)
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "state" / "state.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 100_000)
    store._connection.execute("PRAGMA shrink_memory")
    for number in (4, 5, 6):
        try:
            store.commit(eventful(clock.now(), number))
        except StateUnavailable:
            continue
    assert store.up
    die(store)
    again = opened()
    assert again.load(clock.now()).cycle == 6
    assert again.counters()[LOOPS] == 6


# -- a disk that refuses ---------------------------------------------------------------------------------------------------


def test_what_could_not_be_written_is_written_with_the_next_commit(opened, clock, tmp_path):
    store = opened()
    live(store, clock, 1)
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    refused = 0
    for number in range(2, 250):
        try:
            store.commit(eventful(clock.now(), number))
        except StateUnavailable as error:
            refused += "full" in str(error)
            assert not store.up
    assert refused > 5
    assert store.counters()[LOOPS] == 249
    store._connection.execute("PRAGMA max_page_count = 1000000")
    store.commit(eventful(clock.now(), 250))
    assert store.up
    die(store)
    again = opened()
    assert again.load(clock.now()).cycle == 250
    assert again.counters()[LOOPS] == 250
    assert len(history.read(tmp_path / "state", 0.0).outages) == 250


def test_a_disk_that_is_full_from_the_start_never_raises_at_load(tmp_path):
    program = f"""
        import resource, signal
        from tests.record.cycles import Hands, make_cycle, make_faults
        from cadence_exporter.errors import StateUnavailable
        from cadence_exporter.record.state.store import SqliteStore
        from pathlib import Path
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        clock = Hands()
        faults, stream = make_faults(clock)
        for size in (0, 100, 5000, 20000, 45000):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            store = SqliteStore(Path({str(tmp_path)!r}) / str(size), clock, faults)
            assert store.load(clock.now()).cycle == 0
            for _ in range(3):
                try:
                    store.commit(make_cycle(clock.now()))
                except StateUnavailable:
                    print("refused", size)
            assert store.counters()["cadence_loop_iterations_total", "ok"] == 3
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            store.commit(make_cycle(clock.now()))
            assert store.up
            store.close(clock.now())
            again = SqliteStore(Path({str(tmp_path)!r}) / str(size), clock, faults)
            assert again.load(clock.now()).cycle == 3408
            assert again.counters()["cadence_loop_iterations_total", "ok"] == 4
            again.close(clock.now())
        print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.endswith("done\n"), done.stderr
    assert done.stdout.count("refused") >= 9


def test_a_directory_that_cannot_be_made_leaves_the_service_on_memory(opened, clock, tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = opened(tmp_path / "file" / "state")
    assert store.load(clock.now()).cycle == 0
    with pytest.raises(StateUnavailable):
        store.commit(make_cycle(clock.now()))
    (tmp_path / "file").unlink()
    store.commit(make_cycle(clock.now()))
    assert store.up
    assert store.counters()[LOOPS] == 2


def test_a_store_that_appears_later_is_added_to_not_overwritten(opened, clock, tmp_path):
    first = opened()
    live(first, clock, 3)
    first.close(clock.now())
    (tmp_path / "state").rename(tmp_path / "not mounted yet")
    (tmp_path / "state").write_text("in the way")
    store = opened()
    store.load(clock.now())
    (tmp_path / "state").unlink()
    (tmp_path / "not mounted yet").rename(tmp_path / "state")
    store.commit(make_cycle(clock.now()))
    assert store.counters()[LOOPS] == 4
    die(store)
    again = opened()
    again.load(clock.now())
    assert again.counters()[LOOPS] == 4


@pytest.mark.parametrize("clean", [True, False])
def test_a_read_only_disk_is_read_and_never_stops_the_loop(opened, clock, tmp_path, clean, monkeypatch):
    first = opened()
    live(first, clock, 3)
    if clean:
        first.close(clock.now())
    real = os.open

    def read_only(path, flags, *more, **others):
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(30, "Read-only file system")
        return real(path, flags, *more, **others)

    die(first)
    monkeypatch.setattr(os, "open", read_only)
    store = opened()
    assert store.load(clock.now()).cycle == 3
    with pytest.raises(StateUnavailable, match="Read-only"):
        store.commit(make_cycle(clock.now()))
    assert store.counters()[LOOPS] == 4
    monkeypatch.undo()
    store.commit(make_cycle(clock.now()))
    assert store.counters()[LOOPS] == 5


def test_rows_kept_in_memory_are_bounded(opened, clock, tmp_path):
    (tmp_path / "state").write_text("in the way")
    store = opened()
    store.load(clock.now())
    for _ in range(MAX_UNWRITTEN):
        with pytest.raises(StateUnavailable):
            store.commit(make_cycle(clock.now(), calls=(ApiCall("doh", "2xx", 0.1, "x"),)))
    assert len(store._unwritten) == MAX_UNWRITTEN


def test_the_good_copy_is_renewed_every_day_and_every_so_many_commits(opened, clock, tmp_path):
    store = opened()
    store.load(clock.now())
    copy = tmp_path / "state" / "state.db.good"

    def renewed(commits):
        before = copy.stat().st_ino, copy.stat().st_mtime_ns
        for _ in range(commits):
            store.commit(make_cycle(clock.now(), seen=observation(clock.now())))
        return (copy.stat().st_ino, copy.stat().st_mtime_ns) != before

    assert not renewed(400)
    assert renewed(150)
    clock.seconds += 90000
    assert renewed(1)


def as_version_1(path):
    """What a store of the first version looks like: neither rows for sinks nor bounces."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        old = image.read_image(connection)
        connection.execute("DROP TABLE sink_row")
        connection.execute("DROP TABLE bounce")
        connection.execute("PRAGMA user_version = 1")
        rows = old | {("meta", "schema"): ("1",)}
        rows["meta", "digest"] = (image._digest(rows),)
        image.write_changes(connection, old, rows)
        connection.execute("PRAGMA journal_mode = DELETE")
    return path.read_bytes()


@pytest.fixture
def first_version(opened, clock, tmp_path):
    """The bytes of one with four cycles behind it; the directory is left as such a version leaves it, without its copy."""
    aged(opened, clock, tmp_path)
    content = as_version_1(tmp_path / "state" / "state.db")
    (tmp_path / "state" / "state.db.good").unlink()
    return content


def version_on_disk(path):
    with closing(sqlite3.connect(path)) as connection:
        return schema.version_of(connection)


def test_a_store_of_the_first_version_is_taken_over(opened, clock, tmp_path, first_version):
    store = opened()
    assert store.load(clock.now()).cycle == 4
    assert "SET_ASIDE" not in store.said.text
    store.commit(eventful(clock.now(), 5))
    store.close(clock.now())
    assert version_on_disk(tmp_path / "state" / "state.db") == schema.SCHEMA_VERSION


@pytest.mark.parametrize("copy", ["a sound copy of its version", "a damaged copy", "no copy"])
def test_a_damaged_store_of_the_first_version_is_set_aside_and_never_half_taken_over(
    opened, clock, tmp_path, first_version, copy
):
    """Wherever it is damaged: in its header, its version, a row that is sealed, a row of a history, its end."""
    path, good = tmp_path / "state" / "state.db", tmp_path / "state" / "state.db.good"
    damages = (
        first_version[: len(first_version) // 2],
        b"\0" * 100 + first_version[100:],
        first_version.replace(str(HOME).encode(), b"93.184.216.35"),
        first_version[:60]
        + (2).to_bytes(4, "big")
        + first_version[64:],  # user_version: 2, as if it had been taken over
        first_version[:60] + (99).to_bytes(4, "big") + first_version[64:],
        first_version[:-200] + b"\xff" * 200,
    )
    for number, damaged in enumerate(damages, 1):
        for file in path.parent.glob("state.db*"):
            file.unlink()
        path.write_bytes(damaged)
        if copy != "no copy":
            good.write_bytes(first_version if copy.startswith("a sound") else damaged)
        store = opened()
        found = store.load(clock.now())
        assert store.up, number
        if "SET_ASIDE" in store.said.text:
            assert found.cycle == (4 if copy.startswith("a sound") else 0), number
            assert path.with_name("state.db.corrupt-1").read_bytes() == damaged, number
        else:  # nothing that anybody believes was in that place
            assert found.cycle == 4, number
            assert found.beliefs[Family.IPV4].confirmed == HOME, number
            assert number == len(damages)
        store.commit(eventful(clock.now(), 5))
        die(store)
        assert version_on_disk(path) == schema.SCHEMA_VERSION
        again = opened()
        assert again.load(clock.now()).cycle == 5, number
        assert "SET_ASIDE" not in again.said.text
        die(again)


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE sink_row", "CREATE TABLE bounce", "PRAGMA user_version =", "COMMIT"]
)
def test_a_taking_over_that_is_cut_short_leaves_the_store_of_before(opened, clock, tmp_path, first_version, statement):
    """The disk is full, or the power goes, at any of its steps."""
    path = tmp_path / "state" / "state.db"

    class Cut(sqlite3.Connection):
        def execute(self, sql, *values):
            if statement in sql:
                raise sqlite3.OperationalError("the disk is full")
            return super().execute(sql, *values)

    with closing(sqlite3.connect(path, isolation_level=None, factory=Cut)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection)
        assert not connection.in_transaction
    assert path.read_bytes() == first_version
    store = opened()
    assert store.load(clock.now()).cycle == 4
