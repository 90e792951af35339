import threading
from ipaddress import ip_address
from itertools import islice

import pytest

from cadence_exporter.demo.doh import DohMode
from cadence_exporter.demo.home import RECORD, Home
from cadence_exporter.demo.story import Event, Story, events, opening, variations
from cadence_exporter.model.ranges import special_range


def is_well(home: Home) -> bool:
    honest = all(echo._lie is None for echo in home.echoes)
    normal = all(resolver.mode is DohMode.NORMAL for resolver in home.resolvers)
    return home.online and honest and normal and special_range(ip_address(home.address)) is None


def test_the_opening_fits_into_a_minute_and_shows_a_change_a_liar_and_an_outage() -> None:
    assert sum(event.after_s for event in opening()) < 55
    told = " ".join(event.tell for event in opening())
    assert all(word in told for word in ("new address", "lie", "dead"))


@pytest.mark.parametrize("part", [opening(), *variations()])
def test_each_part_leaves_the_home_well(part: tuple[Event, ...]) -> None:
    with Home(plug=True) as home:
        home.cloudflare.add_by_hand(RECORD, "A", home.address)
        for event in part:
            event.act(home)
        assert is_well(home)


def test_somebody_asks_for_a_bounce_once_a_round() -> None:
    asked = []
    with Home(plug=True) as home:
        home.ask_for_bounce = lambda: asked.append(home.online)
        for event in islice(events(), len(opening()) + sum(map(len, variations()))):
            event.act(home)
    assert asked == [False]


def test_variations_are_told_what_they_do() -> None:
    with Home() as home:
        for event in islice(events(), len(opening()) + sum(map(len, variations()))):
            before = home.address
            event.act(home)
            assert home.address == before or home.address in event.tell


def test_the_story_is_told_in_order_and_ends_when_it_is_closed() -> None:
    told: list[str] = []
    enough = threading.Event()

    def tell(text: str) -> None:
        told.append(text)
        if len(told) > len(opening()):
            enough.set()

    with Home() as home, Story(home, 10_000, tell) as story:
        story.start()
        assert enough.wait(10)
    assert told[: len(opening())] == [event.tell for event in opening()]
    assert not story._thread.is_alive()
