"""Fleets: what is noted is what was called, rates are counted right, and what is random keeps homes apart."""

import sys
from collections import Counter
from dataclasses import replace

import pytest

from cadence_exporter.simulate.crew import SERVICE as ECHO_CALLS
from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.resolver import SERVICE as RESOLVER_CALLS
from cadence_exporter.simulate.world import RESOLVERS
from cadence_exporter.simulate.zone import SERVICE as PROVIDER
from tests.simulation import fleet
from tests.simulation.fleet import ANNOUNCED, ECHO, POWER, SILENT
from tests.simulation.fleet_home import FleetHome, Trace, begin_with_the_first, live, nothing_random
from tests.simulation.fleet_rates import SECONDS, Rates, Sample, busiest, percentile, typical
from tests.simulation.fleet_token import BLOCK_S, MOST_REQUESTS, Token, share

HOMES = range(30)


@pytest.mark.parametrize("story", [SILENT, ANNOUNCED, POWER], ids=lambda story: story.name)
def test_every_call_after_the_outage_is_noted_and_every_record_gets_right(story):
    home = FleetHome(story, 3)
    made = home.sim.world.calls_made
    before = {}
    home.sim.world.after(home.t0 - 1e-3, lambda: before.update(made))
    trace = home.run()
    noted = Counter(who for _, who in trace.calls)
    assert sum(noted[who] for who in ECHO) == made[ECHO_CALLS] - before[ECHO_CALLS]
    assert sum(noted[who] for who in RESOLVERS) == made[RESOLVER_CALLS] - before[RESOLVER_CALLS]
    assert noted[PROVIDER] == made[PROVIDER] == 3
    assert sum(noted.values()) == len(trace.calls)
    assert 0.0 < trace.right_s < 60.0
    assert trace.broken == 0


def test_what_goes_into_a_cut_line_reaches_nobody():
    spread = replace(SILENT, spread_s=300.0)
    first = [min(at for at, _ in trace.calls) for trace in live(spread, HOMES)]
    assert all(at >= 0.0 for at in first)
    assert max(first) - min(first) > 150.0


def test_rates_of_a_series_made_by_hand():
    series = [0.0] * 580 + [1.0] * 10 + [5.0] + [3.0] * 9
    rates = Rates.of(series)
    assert (rates.peak, rates.peak_10s, rates.calls) == (5.0, 3.2, 42.0)
    assert (rates.p50, rates.p95, rates.p99) == (0.0, 0.0, 3.0)
    assert [percentile([4, 1, 3, 2], part) for part in (0.25, 0.5, 0.51, 1.0)] == [1, 2, 3, 4]
    assert busiest([1, 0, 2, 2], 2) == 2.0


def test_a_fleet_is_its_homes_with_no_call_moved_in_time():
    quiet, loud = Trace([(0.5, "a")]), Trace([(0.2, "a"), (7.9, "b"), (SECONDS + 1.0, "b")])
    sample = Sample([quiet, loud])
    series = sample.series({0: 2, 1: 3})
    assert (series["a"][0], sum(series["a"])) == (5, 5)
    assert (series["b"][7], sum(series["b"])) == (3, 3)
    (drawn,) = sample.fleets(1_000, dice(1, "test"), 1)
    assert drawn["a"].peak == 1_000
    assert 450 < drawn["b"].peak < 550
    assert typical([drawn], ("a", "b")).peak == 1_000


def test_homes_that_start_together_share_out_the_echo_services_between_them():
    """Before, all asked the same service in the same second, several times over."""

    def worst(story):
        series = Sample(live(story, HOMES)).everyone()
        return max(max(series[who][10:]) for who in ECHO)

    assert worst(POWER) <= len(HOMES) * 0.3
    assert worst(replace(POWER, plant=begin_with_the_first)) >= len(HOMES) * 0.8


def test_chance_keeps_a_providers_busiest_second_below_everybody_at_once():
    def busiest_second(story):
        return max(Sample(live(story, HOMES)).everyone()[PROVIDER])

    assert busiest_second(replace(POWER, jitter_s=0.0, plant=nothing_random)) == 3 * len(HOMES)
    assert busiest_second(POWER) < 2.5 * len(HOMES)
    assert busiest_second(replace(POWER, spread_s=30.0)) < 0.5 * len(HOMES)


def test_the_token_is_blocked_for_five_minutes_by_one_request_too_many():
    token = Token()
    assert not any(token.refuses(number / 10) for number in range(MOST_REQUESTS))
    assert token.refuses(120.0)
    assert token.wait_s(120.5) == 300.0
    assert token.refuses(120.0 + BLOCK_S - 0.1)
    assert not token.refuses(120.0 + BLOCK_S)
    assert (token.passed, token.refused) == (MOST_REQUESTS + 1, 2)
    assert Token(says_how_long=False).wait_s(0.0) is None


def test_homes_that_share_a_token_all_get_right_and_wait_as_long_as_they_are_asked():
    alone = share(SILENT, HOMES, Token())
    assert (len(alone.right_s), alone.passed, alone.refused) == (30, 90, 0)
    short = share(SILENT, HOMES, Token(most=40))
    assert (len(short.right_s), short.broken) == (30, 0)
    assert short.right_s[-1] > 2 * BLOCK_S
    assert short.refused < 4 * len(HOMES)


def test_the_page_says_how_it_was_made(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    monkeypatch.setattr(fleet, "DRAWS", 2)
    monkeypatch.setattr(sys, "argv", ["fleet", "--homes", "4", "--most", "10", "--report", str(page)])
    assert fleet.main() == 0
    text = page.read_text()
    assert "python -m tests.simulation.fleet --homes 4 --most 10" in text
    assert f"| {SILENT.name} | 100,000 |" in text
    assert str(page) in capsys.readouterr().out
