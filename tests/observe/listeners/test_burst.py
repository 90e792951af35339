"""One ring after a burst, a second one a little later, and a few in a flood."""

from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.model.instants import Instant
from cadence_exporter.observe.listeners.burst import LONGEST_S, QUIET_S, STOP_CHECK_S, Burst


def rings_of(burst: Burst, news: list[float], until: float) -> list[float]:
    """When it rings, on a clock that moves by what it is patient for."""
    now, rings, left = 0.0, [], sorted(news)
    while now < until:
        wake = now + burst.patience_s(Instant(now))
        if left and left[0] <= wake:
            now = left.pop(0)
            burst.news(Instant(now))
        else:
            now = wake
        while burst.rings(Instant(now)):
            rings.append(round(now, 3))
    return rings


def test_without_news_it_never_rings() -> None:
    assert rings_of(Burst(again_s=2.0), [], 100.0) == []


def test_a_burst_rings_after_its_end_and_once_more() -> None:
    assert rings_of(Burst(again_s=2.0), [1.0, 1.003, 1.05], 100.0) == [1.15, 3.05]
    assert rings_of(Burst(), [1.0, 1.003, 1.05], 100.0) == [1.15]


def test_the_later_announcement_rings_again() -> None:
    assert rings_of(Burst(again_s=2.0), [1.0, 1.5], 100.0) == [1.1, 1.6, 3.5]


@given(st.lists(st.floats(0.0, 60.0), min_size=1, max_size=200))
def test_news_are_never_held_back_longer_than_the_longest_nor_rung_more_often_than_the_quiet(news: list[float]) -> None:
    rings = rings_of(Burst(again_s=2.0), news, 70.0)
    for each in news:
        assert any(-0.002 <= ring - each <= LONGEST_S + 0.002 for ring in rings)
    assert len(rings) <= 2 * len(news)


def test_a_flood_rings_three_times_a_second() -> None:
    rings = rings_of(Burst(again_s=2.0), [n / 1000 for n in range(10_000)], 20.0)
    assert 0.9 * 10 / LONGEST_S <= len(rings) <= 10 / LONGEST_S + 2


@given(st.lists(st.floats(0.0, 5.0), max_size=5), st.floats(0.0, 20.0))
def test_patience_is_above_zero_and_never_keeps_a_stop_waiting(news: list[float], now: float) -> None:
    burst = Burst(again_s=2.0)
    for each in sorted(news):
        burst.news(Instant(each))
    assert 0 < burst.patience_s(Instant(now)) <= STOP_CHECK_S
    assert QUIET_S < LONGEST_S < STOP_CHECK_S
