"""Safety: what the DNS provider, the people at its dashboard and a restless line may do. Rows of docs/SAFETY.md."""

import json
import math
import signal
import time

import pytest

from cadence_exporter.demo.cloudflare_faults import (
    WRITES,
    Fault,
    html,
    lost_answer,
    reset,
    silence,
    slow,
    throttled_with_200,
    too_many_requests,
)
from cadence_exporter.demo.home import ADDRESS, RECORD, ZONE_ID
from cadence_exporter.demo.http_service import Reply
from cadence_exporter.demo.tcp_port import PortMode
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
    wait_until_suppressed,
)

REFUSAL = {"success": False, "errors": [{"code": 1000, "message": "no"}], "messages": [], "result": []}


def not_a_success():
    """Status 200, and a body that says the opposite, with what looks like an empty list."""
    return Fault(Reply(200, json.dumps(REFUSAL).encode(), "application/json"))


def empty_success():
    """Success, with nothing where the result should be."""
    return Fault(Reply(200, b'{"success":true,"errors":[],"messages":[],"result":null}', "application/json"))


@pytest.fixture
def home():
    """No record yet."""
    with WatchedHome() as home:
        yield home


@pytest.fixture
def settled():
    """The record exists, and is right."""
    with WatchedHome(ADDRESS) as home:
        yield home


def requests(home, *methods):
    """The provider's requests of these methods; all of them without any."""
    return [each for each in home.cloudflare.requests if not methods or each.method in methods]


# -- answers that are none ------------------------------------------------------------------------------------------

# How every request to the provider ends for a while -> how that is counted.
ANSWERS = {
    "html_502": (html(502), "5xx"),
    "html_200": (html(200), "2xx"),
    "success_false": (not_a_success(), "2xx"),
    "success_without_result": (empty_success(), "2xx"),
    "reset": (reset(), "error"),
    "silence": (silence(), "error"),
}


@pytest.mark.parametrize(("fault", "code"), ANSWERS.values(), ids=ANSWERS)
def test_a_broken_provider_is_waited_for_and_written_to_once(home, tmp_path, fault, code):
    """Above all an answer that cannot be read is not taken for "there is no such record"."""
    home.cloudflare.persistent_fault = fault
    with running(home, tmp_path) as instance:
        wait_until_suppressed(instance, "backoff")
        assert called(instance, "cloudflare", code) >= 1
        assert requests(home, *WRITES) == []
        assert instance.state() == "UP"
        assert not in_sync(instance)
        home.cloudflare.persistent_fault = None
        wait_until_published(home)
        wait_until_in_sync(instance)
        assert home.writes == [("POST", ADDRESS)]


@pytest.mark.parametrize("fault", [not_a_success(), html(500)], ids=["success_false", "html_500"])
def test_a_failed_write_is_never_taken_for_done(settled, tmp_path, fault):
    with running(settled, tmp_path) as instance:
        wait_until_in_sync(instance)
        settled.cloudflare.inject(fault.on(*WRITES))
        settled.change_address(MOVED)
        failed = 'cadence_dns_mutations_total{operation="update",result="error"}'
        wait_for(lambda: instance.metric(failed) == 1, "the failure")
        assert not in_sync(instance)
        assert settled.published() == [ADDRESS]
        wait_until_published(settled, MOVED)
        assert settled.writes == [("PATCH", MOVED)]


def test_retry_after_is_kept_to(home, tmp_path):
    home.cloudflare.inject(too_many_requests(6))
    with running(home, tmp_path) as instance:
        wait_for(lambda: requests(home), "the first request")
        asked = time.monotonic()
        wait_until_suppressed(instance, "backoff")
        assert called(instance, "cloudflare", "429") == 1
        wait_until_published(home)
        assert time.monotonic() - asked >= 5.9
        assert home.writes == [("POST", ADDRESS)]


@pytest.mark.parametrize(
    "fault", [too_many_requests(30), throttled_with_200()], ids=["status_429", "code_971_with_200"]
)
def test_a_storm_of_refusals_is_not_answered_by_one_of_requests(home, tmp_path, fault):
    home.cloudflare.persistent_fault = fault
    with running(home, tmp_path) as instance:
        wait_until_suppressed(instance, "backoff")
        home.change_address(MOVED)
        instance.wait_for_cycles(4)
        assert len(requests(home)) == 1
        assert instance.get("/-/healthy")[0] == 200


# -- the token ------------------------------------------------------------------------------------------------------


def test_a_token_revoked_in_between_stops_writes_until_it_is_restored(settled, tmp_path):
    with running(settled, tmp_path) as instance:
        wait_until_in_sync(instance)
        settled.cloudflare.revoked = True
        settled.change_address(MOVED)
        wait_until_suppressed(instance, "backoff")
        assert called(instance, "cloudflare", "4xx") >= 1
        assert instance.state() == "UP"
        settled.cloudflare.revoked = False
        wait_until_published(settled, MOVED)
        wait_until_in_sync(instance)
        assert settled.writes == [("PATCH", MOVED)]


def test_a_token_that_was_never_valid_is_said_and_not_repeated_in_the_log(home, tmp_path):
    token = "a-wrong-and-secret-token"
    cloudflare = {"cloudflare": {"api_token": token, "base_url": home.cloudflare.base_url}}
    with running(home, tmp_path, {"providers": cloudflare}) as instance:
        wait_until_suppressed(instance, "backoff")
        assert "the API token is not valid" in instance.output
        assert token not in instance.output
        assert home.writes == []


# -- hands at the dashboard -----------------------------------------------------------------------------------------

SHORT_CACHE = {"dns": {"cache_max_age": "1s"}}


def test_a_record_deleted_by_hand_is_made_again_exactly_once(settled, tmp_path):
    with running(settled, tmp_path, SHORT_CACHE) as instance:
        wait_until_in_sync(instance)
        settled.remove_record()
        wait_until_published(settled)
        wait_until_in_sync(instance)
        instance.wait_for_cycles(4)
        assert settled.writes == [("POST", ADDRESS)]


def test_a_record_changed_by_hand_is_put_right_exactly_once(settled, tmp_path):
    with running(settled, tmp_path, SHORT_CACHE) as instance:
        wait_until_in_sync(instance)
        settled.cloudflare.edit_by_hand(RECORD, "A", content=LIE)
        wait_until_published(settled)
        instance.wait_for_cycles(4)
        assert settled.writes == [("PATCH", ADDRESS)]


def test_duplicates_are_refused_and_left_as_they_are(settled, tmp_path):
    settled.cloudflare.add_by_hand(RECORD, "A", LIE)
    with running(settled, tmp_path) as instance:
        wait_until_suppressed(instance, "conflict")
        assert "2 A records" in instance.output
        assert settled.published() == [ADDRESS, LIE]
    settled.remove_record()
    settled.cloudflare.add_by_hand(RECORD, "A", LIE)
    with running(settled, tmp_path) as instance:
        wait_until_published(settled)
        assert settled.writes == [("PATCH", ADDRESS)]


def test_a_duplicate_that_appears_in_between_is_refused_too(settled, tmp_path):
    with running(settled, tmp_path) as instance:
        wait_until_in_sync(instance)
        settled.cloudflare.add_by_hand(RECORD, "A", LIE)
        settled.change_address(MOVED)
        wait_until_suppressed(instance, "conflict")
        assert settled.published() == [ADDRESS, LIE]
        assert settled.writes == []


def test_a_cname_in_the_way_is_refused(home, tmp_path):
    home.cloudflare.add_by_hand(RECORD, "CNAME", "elsewhere.example")
    with running(home, tmp_path) as instance:
        wait_until_suppressed(instance, "conflict")
        assert "CNAME" in instance.output
        assert requests(home, *WRITES) == []
    home.cloudflare.remove_by_hand(RECORD, "CNAME")
    with running(home, tmp_path):
        wait_until_published(home)


def test_a_name_in_no_zone_of_the_token_is_refused(home, tmp_path):
    records = [{"name": "vpn.elsewhere.example", "provider": "cloudflare"}]
    with running(home, tmp_path, {"dns": {"records": records}}) as instance:
        wait_until_suppressed(instance, "conflict")
        assert "no zone of vpn.elsewhere.example" in instance.output
        assert requests(home, *WRITES) == []


def test_a_name_outside_the_zone_given_is_refused(home, tmp_path):
    """Cloudflare would create it below the zone, under a name nobody asked for."""
    records = [{"name": "vpn.elsewhere.example", "provider": "cloudflare"}]
    cloudflare = {"api_token": home.cloudflare.token, "base_url": home.cloudflare.base_url, "zone_id": ZONE_ID}
    changes = {"dns": {"records": records}, "providers": {"cloudflare": cloudflare}}
    with running(home, tmp_path, changes) as instance:
        wait_until_suppressed(instance, "conflict")
        assert "does not lie in home.example" in instance.output
        assert requests(home, *WRITES) == []


def test_a_record_that_may_not_be_created_is_not(home, tmp_path):
    records = [{"name": RECORD, "provider": "cloudflare", "create": False}]
    with running(home, tmp_path, {"dns": {"records": records}}) as instance:
        wait_until_suppressed(instance, "conflict")
        assert requests(home, *WRITES) == []


# -- lost, late and hung answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [lost_answer(), slow(0.6).on(*WRITES)], ids=["lost", "late"])
def test_a_record_created_without_an_answer_is_not_created_twice(home, tmp_path, fault):
    home.cloudflare.inject(fault)
    with running(home, tmp_path) as instance:
        wait_until_published(home)
        wait_for(lambda: instance.metric('cadence_dns_mutations_total{operation="create",result="error"}'), "failure")
        wait_until_in_sync(instance)
        assert home.writes == [("POST", ADDRESS)]
        assert home.published() == [ADDRESS]


def test_an_update_without_an_answer_is_not_made_twice(settled, tmp_path):
    with running(settled, tmp_path) as instance:
        wait_until_in_sync(instance)
        settled.cloudflare.inject(lost_answer())
        settled.change_address(MOVED)
        wait_until_published(settled, MOVED)
        wait_for(lambda: instance.metric('cadence_dns_mutations_total{operation="update",result="error"}'), "failure")
        wait_until_in_sync(instance)
        assert settled.writes == [("PATCH", MOVED)]


def test_a_provider_out_of_reach_is_no_outage(settled, tmp_path):
    with running(settled, tmp_path) as instance:
        wait_until_in_sync(instance)
        settled.cloudflare.reachable(PortMode.REFUSED)
        settled.change_address(MOVED)
        wait_until_suppressed(instance, "backoff")
        assert instance.state() == "UP"
        settled.cloudflare.reachable(PortMode.OPEN)
        wait_until_published(settled, MOVED)


def test_a_stop_does_not_wait_for_a_hung_provider(home, tmp_path):
    home.cloudflare.persistent_fault = silence()
    slow_loop = {"interval": "60s", "fast_factor": 1.0, "slow_factor": 1.0, "jitter": "0s", "confirm_spacing": "50ms"}
    with running(home, tmp_path, {"loop": {**slow_loop, "probe_timeout": "30s"}}) as instance:
        wait_for(lambda: requests(home), "the question")
        assert instance.get("/-/healthy")[0] == 200
        # And now the end, which must come within two seconds.


# -- a restless line, restless people -------------------------------------------------------------------------------


def test_an_address_that_goes_back_while_resolvers_cache_ends_at_the_provider(tmp_path):
    """A to B to A: resolvers show A all the time, and are not believed."""
    with WatchedHome(ADDRESS, longest_ttl_s=3600.0) as home, running(home, tmp_path) as instance:
        wait_until_in_sync(instance)
        for address in (MOVED, ADDRESS):
            home.change_address(address)
            wait_until_published(home, address)
        wait_until_in_sync(instance)
        assert home.writes == [("PATCH", MOVED), ("PATCH", ADDRESS)]


def test_a_line_that_flaps_is_written_no_more_often_than_the_daily_budget_allows(settled, tmp_path):
    with running(settled, tmp_path, {"dns": {"max_changes_per_day": 1}}) as instance:
        wait_until_in_sync(instance)
        settled.change_address(MOVED)
        wait_until_published(settled, MOVED)
        settled.change_address("81.2.69.143")
        wait_until_suppressed(instance, "rate_limited")
        settled.change_address(MOVED)
        wait_until_in_sync(instance)
        assert settled.writes == [("PATCH", MOVED)]


def ring_by_signal(instance):
    instance.process.send_signal(signal.SIGUSR1)
    assert instance.get("/-/healthy")[0] == 200  # so that one has arrived before the next is sent


def ring_by_http(instance):
    assert instance.get("/-/check", "POST")[0] < 300


@pytest.mark.parametrize("ring", [ring_by_signal, ring_by_http])
def test_a_flood_of_hints_costs_few_calls(settled, tmp_path, ring):
    with running(settled, tmp_path) as instance:
        wait_until_in_sync(instance)
        before = [echo.calls for echo in settled.echoes]
        began = time.monotonic()
        for _ in range(150):
            ring(instance)
        instance.wait_for_cycles(2)
        # At least two seconds lie between hinted looks, each of which asks every service once.
        most = 1 + math.ceil((time.monotonic() - began) / 2.0)
        asked = [echo.calls - calls for echo, calls in zip(settled.echoes, before, strict=True)]
        assert 1 <= max(asked) <= most
        assert settled.writes == []
        assert settled.cloudflare.requests == []
