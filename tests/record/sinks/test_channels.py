"""What waits belongs to its URL: whatever happens to the list, nothing is lost, nothing is doubled, nothing goes to somebody else."""

import time
from pathlib import Path

import pytest

from cadence_exporter.cli.telling import Telling
from cadence_exporter.model.delivery import Kind
from cadence_exporter.record.notify.messenger import Addressee, digest_of
from cadence_exporter.record.sinks.outbox import Channel
from cadence_exporter.record.state.store import SqliteStore
from cadence_exporter.settings.schema import Settings
from tests.record.cycles import Hands, eventful, make_faults

ANNA, BERT, CARL = "json://anna-secret@host", "json://bert-secret@host", "json://carl-secret@host"


def settings(*urls):
    return Settings(notify={"urls": urls})


class Life:
    """One life of the program, up to what waits; nothing is delivered."""

    def __init__(self, folder, clock, *urls):
        self.clock = clock
        self.telling = Telling(clock, None)
        faults, self.said = make_faults(clock)
        self.store = SqliteStore(folder, clock, faults, self.telling.outbox)
        self.store.load(clock.now())
        self.use(*urls)

    def use(self, *urls):
        """At the start, or by a reload."""
        self.telling.begin(settings(*urls), self.store.marks)

    def happen(self, number):
        self.clock.seconds += 180
        cycle = eventful(self.clock.now(), number)
        object.__setattr__(cycle, "id", f"{number}-abc")
        self.store.commit(cycle)

    def waiting(self, url):
        """The numbers of the cycles of which it is still to hear."""
        found = self.telling.outbox.waiting(Addressee(1, url).channel.name)
        return [each.id.split("-")[-2] for each in found if each.kind is Kind.DNS_CHANGED]

    def tell(self, url):
        channel = Addressee(1, url).channel.name
        self.telling.outbox.delivered(channel, [each.id for each in self.telling.outbox.waiting(channel)])

    def die(self):
        self.store._connection.close()
        self.store._lock.release()


@pytest.fixture(params=["a restart", "a reload", "a reload and a restart"])
def change(request, tmp_path):
    """``change(*before)`` is a life in which cycle 1 happened; ``change.to(*after)`` the same, or the next one, with other URLs."""
    clock, lives = Hands(), []

    class Change:
        def __call__(self, *before):
            lives.append(Life(tmp_path, clock, *before))
            lives[-1].happen(1)
            return lives[-1]

        def to(self, *after):
            if "reload" in request.param:
                lives[-1].use(*after)
                lives[-1].happen(2)
            if "restart" in request.param:
                lives[-1].die()
                lives.append(Life(tmp_path, clock, *after))
            if "reload" not in request.param:
                lives[-1].happen(2)
            return lives[-1]

    yield Change()
    lives[-1].die()


def test_an_entry_that_is_removed_leaves_the_others_what_waits_for_them(change):
    change(ANNA, BERT)
    life = change.to(BERT)
    assert life.waiting(BERT) == ["1", "2"]
    assert life.waiting(ANNA) == []


def test_entries_that_change_places_keep_what_waits_for_each(change):
    change(ANNA, BERT).tell(ANNA)
    life = change.to(BERT, ANNA)
    assert (life.waiting(BERT), life.waiting(ANNA)) == (["1", "2"], ["2"])


def test_an_entry_that_is_added_before_the_others_hears_of_what_happens_from_then_on(change):
    change(ANNA, BERT).tell(ANNA)
    life = change.to(CARL, ANNA, BERT)
    assert (life.waiting(CARL), life.waiting(ANNA), life.waiting(BERT)) == (["2"], ["2"], ["1", "2"])


def test_an_entry_in_the_place_of_another_hears_nothing_of_what_waited_for_that(change):
    change(ANNA)
    assert change.to(BERT).waiting(BERT) == ["2"]


def test_a_url_that_stands_there_twice_is_told_once(change):
    life = change(ANNA, ANNA)
    assert life.waiting(ANNA) == ["1"]
    assert len(life.telling.sinks._couriers) == 1


def test_what_an_earlier_version_kept_by_place_is_told_to_whoever_stands_there(tmp_path, monkeypatch):
    """A store of the version in which the channels were ``notify 1``, ``notify 2``, ..."""
    clock = Hands()
    with monkeypatch.context() as earlier:
        by_place = property(lambda to: Channel(f"notify {to.number}", tuple(Kind), 200))
        earlier.setattr(Addressee, "channel", by_place)
        life = Life(tmp_path, clock, ANNA, BERT)
        life.happen(1)
        life.telling.outbox.delivered("notify 1", [each.id for each in life.telling.outbox.waiting("notify 1")])
        life.die()
    for _ in range(2):
        life = Life(tmp_path, clock, ANNA, BERT)
        assert (life.waiting(ANNA), life.waiting(BERT)) == ([], ["1"])
        life.happen(2)
        life.tell(ANNA)
        life.die()
        life = Life(tmp_path, clock, BERT, ANNA)
        assert (life.waiting(ANNA), life.waiting(BERT)) == ([], ["1", "2"])
        life.telling.outbox.delivered(
            Addressee(1, BERT).channel.name,
            [each.id for each in life.telling.outbox.waiting(Addressee(1, BERT).channel.name) if "-2-" in each.id],
        )
        life.die()


def test_no_word_of_a_url_is_in_the_store(tmp_path):
    life = Life(tmp_path, Hands(), ANNA, BERT)
    life.happen(1)
    life.die()
    kept = b"".join(path.read_bytes() for path in Path(tmp_path).rglob("*") if path.is_file())
    assert b"notify " in kept
    assert not any(word in kept for word in (b"anna", b"bert", b"json:"))


def test_whoever_has_the_store_and_guesses_a_url_pays_for_each_guess():
    """Some URLs hold a password that a person chose; a plain hash would be tried a thousand million times a second."""
    began = time.process_time()
    assert digest_of(ANNA) != digest_of(BERT)
    assert time.process_time() - began > 0.005
