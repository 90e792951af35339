"""The budget of external calls in a healthy home, counted at the servers: real loop, probes and TLS, the waits skipped."""

import pytest

from cadence_exporter.demo.home import RECORD
from tests.bench.steady import HOUR_S, SETTLED_S, unhurried
from tests.bench.world import TlsHome, busiest_window

HOURS = 8.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("router", "tripwire", "most"),
    [(True, False, 4), (True, True, 4), (False, True, 6), (False, False, 21)],
    ids=["router answers NAT-PMP", "router and tripwire", "tripwire alone", "polling alone"],
)
def test_a_healthy_home_stays_within_its_calls(tmp_path, router, tripwire, most):
    with TlsHome(tmp_path) as home:
        home.cloudflare.add_by_hand(RECORD, "A", home.address, ttl=60, proxied=False)
        if not router:
            home.router.close()
        report, arrivals = unhurried(home, tmp_path / "run", HOURS, tripwire=tripwire)
    assert report["not_up"] == [1]
    calls = sorted(moment for times in arrivals.values() for moment in times if moment >= SETTLED_S)
    assert len(calls) > HOURS  # they were counted at all
    busiest = busiest_window(calls, HOUR_S)
    print(f"\n{busiest} calls in the busiest hour, {len(calls) / HOURS:.2f} on average")
    assert busiest <= most
    assert "cloudflare" not in arrivals  # the record is right: its provider is left in peace


def test_the_busiest_window_is_found():
    assert busiest_window([], 10) == 0
    assert busiest_window([0, 5, 9, 10, 30], 10) == 3
