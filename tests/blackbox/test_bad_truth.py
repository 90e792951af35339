"""Safety: what resolvers may say wrongly about the record. Rows of docs/SAFETY.md."""

import pytest

from cadence_exporter.demo.doh import DohMode
from cadence_exporter.demo.home import ADDRESS, RECORD
from tests.blackbox.instance import wait_for
from tests.blackbox.safety import (
    LIE,
    MOVED,
    WatchedHome,
    called,
    in_sync,
    running,
    wait_until_in_sync,
    wait_until_published,
)


@pytest.fixture
def home():
    """Its record exists, and is right."""
    with WatchedHome(ADDRESS) as home:
        yield home


def both(home, mode, wrong_address=LIE):
    for resolver in home.resolvers:
        resolver.mode, resolver.wrong_address = mode, wrong_address


def converged(instance):
    return instance.metric('cadence_dns_convergence_seconds_count{stage="visible"}') == 1


# What both resolvers do -> how their calls are counted.
ANSWERS = {
    "nxdomain": (DohMode.NXDOMAIN, "2xx"),
    "servfail": (DohMode.SERVFAIL, "2xx"),
    "silence": (DohMode.SILENCE, "error"),
    "garbage": (DohMode.GARBAGE, "2xx"),
    "html": (DohMode.HTML, "2xx"),
    "unavailable": (DohMode.UNAVAILABLE, "5xx"),
    "reset": (DohMode.RESET, "error"),
    "poisoned": (DohMode.WRONG, "2xx"),
}


@pytest.mark.parametrize(("mode", "code"), ANSWERS.values(), ids=ANSWERS)
def test_resolvers_that_do_not_show_a_right_record_lead_to_no_write(home, tmp_path, mode, code):
    """The provider is asked before anything is written; a change still goes out, once, and converges when they are well again."""
    both(home, mode)
    (before,) = (record["id"] for record in home.cloudflare.records if record["name"] == RECORD)
    with running(home, tmp_path) as instance:
        wait_until_in_sync(instance)
        assert called(instance, "doh", code) >= 2
        assert home.writes == []
        home.change_address(MOVED)
        wait_until_published(home, MOVED)
        assert not converged(instance)
        both(home, DohMode.NORMAL)
        wait_for(lambda: converged(instance), "visible")
        assert home.writes == [("PATCH", MOVED)]
        assert [record["id"] for record in home.cloudflare.records if record["name"] == RECORD] == [before]


def test_disagreeing_resolvers_lead_to_no_write(home, tmp_path):
    home.resolvers[0].mode, home.resolvers[0].wrong_address = DohMode.WRONG, LIE
    with running(home, tmp_path) as instance:
        wait_until_in_sync(instance)
        assert "resolvers disagree" in instance.output
        instance.wait_for_cycles(3)
        assert home.writes == []


def test_one_resolver_that_fails_does_not_bring_in_the_provider(home, tmp_path):
    home.resolvers[0].mode = DohMode.SERVFAIL
    with running(home, tmp_path) as instance:
        wait_until_in_sync(instance)
        assert home.cloudflare.requests == []


def test_resolvers_that_stay_behind_lead_to_one_write_and_no_more(home, tmp_path):
    with running(home, tmp_path) as instance:
        wait_until_in_sync(instance)
        both(home, DohMode.STALE)
        home.change_address(MOVED)
        wait_until_published(home, MOVED)
        lags = wait_for(lambda: [line for line in instance.log if line.get("status") == "LAGGING"], "a look")
        assert lags
        assert not converged(instance)
        instance.wait_for_cycles(3)
        assert home.writes == [("PATCH", MOVED)]
        both(home, DohMode.NORMAL)
        wait_for(lambda: converged(instance), "visible")
        assert home.writes == [("PATCH", MOVED)]


def test_one_resolver_that_says_already_right_does_not_stop_a_change(home, tmp_path):
    with running(home, tmp_path) as instance:
        wait_until_in_sync(instance)
        home.resolvers[0].mode, home.resolvers[0].wrong_address = DohMode.WRONG, MOVED
        home.change_address(MOVED)
        wait_until_published(home, MOVED)
        assert home.writes == [("PATCH", MOVED)]


def test_all_resolvers_saying_already_right_are_believed_no_longer_than_the_cache_lasts(home, tmp_path):
    """A limit: with every operator lying, nobody outside shows the record as it is. It costs time, never a wrong write."""
    with running(home, tmp_path, {"dns": {"cache_max_age": "1s"}}) as instance:
        wait_until_in_sync(instance)
        both(home, DohMode.WRONG, MOVED)
        home.change_address(MOVED)
        changed = 'cadence_public_ip_changes_total{family="ipv4"}'
        wait_for(lambda: instance.metric(changed) == 1 and in_sync(instance), "believed")
        assert home.published() == [ADDRESS]
        both(home, DohMode.NORMAL)
        wait_until_published(home, MOVED)
        assert home.writes == [("PATCH", MOVED)]
