"""Netlink and announcements for real: a home and a router in network namespaces of the test's own."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.servers.network import beside_a_router, needs

DRIVER = Path(__file__).with_name("namespace_driver.py")

pytestmark = needs()


def seen(scenario: str) -> dict[str, Any]:
    done = beside_a_router('"$@"', sys.executable, str(DRIVER), scenario)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_what_changes_the_way_to_the_router_rings_once_and_what_only_refreshes_does_not() -> None:
    assert seen("netlink") == {
        "the router's hardware address is learned": 0,
        "refreshed neighbours": 0,
        "containers": 0,
        "odds and ends": 0,
        "another router under the same address": 1,
        "an address more": 1,
        "an address less": 1,
        "another default route": 1,
        "no default route": 1,
        "the cable is out": 1,
        "and in again": 1,
        "all": 8,
    }


def test_news_that_were_lost_ring_once_and_are_read_anew() -> None:
    assert seen("overrun") == {"after the overrun": 2, "in the end": 3, "up": 1}


def test_only_the_router_of_the_moment_is_heard_a_burst_rings_twice_and_a_flood_a_few_times() -> None:
    heard = seen("announcements")
    assert heard.pop("apart") in {1.8, 1.9, 2.0, 2.1}
    assert heard == {
        "a burst": ["announcement", "announcement"],
        "soon": True,
        "forged and broken": 0,
        "ignored": {"wrong_sender": 100, "malformed": 12},
        "the router of the moment": True,
        "a flood": True,
    }


def test_no_privilege_is_needed() -> None:
    assert seen("unprivileged") == {"natpmp_announcements": True, "netlink": True}
