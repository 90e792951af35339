"""The page without a browser: what it shows, and that no text from outside becomes markup."""

from html.parser import HTMLParser

import pytest

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.record.state.timeline import Condition, Summary
from cadence_exporter.record.web.page import render
from cadence_exporter.record.web.past import FAILED_S, Past
from cadence_exporter.record.web.power_rows import power_rows
from cadence_exporter.record.web.strips import in_words
from tests.page.scene import HOSTILE, Home, month, wall
from tests.record.web.web_world import HandClock, make_cycle


def page(home):
    return render(home.board.as_dict(), home.board.shown()).body.decode()


class Seen(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.tags, self.names, self.text = [], set(), ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.names |= {name for name, _ in attributes}

    def handle_data(self, data):
        self.text += data


def strings(value, path=""):
    """Every place in a document where a text stands."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from strings(each, f"{path}.{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from strings(each, f"{path}.{number}")
    elif isinstance(value, str):
        yield path


def hostile(value):
    """The document with every text in it written by an enemy; names of keys are ours."""
    if isinstance(value, dict):
        return {key: hostile(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [hostile(each) for each in value]
    return HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("home", [Home().healthy(), Home().down(), Home().down(HOSTILE)], ids=["up", "down", "hostile"])
def test_with_an_enemys_text_in_every_field_the_page_has_the_same_tags(home):
    document = home.board.as_dict()
    assert len(list(strings(document))) > 60
    shown = home.board.shown()
    before, after = (Seen(render(each, shown).body.decode()) for each in (document, hostile(document)))
    assert set(after.tags) <= set(before.tags)
    assert "img" not in after.tags
    assert after.tags.count("script") == 1
    assert not {name for name in after.names if name.startswith("on")}
    assert after.text.count("<script>alert('pwned')</script>") > 30


def test_an_enemy_in_the_history_is_text_too():
    home = Home().down(HOSTILE)
    assert "<img" not in page(home)


def test_what_people_look_for_is_there():
    text = Seen(page(Home().healthy())).text
    for words in (
        "UP", "for 6 h 11 min", "Last 24 hours", "up 99.72 % of the time", "2 outages, the longest 3 min 18 s", "Last 30 days",
        "not watched", "vpn.example.com", "in sync", "verified 4 min 10 s ago of 1 h", "published after 8 s, seen by resolvers after 14 s",
        "open: the router itself", "shelly, may act", "the connection is not DOWN, but UP", "1 in 24 hours, 3 left", "ip_echo 3 of 60",
        "router watch, rang 2", "the router does not answer", "sheets, 3 waiting", "HTTP 429", "outage over after 35 s (access)",
        "NET_HEALTH", "Metrics", "99.89% found it UP: 12466 of 12480 since the first",
    ):  # fmt: skip
        assert words in text, words


def test_an_outage_is_told_at_the_top_with_where_it_broke():
    text = Seen(page(Home().down())).text
    assert text.index("Outage for 11 min") < text.index("History")
    assert "isp (the trace ends two hops behind the router). The last hop that answers is 81.2.69.1." in text
    assert "nobody reaches this home from outside" in text
    assert "the fault lies elsewhere: isp" in text
    assert "left alone: two records of that name" in text


def test_before_the_first_cycle_there_is_a_page_too():
    text = Seen(page(Home())).text
    assert "The first cycle is under way." in text
    assert "nothing known yet" in text


def test_a_page_stays_small_and_quick():
    assert len(page(Home().healthy())) < 30_000


def test_older_events_open_on_demand():
    home = Home().healthy()
    for number in range(20):
        home.board.record(
            make_cycle(at=home.clock.seconds, why=str(number), outage_began="lan" if number % 2 else "wan")
        )
    assert "15 earlier" in Seen(page(home)).text


class Store:
    """A store that counts how often it is read."""

    def __init__(self):
        self.reads = 0
        self.broken = False

    def read(self, _):
        self.reads += 1
        if self.broken:
            raise StateUnavailable("the disk is gone <b>")
        return month()


def test_the_store_is_read_once_a_cycle_however_many_look():
    store, clock = Store(), HandClock()
    past = Past(store.read, clock)
    cycle = make_cycle()
    for _ in range(5):
        past.view(cycle)
    assert store.reads == 1


def test_a_store_that_cannot_be_read_costs_the_strips_only_and_is_asked_again_later():
    home, store = Home().healthy(), Store()
    store.broken = True
    home.board.past = Past(store.read, home.clock)
    for _ in range(5):
        assert "the disk is gone &lt;b&gt;" in page(home)
    assert store.reads == 1
    store.broken = False
    home.clock.seconds += FAILED_S
    assert "Last 30 days" in page(home)


def test_somebody_watched_until_now():
    clock = HandClock()
    clock.seconds = Home().clock.seconds + 500
    past = Past(lambda _: month(), clock)
    assert past.view(make_cycle()).watched[-1].ended == clock.wall()


def test_after_a_restart_the_events_before_it_are_still_told():
    home = Home()
    home.board.go_on_from(Past(lambda _: month(), home.clock))
    told = [(event["kind"], event["text"]) for event in home.board.as_dict()["events"]]
    assert told[:4] == [
        ("transition", "DEGRADED → UP: confirmed"),
        ("outage", "outage over after 35 s (access)"),
        ("transition", "DOWN → DEGRADED: the WAN path works"),
        ("transition", "UP → DOWN: access"),
    ]
    assert ("power", "power off for 30 s: success, its timer turns it on") in told
    assert ("address", "public address 93.184.216.34 → 81.2.69.142") in told
    assert ("dns", "vpn.example.com A written: 93.184.216.34 → 81.2.69.142") in told
    home.board.record(make_cycle(at=home.clock.seconds, outage_began="lan"))
    assert home.board.as_dict()["events"][0]["text"] == "outage began (lan)"


def test_a_store_that_cannot_be_read_at_the_start_is_no_reason_not_to_start():
    home, store = Home(), Store()
    store.broken = True
    home.board.go_on_from(Past(store.read, home.clock))
    assert home.board.as_dict()["events"] == []


def stuck(late):
    """A home whose next look is ``late`` seconds overdue."""
    home = Home().healthy()
    home.clock.seconds = home.board.last_cycle.decision.next_look + late
    return home


@pytest.mark.parametrize("late", [0.0, 70.0])
def test_a_loop_that_is_merely_late_is_no_news_and_watches(late):
    home = stuck(late)
    assert home.board.as_dict()["health"]["healthy"] is True
    assert "stuck" not in page(home)
    assert home.board.shown().view.watched[-1].ended == home.clock.wall()


def test_a_loop_that_stands_still_is_said_on_top_and_nobody_watched_since():
    home = stuck(3600.0)
    health = home.board.as_dict()["health"]
    assert health == dict(zip(("healthy", "why"), home.board.health(), strict=True))
    assert health["healthy"] is False
    text = Seen(page(home)).text
    assert f"Cadence is {health['why']}" in text
    assert "overdue" in text
    assert 'class="state unknown"' in page(home)
    assert text.index("stuck") < text.index("History")
    assert home.board.shown().view.watched[-1].ended == wall(10)
    assert home.board.history().watched == home.board.shown().view.watched
    assert "1 h 2 min not watched" in text


def test_nothing_is_claimed_of_a_time_whose_cycles_never_came_to_the_disk():
    """A store that cannot be written for hours knows of no outage in them."""
    home = Home().healthy()
    home.clock.seconds += 7200
    home.board.record(make_cycle(at=home.clock.seconds))
    assert home.board.health()[0]
    assert home.board.shown().view.watched[-1].ended == wall(10)


def test_a_request_is_told_in_words_and_not_by_its_name_in_the_document():
    home = Home().healthy()
    home.board.last_request = lambda: {
        "ask": "maintenance_on",
        "at": None,
        "done": None,
        "answer": "maintenance for 2 h",
    }
    assert "maintenance on: maintenance for 2 h" in Seen(page(home)).text
    rows = dict(power_rows(home.board.as_dict()["power"]))
    assert rows["last request"] == "maintenance on: maintenance for 2 h"
    assert home.board.as_dict()["power"]["last_request"]["ask"] == "maintenance_on"


def test_each_objection_to_a_bounce_has_a_line_of_its_own():
    power = {**Home().healthy().board.as_dict()["power"], "device": "kasa", "would_act": False}
    told = [{"reason": "escalation", "detail": "DOWN for 1 s"}, {"reason": "device", "detail": "install python-kasa"}]
    rows = list(power_rows({**power, "objections": told}))
    assert rows[:2] == [("recovery", "by kasa; would not act now: DOWN for 1 s"), ("", "install python-kasa")]
    before_the_first_look = list(power_rows({**power, "objections": []}))
    assert before_the_first_look[0] == ("recovery", "by kasa; would not act now: nothing was looked at yet")


@pytest.mark.parametrize(("down_s", "words"), [(60.0, "no outage: it was not up before"), (0.0, "no outage")])
def test_a_home_that_was_never_up_is_not_called_without_trouble(down_s, words):
    seconds = {Condition.UP: 0.0, Condition.DEGRADED: 40.0, Condition.DOWN: down_s, Condition.UNKNOWN: 0.0}
    assert in_words(Summary(seconds, 0, 0.0)) == f"up 0.00 % of the time · {words}"
