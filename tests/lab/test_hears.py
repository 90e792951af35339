"""A change on the line is noticed by whoever can hear it; forged ones are not, and the deaf still poll."""

import socket
import subprocess

import pytest

from tests.blackbox.instance import wait_for
from tests.lab import places
from tests.lab.flood import Flood

pytestmark = pytest.mark.lab

SOON_S = 45.0
"""Far below the 180 seconds of the poll: whatever comes within this was heard. How soon exactly is measured, not tested."""
ONLY = {
    "natpmp_announcements": {"router": {"watch": "off", "upnp": False}, "wan": {"tripwire": "off"}},
    "router_watch": {"router": {"upnp": False}, "wan": {"tripwire": "off"}},
    "upnp": {"router": {"natpmp": False}, "wan": {"tripwire": "off"}},
    "tripwire": {"router": {"natpmp": False, "upnp": False}},
}
"""The settings that leave one of them, beside those that listen to this host's own kernel."""


def up(product, listener):
    return product.metric(f'cadence_listener_up{{listener="{listener}"}}')


def heard(product, source):
    """How many of the forged packets the listener took for the router's, or saw to be somebody else's."""
    name = "natpmp_announcements"
    theirs = f'cadence_listener_ignored_total{{listener="{name}",reason="wrong_sender"}}'
    return product.metric(theirs if source == places.GUEST else f'cadence_listener_rings_total{{listener="{name}"}}')


def published(lab, address, product, patience_s=SOON_S):
    wait_for(lambda: lab.internet.published() == [address], lambda: product.output[-3000:], patience_s)


@pytest.mark.parametrize("listener", ONLY)
def test_each_of_them_alone_hears_a_change(lab, listener):
    with lab.product(ONLY[listener]) as product:
        product.wait_until_up()
        wait_for(lambda: up(product, listener) == 1, lambda: product.output[-3000:])
        new = lab.renumber().address
        published(lab, new, product)
        product.wait_until_up()
        assert product.metric(f'cadence_listener_rings_total{{listener="{listener}"}}') >= 1
        assert [write.content for write in lab.internet.writes] == [new]


def test_a_router_that_starts_anew_is_no_outage_and_is_heard_again(lab):
    with lab.product({"wan": {"tripwire": "off"}}) as product:
        product.wait_until_up()
        wait_for(lambda: up(product, "upnp") == 1, lambda: product.output[-3000:])
        lab.line.announces(wanted=False)
        wait_for(lambda: up(product, "router_watch") == 0, lambda: product.output[-3000:], SOON_S)
        assert product.state() == "UP"
        lab.line.announces(wanted=True)
        published(lab, lab.renumber().address, product)


@pytest.mark.parametrize("source", [places.GUEST, places.GATEWAY], ids=["a guest", "the gateway's own address"])
def test_a_flood_of_forged_announcements_changes_nothing(lab, source):
    with lab.product() as product:
        product.wait_until_up()
        calls, cycles = sum(lab.internet.calls().values()), product.cycles()
        flood = Flood(lab.box, source, 1000)
        with flood.running():
            wait_for(lambda: flood.sent > 5000, "five thousand packets")
            assert product.get("/-/healthy")[0] == 200
        assert heard(product, source) >= 1
        assert lab.internet.writes == []
        assert product.state() == "UP"
        assert product.cycles() - cycles <= 6  # hints are two seconds apart
        assert sum(lab.internet.calls().values()) - calls <= 6 * 5
        published(lab, lab.renumber().address, product)  # it still hears


def test_whoever_cannot_hear_is_shown_and_the_poll_goes_on(lab):
    lab.line.announces(wanted=False)
    with lab.box.inside("home"), socket.socket(type=socket.SOCK_DGRAM) as taken, lab.outage("stun"):
        taken.bind(("", 5350))  # without SO_REUSEADDR: nobody else can listen there
        with lab.product({"loop": {"interval": "10s", "probe_timeout": "4s"}}) as product:
            product.wait_until_up()
            for listener in ("natpmp_announcements", "router_watch", "upnp", "tripwire"):
                wait_for(lambda: up(product, listener) == 0, lambda: product.output[-3000:])  # noqa: B023 - called at once
            published(lab, lab.renumber().address, product, 90.0)


def test_sockets_killed_under_the_listeners_are_opened_again(lab):
    with lab.product() as product:
        product.wait_until_up()
        wait_for(lambda: up(product, "tripwire") == 1, lambda: product.output[-3000:])
        with lab.box.inside("home"):
            subprocess.run(["ss", "--kill", "--udp", "--all"], check=True, capture_output=True)
        wait_for(lambda: "connection abort" in product.output, lambda: product.output[-3000:])
        wait_for(lambda: up(product, "natpmp_announcements") == 1, lambda: product.output[-3000:], SOON_S)
        published(lab, lab.renumber().address, product)
