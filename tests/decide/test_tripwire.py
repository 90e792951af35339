"""When the tripwire rings, and when it holds its peace."""

from ipaddress import IPv4Address

from cadence_exporter.decide.tripwire import PathSeen, Tripping
from cadence_exporter.model.instants import Instant

HOME, MOVED = IPv4Address("93.184.216.34"), IPv4Address("81.2.69.142")
NOTHING = PathSeen()


def seen(worked=None, failed=None):
    return PathSeen(*(None if at is None else Instant(at) for at in (worked, failed)))


def hear(wire, at, address=HOME, path=NOTHING):
    return wire.heard(address, Instant(at), path)


def hush(wire, at, path=NOTHING, asked=None):
    return wire.silence(Instant(at - 2 if asked is None else asked), Instant(at), path)


def answering():
    wire = Tripping()
    assert not hear(wire, 0)
    return wire


def test_the_first_answer_is_no_news_the_same_is_none_and_another_is():
    wire = answering()
    assert not hear(wire, 7)
    assert hear(wire, 14, MOVED)
    assert not hear(wire, 21, MOVED)


def test_a_silence_rings_once_and_so_does_its_end():
    wire = answering()
    assert [hush(wire, at) for at in (9, 12, 15)] == [True, False, False]
    assert hear(wire, 18)
    assert not hear(wire, 25)


def test_who_never_answered_cannot_fall_silent():
    wire = Tripping()
    assert not hush(wire, 2)
    assert wire.hopeless(Instant(2), NOTHING)
    assert not hear(wire, 60)
    assert hush(wire, 69)


def test_an_address_that_changed_behind_an_outage_rings_once():
    wire = answering()
    hush(wire, 9)
    assert hear(wire, 30, MOVED, seen(failed=9.5))
    assert not hear(wire, 37, MOVED)


def test_silence_while_the_path_works_is_no_outage_and_the_next_ones_do_not_ring_for_an_hour():
    wire = answering()
    assert hush(wire, 9)
    assert not hush(wire, 12, seen(worked=10))
    assert not wire.hopeless(Instant(12), seen(worked=10))
    assert not hush(wire, 20, seen(worked=10))
    assert wire.hopeless(Instant(21), seen(worked=10))
    assert not hear(wire, 82, path=seen(worked=10))
    assert not hush(wire, 91, seen(worked=10))
    assert not hear(wire, 100)
    assert hear(wire, 107, MOVED)  # another address always is news
    assert not hush(wire, 3619)
    assert not hear(wire, 3620, MOVED)
    assert hush(wire, 3690)


def test_packets_that_get_lost_while_a_look_finds_the_path_working_do_not_ring_again_and_again():
    wire = answering()
    assert hush(wire, 9)
    assert not hear(wire, 12, path=seen(worked=9.3))
    assert not hush(wire, 30, seen(worked=9.3))
    assert not hear(wire, 33, path=seen(worked=9.3))


def test_a_change_explains_the_silence_before_it_and_the_next_silence_rings():
    wire = answering()
    assert hush(wire, 9)
    assert hear(wire, 12, MOVED, seen(worked=11.5))  # the look came when the line was back
    assert hush(wire, 30)


def test_a_silence_that_does_not_ring_is_listened_to_for_a_minute_it_may_end_with_another_address():
    wire = answering()
    hush(wire, 9)
    hear(wire, 12, path=seen(worked=9.3))  # a false alarm: the next silence does not ring
    assert not hush(wire, 30, seen(worked=9.3))
    assert not wire.hopeless(Instant(30), seen(worked=9.3))
    assert wire.hopeless(Instant(88), seen(worked=9.3))
    assert hear(wire, 33, MOVED)


def test_the_end_of_an_outage_rings_even_if_its_beginning_did_not():
    wire = answering()
    hush(wire, 9)
    hear(wire, 12, path=seen(worked=9.3))
    assert not hush(wire, 30)
    assert not wire.hopeless(Instant(40), seen(worked=9.3, failed=35))
    assert hear(wire, 60, path=seen(worked=9.3, failed=35))


def test_a_look_that_found_the_path_dead_is_not_refuted_by_one_that_found_it_alive_again():
    wire = answering()
    hush(wire, 9)
    path = seen(worked=40, failed=20)
    assert not wire.refuted(Instant(60), path)
    assert hear(wire, 60, path=path)


def test_what_looks_found_before_the_silence_says_nothing_of_it():
    wire = answering()
    hush(wire, 9, seen(worked=6.9, failed=6.9))
    assert not wire.refuted(Instant(60), seen(worked=6.9))
    assert hear(wire, 60, path=seen(worked=6.9, failed=6.9))


def test_while_it_is_answered_there_is_hope():
    assert not Tripping().hopeless(Instant(60), NOTHING)
    assert not answering().hopeless(Instant(1e6), NOTHING)


def test_a_look_in_the_very_instant_of_the_silence_is_a_look_during_it():
    wire = answering()
    hush(wire, 9)
    assert wire.refuted(Instant(17), seen(worked=7))
    assert not wire.refuted(Instant(16.9), seen(worked=7))
    assert not wire.refuted(Instant(17), seen(worked=7, failed=7))
    assert hear(wire, 20, path=seen(failed=7))


def deaf_since(rung):
    """A false alarm: the silence that began then did not ring, and none does for an hour after ``rung``."""
    wire = answering()
    hush(wire, rung - 3)
    hear(wire, rung, path=seen(worked=rung - 4))
    return wire


def test_a_silence_is_only_hopeless_when_it_is_long_and_no_look_found_the_path_dead_in_it():
    wire = deaf_since(500)
    assert not hush(wire, 602)
    assert not wire.hopeless(Instant(659), NOTHING)
    assert wire.hopeless(Instant(660), NOTHING)
    assert wire.hopeless(Instant(660), seen(failed=599))
    assert not wire.hopeless(Instant(660), seen(failed=600))


def test_after_an_hour_to_the_second_silence_rings_again():
    assert not hush(deaf_since(500), 4099.9)
    assert hush(deaf_since(500), 4100)
