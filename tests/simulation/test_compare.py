"""The comparison with simpler policies: one weather for all, a judge that sees what happens, and a page of figures."""

import sys

import pytest

from cadence_exporter.model.address import Family
from cadence_exporter.simulate.home import PLAIN, VPN
from cadence_exporter.simulate.run import DAY_S
from cadence_exporter.simulate.services import Lies
from cadence_exporter.simulate.world import World
from tests.simulation import compare
from tests.simulation.compare import BAD_SERVICES, CONTESTANTS, play
from tests.simulation.judge import Judge, Marks, common
from tests.simulation.pollers import FIRST_ECHO_WINS, FIVE_MINUTES, PollerAtHome

DAYS = 4.0
OURS = [each for each in CONTESTANTS if each.poller is None]
SIMPLE = [each for each in CONTESTANTS if each.poller is not None]


@pytest.fixture
def home():
    """One hour; a new address after half of it."""
    world = World(PLAIN, 1, 3600.0)
    judge = Judge(world, 3600.0)
    before = world.line.leased[Family.IPV4]
    world.zone.by_hand(VPN.key, (str(before),))
    world.after(1800.0, lambda: world.line.lease(Family.IPV4, before + 1))
    return world, judge, before


def test_all_policies_live_through_the_same_weather():
    leases = []
    for contestant in CONTESTANTS:
        history = play(contestant, 5, DAYS, BAD_SERVICES)[1].line.history
        leases.append([(true, addresses) for _, true, addresses in history if true < DAYS * DAY_S])
    assert len(leases[0]) > DAYS
    assert all(each == leases[0] for each in leases)


def test_where_services_lie_ours_never_writes_a_wrong_address_and_the_simple_policies_do():
    wrong = {each.name: compare.compete(each, 1, 3, DAYS, BAD_SERVICES).wrong for each in CONTESTANTS}
    assert [wrong[each.name] for each in OURS] == [0] * len(OURS)
    assert all(wrong[each.name] > 0 for each in SIMPLE)


def test_a_delay_is_counted_from_the_new_address_until_the_provider_holds_it(home):
    world, judge, _ = home
    PollerAtHome(FIVE_MINUTES, world, judge.noticed.append).run(3600.0)
    marks = judge.marks()
    assert (marks.changes, marks.overtaken, marks.wrong, marks.writes) == (1, 0, 0, 1)
    assert marks.delays_s == [pytest.approx(marks.astray_s)]
    assert marks.astray_s < 301.0


def test_seconds_without_a_usable_line_are_nobodys_delay(home):
    world, judge, _ = home
    world.after(1700.0, lambda: world.line.cuts.add("cut"))
    world.after(2500.0, lambda: world.line.cuts.lift("cut"))
    PollerAtHome(FIRST_ECHO_WINS, world, judge.noticed.append).run(3600.0)
    marks = judge.marks()
    assert marks.delays_s[0] < 181.0
    assert (marks.outages, marks.unseen) == (1, 0)


def test_the_judge_sees_a_lie_published_and_a_change_that_never_arrived(home):
    world, judge, before = home
    lie = Lies(lambda _family: before + 9)
    world.after(1000.0, lambda: world.echo[0].lies.add(lie))
    world.after(2900.0, lambda: world.line.lease(Family.IPV4, before + 2))
    PollerAtHome(FIVE_MINUTES, world, judge.noticed.append).run(3600.0)
    marks = judge.marks()
    assert (marks.wrong, marks.outdated, marks.changes, marks.overtaken) == (1, 0, 2, 1)
    assert marks.foreign_s == pytest.approx(marks.astray_s)
    assert marks.foreign_s > 2000.0


def test_a_short_outage_between_two_looks_goes_unseen(home):
    world, judge, _ = home
    world.after(310.0, lambda: world.line.cuts.add("cut"))
    world.after(400.0, lambda: world.line.cuts.lift("cut"))
    PollerAtHome(FIVE_MINUTES, world, judge.noticed.append).run(3600.0)
    marks = judge.marks()
    assert (marks.outages, marks.unseen, marks.unseen_minute) == (1, 1, 1)


def test_common_time():
    spans = [(0.0, 10.0), (20.0, 30.0)]
    assert common((5.0, 25.0), spans) == 10.0
    assert common((12.0, 15.0), spans) == 0.0
    assert Marks().delays_s == []


def test_the_page_says_seeds_days_and_command(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    monkeypatch.setattr(sys, "argv", ["compare", "--days", "1", "--seeds", "1", "--report", str(page)])
    assert compare.main() == 0
    text = page.read_text()
    assert "python -m tests.simulation.compare --days 1 --seeds 1" in text
    assert text.count("| first echo wins") == 2
    assert "seeds 1 to 1" in text
    assert str(page) in capsys.readouterr().out
