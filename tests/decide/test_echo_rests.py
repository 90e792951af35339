"""Echo services that fail are asked less and less, and never so few that a quorum could not be had."""

import pytest

from cadence_exporter.decide.echo_rests import NONE, PATIENCE, after, resting
from cadence_exporter.model.address import Family
from cadence_exporter.model.memory import Rest
from tests.decide.cases import at

V4, V6 = Family.IPV4, Family.IPV6
URLS = ("https://a.example", "https://b.example.net", "https://c.example.org", "https://d.example.edu")
A, B, C, D = URLS


def looked(rests, seconds, *, path_works=True, draw=0.0, **answers):
    asked = {(V4, {"a": A, "b": B, "c": C, "d": D}[name]): answered for name, answered in answers.items()}
    return after(rests, asked, draw, at(seconds), path_works=path_works)


def failed(times, seconds=0.0, draw=0.0):
    rests = NONE
    for _ in range(times):
        rests = looked(rests, seconds, a=False, b=True, draw=draw)
    return rests


@pytest.mark.parametrize(
    ("times", "rest_s"),
    [
        (1, 0),
        (2, 0),
        (3, 30),
        (4, 60),
        (7, 480),
        (8, 900),
        (99, 900),
    ],
)
def test_each_failure_in_a_row_doubles_the_rest(times, rest_s):
    assert failed(times)[V4, A] == Rest(times, rest_s)


def test_a_rest_is_spread_and_never_shorter():
    assert failed(PATIENCE, draw=0.999)[V4, A].until == pytest.approx(30 * (1 + 0.25 * 0.999))


def test_one_answer_ends_it_all():
    assert looked(failed(9), 1000, a=True, b=True) is NONE


def test_who_was_not_asked_stays_as_he_is():
    rests = failed(9)
    assert looked(rests, 10, b=True) == rests
    assert after(rests, {}, 0.0, at(10), path_works=True) is rests


def test_a_dead_path_forgives_everyone():
    assert looked(failed(9), 1000, path_works=False, a=False, b=False) is NONE


def test_when_one_answers_after_all_that_were_asked_had_failed_everybody_is_asked_again():
    rests = NONE
    for _ in range(5):
        rests = looked(rests, 0, a=False, b=False, c=False, d=False)
    assert len(resting(rests, V4, URLS, 2, at(1).instant)) == 2
    assert looked(rests, 1, a=True, b=False).keys() == {(V4, B)}
    assert looked(rests, 1, a=True, b=False)[V4, B].failures == 1


def test_a_service_rests_until_its_time_is_over():
    rests = failed(PATIENCE)
    assert resting(rests, V4, URLS, 2, at(29).instant) == {A}
    assert resting(rests, V4, URLS, 2, at(30).instant) == frozenset()
    assert resting(rests, V6, URLS, 2, at(29).instant) == frozenset()
    assert resting(NONE, V4, URLS, 2, at(29).instant) == frozenset()


def test_a_quorum_of_operators_can_always_be_asked_those_first_whose_rest_is_over_soonest():
    rests = {(V4, url): Rest(9, at(100.0 + n).instant) for n, url in enumerate(URLS)}
    assert resting(rests, V4, URLS, 2, at(0).instant) == {C, D}
    assert resting(rests, V4, URLS, 3, at(0).instant) == {D}
    one_operator = ("https://x.ipify.org", "https://y.ipify.org", A)
    rests = {(V4, url): Rest(9, at(100.0 + n).instant) for n, url in enumerate(one_operator)}
    assert resting(rests, V4, one_operator, 2, at(0).instant) == frozenset()
