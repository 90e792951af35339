import json
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from cadence_exporter.act.dns.cloudflare import Cloudflare
from cadence_exporter.act.dns.cloudflare_errors import retry_after_s
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.cloudflare import CloudflareFake
from cadence_exporter.demo.cloudflare_faults import (
    Fault,
    html,
    lost_answer,
    reset,
    silence,
    throttled_with_200,
    too_many_requests,
)
from cadence_exporter.demo.http_service import Asked, HttpService, Reply
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.instants import Instant, WallTime, later
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.zone import HeldRecord
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https

CLOCK = SystemClock()
TOKEN = "made-up-token_of.the~test"
ZONES = {"example.com": "1" * 32, "example.co.uk": "2" * 32, "sub.example.com": "3" * 32}
NAME = "vpn.example.com"
OLD, NEW = ip_address("81.2.69.142"), ip_address("93.184.216.34")
Body = dict[str, Any]


def soon(seconds: float = 5.0) -> Instant:
    return later(CLOCK.monotonic(), seconds)


def spec(name: str = NAME, kind: RecordType = RecordType.A, **named: Any) -> RecordSpec:
    return RecordSpec(RecordKey(name, kind), "cloudflare", **named)


@pytest.fixture
def fake() -> Iterator[CloudflareFake]:
    with CloudflareFake(ZONES, TOKEN) as service:
        yield service


def provider(fake: CloudflareFake, token: str = TOKEN, zone_id: str | None = None) -> Cloudflare:
    https = Https(CLOCK, CallLog(), environ={})
    return Cloudflare(https, CLOCK, api_token=token, zone_id=zone_id, base_url=fake.base_url)


def held(fake: CloudflareFake, wanted: RecordSpec | None = None) -> tuple[HeldRecord, ...]:
    return provider(fake).read(wanted or spec(), soon()).held


def answered(body: object, status: int = 200) -> Fault:
    return Fault(Reply(status, json.dumps(body).encode(), "application/json"))


def refused(status: int, code: int, message: str = "words", **more: Any) -> Fault:
    return answered({"success": False, "errors": [{"code": code, "message": message, **more}], "result": None}, status)


class TestReading:
    def test_the_records_of_the_name_and_type_are_found(self, fake: CloudflareFake) -> None:
        one = fake.add_by_hand(NAME, "A", str(OLD), ttl=300, proxied=True)
        fake.add_by_hand(NAME, "AAAA", "2a01:4f8::1")
        fake.add_by_hand("vpn2.example.com", "A", "81.2.69.150")
        assert held(fake) == (HeldRecord(str(OLD), one, 300, proxied=True),)

    def test_no_record_is_an_empty_set(self, fake: CloudflareFake) -> None:
        assert held(fake) == ()

    def test_duplicates_are_all_seen(self, fake: CloudflareFake) -> None:
        fake.add_by_hand(NAME, "A", str(OLD))
        fake.add_by_hand(NAME, "A", str(NEW))
        assert len(held(fake)) == 2

    def test_a_cname_is_seen_in_the_same_call(self, fake: CloudflareFake) -> None:
        fake.add_by_hand(NAME, "CNAME", "home.example.net")
        seen = provider(fake, zone_id=ZONES["example.com"]).read(spec(), soon())
        assert (seen.held, seen.cname) == ((), "home.example.net")
        assert len(fake.requests) == 1

    def test_the_zone_is_found_by_stripping_labels_once_and_then_remembered(self, fake: CloudflareFake) -> None:
        cloudflare = provider(fake)
        for _ in range(3):
            cloudflare.read(spec("a.b.example.co.uk"), soon())
        lookups = [request.query["name"] for request in fake.requests if request.path == "/zones"]
        assert lookups == ["a.b.example.co.uk", "b.example.co.uk", "example.co.uk"]

    def test_several_zones_are_served_in_one_run_and_the_longest_wins(self, fake: CloudflareFake) -> None:
        cloudflare = provider(fake)
        for name in ("vpn.example.com", "vpn.example.co.uk", "vpn.sub.example.com", "example.com"):
            cloudflare.create(spec(name), NEW, soon())
        paths = [request.path for request in fake.requests if request.method == "POST"]
        assert [path.split("/")[2][0] for path in paths] == ["1", "2", "3", "1"]

    def test_a_zone_out_of_reach_is_refused_and_not_taken_for_an_empty_one(self, fake: CloudflareFake) -> None:
        with pytest.raises(ActionFailed, match="no zone of vpn") as caught:
            held(fake, spec("vpn.example.net"))
        assert caught.value.refusal

    def test_a_zone_that_is_not_active_is_refused(self, fake: CloudflareFake) -> None:
        zone = {"id": "1" * 32, "name": NAME, "status": "pending"}
        fake.inject(answered({"success": True, "result": [zone]}))
        with pytest.raises(ActionFailed, match="is pending"):
            held(fake)

    def test_more_records_than_a_page_holds_are_all_looked_through(self, fake: CloudflareFake) -> None:
        for number in range(250):
            fake.add_by_hand(NAME, "TXT", f"text {number}")
        fake.add_by_hand(NAME, "A", str(OLD))
        assert [record.content for record in held(fake)] == [str(OLD)]
        assert [request.query["page"] for request in fake.requests if "page" in request.query] == ["1", "2", "3"]

    def test_a_list_without_an_end_is_cut_off(self, fake: CloudflareFake) -> None:
        fake.persistent_fault = answered({"success": True, "result": [], "result_info": {"total_pages": 10**9}})
        with pytest.raises(ActionFailed, match="more than"):
            provider(fake, zone_id="1" * 32).read(spec(), soon())

    def test_a_stranger_in_the_list_is_never_taken(self, fake: CloudflareFake) -> None:
        stranger = {"id": "9" * 32, "name": "www.example.com", "type": "A", "content": str(OLD)}
        wrong_type = {"id": "8" * 32, "name": NAME, "type": "TXT", "content": str(OLD)}
        fake.inject(answered({"success": True, "result": [stranger, wrong_type]}))
        assert provider(fake, zone_id="1" * 32).read(spec(), soon()).held == ()

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("xn--mnchen-3ya.example.com", "münchen.example.com"),
            ("xn--mnchen-3ya.example.com", "xn--mnchen-3ya.example.com"),
            (NAME, "VPN.Example.COM"),
            (NAME, "vpn.example.com."),
            ("*.example.com", "*.example.com"),
            ("_x.example.com", "_x.example.com"),
        ],
    )
    def test_names_are_the_same_however_they_are_spelt(self, fake: CloudflareFake, ours: str, theirs: str) -> None:
        record = {"id": "9" * 32, "name": theirs, "type": "A", "content": str(OLD)}
        fake.inject(answered({"success": True, "result": [record]}))
        assert len(provider(fake, zone_id="1" * 32).read(spec(ours), soon()).held) == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"success": True},
            {"success": True, "result": None},
            {"success": True, "result": {}},
            {"success": True, "result": ["x"]},
            {"result": []},
            {"success": "true", "result": []},
            {"success": False, "errors": None},
            {"success": False, "errors": ["x", {"code": "971"}]},
            [],
            None,
            7,
        ],
    )
    def test_an_answer_that_is_not_a_list_is_never_taken_for_no_records(
        self, fake: CloudflareFake, body: object
    ) -> None:
        fake.inject(answered(body))
        with pytest.raises(ActionFailed):
            provider(fake, zone_id="1" * 32).read(spec(), soon())


class TestWriting:
    def test_a_change_patches_the_content_alone(self, fake: CloudflareFake) -> None:
        fake.add_by_hand(NAME, "A", str(OLD), ttl=300, proxied=True, comment="mine", tags=["a:b"])
        (record,) = held(fake)
        provider(fake).update(spec(), record, NEW, soon())
        write = fake.requests[-1]
        assert (write.method, write.body) == ("PATCH", {"content": str(NEW)})
        (after,) = fake.records
        assert (after["comment"], after["tags"], after["proxied"]) == ("mine", ["a:b"], True)

    def test_ttl_and_proxied_are_patched_only_when_named_and_different(self, fake: CloudflareFake) -> None:
        fake.add_by_hand(NAME, "A", str(OLD), ttl=300, proxied=False)
        (record,) = held(fake)
        provider(fake).update(spec(ttl=60, proxied=False), record, NEW, soon())
        assert fake.requests[-1].body == {"content": str(NEW), "ttl": 60}

    def test_only_the_record_given_is_changed(self, fake: CloudflareFake) -> None:
        fake.add_by_hand(NAME, "A", str(OLD))
        second = fake.add_by_hand(NAME, "A", "81.2.69.150")
        provider(fake).update(spec(id=second), HeldRecord("81.2.69.150", second), NEW, soon())
        assert fake.contents(NAME) == [str(OLD), str(NEW)]

    def test_a_new_record_is_short_lived_and_not_proxied(self, fake: CloudflareFake) -> None:
        provider(fake).create(spec(), NEW, soon())
        expected = {"type": "A", "name": NAME, "content": str(NEW), "ttl": 60, "proxied": False}
        assert fake.requests[-1].body == expected

    def test_a_new_record_is_as_the_settings_say(self, fake: CloudflareFake) -> None:
        provider(fake).create(spec(ttl=120), NEW, soon())
        provider(fake).create(spec("www.example.com", proxied=True), NEW, soon())
        assert [record["ttl"] for record in fake.records] == [120, 1]
        assert [record["proxied"] for record in fake.records] == [False, True]

    @pytest.mark.parametrize(
        "name", ["example.com", "*.example.com", "xn--mnchen-3ya.example.com", "a.b.c.example.com"]
    )
    def test_any_name_of_the_zone_can_be_created_and_is_read_back(self, fake: CloudflareFake, name: str) -> None:
        provider(fake).create(spec(name), NEW, soon())
        assert [record.content for record in held(fake, spec(name))] == [str(NEW)]

    def test_an_ipv6_record_is_created_beside_the_ipv4_one(self, fake: CloudflareFake) -> None:
        fake.add_by_hand(NAME, "A", str(OLD))
        provider(fake).create(spec(kind=RecordType.AAAA), ip_address("2a01:4f8::1"), soon())
        assert (fake.contents(NAME), fake.contents(NAME, "AAAA")) == ([str(OLD)], ["2a01:4f8::1"])

    def test_a_name_outside_the_configured_zone_is_never_created(self, fake: CloudflareFake) -> None:
        with pytest.raises(ActionFailed, match="does not lie in example") as caught:
            provider(fake, zone_id=ZONES["example.com"]).create(spec("vpn.example.net"), NEW, soon())
        assert caught.value.refusal
        assert fake.mutations == []

    def test_a_zone_whose_name_may_not_be_read_gets_no_new_records(self, fake: CloudflareFake) -> None:
        fake.inject(refused(403, 10000))
        with pytest.raises(ActionFailed, match="cannot tell whether") as caught:
            provider(fake, zone_id=ZONES["example.com"]).create(spec(), NEW, soon())
        assert caught.value.refusal
        assert fake.mutations == []

    @pytest.mark.parametrize(
        "result",
        [
            {"name": NAME, "content": str(OLD)},
            {"name": "www.example.com", "content": str(NEW)},
            {"name": "www.example.com"},
            {"content": str(OLD)},
        ],
    )
    def test_a_success_that_shows_something_else_is_a_failure(self, fake: CloudflareFake, result: object) -> None:
        fake.inject(answered({"success": True, "result": result}).on("POST"))
        with pytest.raises(ActionFailed, match="shows something else"):
            provider(fake).create(spec(), NEW, soon())

    @pytest.mark.parametrize(
        "fault", [lost_answer(), reset().on("POST"), silence().on("POST"), silence().applied().on("POST")]
    )
    def test_a_write_without_an_answer_is_said_to_be_unclear(self, fake: CloudflareFake, fault: Fault) -> None:
        fake.inject(fault)
        with pytest.raises(ActionFailed, match="unclear"):
            provider(fake).create(spec(), NEW, soon(0.5))

    def test_a_zone_id_that_leads_nowhere_is_looked_up_again(self, fake: CloudflareFake) -> None:
        cloudflare = provider(fake)
        cloudflare.read(spec(), soon())
        fake.inject(refused(404, 7003).on("POST"))
        with pytest.raises(ActionFailed):
            cloudflare.create(spec(), NEW, soon())
        before = len(fake.requests)
        cloudflare.read(spec(), soon())
        assert fake.requests[before].path == "/zones"

    def test_nothing_is_ever_deleted_or_put(self, fake: CloudflareFake) -> None:
        fake.add_by_hand(NAME, "A", str(OLD))
        cloudflare = provider(fake)
        cloudflare.update(spec(), cloudflare.read(spec(), soon()).held[0], NEW, soon())
        assert {request.method for request in fake.requests} <= {"GET", "POST", "PATCH"}
        assert fake.deletes == 0


class TestErrors:
    @pytest.mark.parametrize(
        ("fault", "words", "wait_s", "refusal"),
        [
            (too_many_requests(30), "slow down", 30, False),
            (refused(429, 10100), "slow down", 300, False),
            (Fault(Reply(429, b"<html>", "text/html")), "slow down", 300, False),
            (throttled_with_200(), "slow down", 300, False),
            (html(500), "in trouble .status 500", None, False),
            (html(502), "in trouble .status 502", None, False),
            (html(200), "without JSON", None, False),
            (html(403), "without JSON", None, False),
            (Fault(Reply(503, b"", headers={"Retry-After": "12"})), "in trouble", 12, False),
            (Fault(Reply(302, b"", headers={"Location": "http://127.0.0.1:1/"})), "without JSON", None, False),
            (refused(403, 9109), "not valid, or not for this zone.*9109", None, False),
            (refused(403, 10000), "did not accept the API token", None, False),
            (
                refused(400, 6003, error_chain=[{"code": 6111, "message": "bad form"}]),
                "form.*6111 bad form",
                None,
                False,
            ),
            (refused(404, 7003), "does not exist", None, False),
            (refused(404, 81044), "is gone", None, False),
            (refused(400, 81053), "in the way", None, True),
            (refused(400, 81054), "CNAME", None, True),
            (refused(400, 81058), "identical", None, False),
            (
                refused(400, 1004, error_chain=[{"code": 9005, "message": "bad content"}]),
                "9005 bad content",
                None,
                True,
            ),
            (refused(400, 424242, "brand\nnew"), "refused: 424242 brand new", None, False),
            (refused(200, 424242), "424242", None, False),
            (answered({"success": True, "result": []}, 403), "without success", None, False),
            (reset(), "http", None, False),
        ],
    )
    def test_each_failure_says_what_to_do_and_how_long_to_wait(
        self, fake: CloudflareFake, fault: Fault, words: str, wait_s: float | None, refusal: bool
    ) -> None:
        fake.inject(fault)
        with pytest.raises(ActionFailed, match=words) as caught:
            provider(fake, zone_id="1" * 32).read(spec(), soon())
        assert (caught.value.retry_after_s, caught.value.refusal) == (wait_s, refusal)
        assert TOKEN not in repr(caught.value) + str(caught.value.__cause__)

    def test_the_fakes_own_conflicts_are_understood(self, fake: CloudflareFake) -> None:
        fake.add_by_hand(NAME, "CNAME", "home.example.net")
        with pytest.raises(ActionFailed, match="81054") as caught:
            provider(fake).create(spec(), NEW, soon())
        assert caught.value.refusal

    def test_a_revoked_and_a_wrong_token_say_so_without_showing_it(self, fake: CloudflareFake) -> None:
        with pytest.raises(ActionFailed, match="9109") as wrong:
            provider(fake, token="wrong-token").read(spec(), soon())
        fake.revoked = True
        with pytest.raises(ActionFailed, match="10000") as revoked:
            provider(fake).read(spec(), soon())
        assert "wrong-token" not in str(wrong.value)
        assert TOKEN not in str(revoked.value)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("", None),
            ("30", 30.0),
            ("0", 1.0),
            ("-5", None),
            ("soon", None),
            ("999999", 3600.0),
            ("9" * 500, 3600.0),
            ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
            ("Mon, 23 Nov 2026 11:00:00 GMT", 1.0),
            ("Mon, 23 Nov 9999 11:00:00 GMT", 3600.0),
        ],
    )
    def test_retry_after_is_understood_in_both_forms_and_bounded(self, value: str, expected: float | None) -> None:
        noon = WallTime(1795435200.0)
        assert retry_after_s(value, noon) == expected


def answering(*replies: tuple[str, int, object]) -> tuple[Callable[[Asked], Reply], list[str]]:
    """A small imitation of the API: replies by the path's end; 404 in plain words for the rest. And what was asked of it."""
    asked: list[str] = []

    def answer(request: Asked) -> Reply:
        asked.append(f"{request.method} {request.target.partition('?')[0]}")
        for ending, status, result in replies:
            if asked[-1].endswith(ending):
                body = {"success": True, "result": result}
                return Reply(status, json.dumps(body).encode(), "application/json")
        return Reply(404, b"not found", "text/plain")

    return answer, asked


class TestImitations:
    """Servers that speak the API's main part only, with less in their answers than Cloudflare gives."""

    def test_a_zone_without_status_and_numbers_for_ids_will_do(self) -> None:
        row = {"id": 7, "name": NAME, "type": "A", "content": str(OLD)}
        answer, asked = answering(
            ("GET /zones", 200, [{"id": 3, "name": NAME.partition(".")[2]}]),
            ("GET /zones/3/dns_records", 200, [row]),
            ("PATCH /zones/3/dns_records/7", 200, {"id": 7}),
        )
        with HttpService(answer) as service:
            client = Cloudflare(
                Https(CLOCK, CallLog(), environ={}), CLOCK, api_token=TOKEN, zone_id=None, base_url=service.url
            )
            (record,) = client.read(spec(), soon()).held
            client.update(spec(), record, NEW, soon())
        assert (record.id, asked[-1]) == ("7", "PATCH /zones/3/dns_records/7")

    @pytest.mark.parametrize("id_", ["..", ".", "\ud800", "\n", ""])
    def test_an_id_that_is_no_part_of_a_path_is_none(self, id_: str) -> None:
        answer, asked = answering(
            ("GET /zones/z/dns_records", 200, [{"id": id_, "name": NAME, "type": "A", "content": str(OLD)}])
        )
        with HttpService(answer) as service:
            https = Https(CLOCK, CallLog(), environ={})
            client = Cloudflare(https, CLOCK, api_token=TOKEN, zone_id="z", base_url=service.url)
            (record,) = client.read(spec(), soon()).held
            with pytest.raises(ActionFailed, match="without an id"):
                client.update(spec(), record, NEW, soon())
        assert asked == ["GET /zones/z/dns_records"]

    def test_another_zone_in_a_list_that_was_not_filtered_is_never_taken(self) -> None:
        zones = [{"id": "theirs", "name": "example.net"}, {"id": "ours", "name": "example.com"}]
        answer, asked = answering(("GET /zones", 200, zones), ("GET /zones/ours/dns_records", 200, []))
        with HttpService(answer) as service:
            https = Https(CLOCK, CallLog(), environ={})
            Cloudflare(https, CLOCK, api_token=TOKEN, zone_id=None, base_url=service.url).read(spec(), soon())
        assert asked[-1] == "GET /zones/ours/dns_records"

    def test_a_record_is_created_where_nobody_can_say_which_zone_it_is(self) -> None:
        answer, asked = answering(("POST /zones/z/dns_records", 200, {"id": "r"}))
        with HttpService(answer) as service:
            Cloudflare(
                Https(CLOCK, CallLog(), environ={}), CLOCK, api_token=TOKEN, zone_id="z", base_url=service.url
            ).create(spec(), NEW, soon())
        assert asked == ["GET /zones/z", "POST /zones/z/dns_records"]


class TestPinned:
    def test_a_pinned_record_is_read_by_its_id(self, fake: CloudflareFake) -> None:
        fake.add_by_hand(NAME, "A", "81.2.69.150")
        ours = fake.add_by_hand(NAME, "A", str(OLD))
        assert [record.id for record in held(fake, spec(id=ours))] == [ours]

    @pytest.mark.parametrize(("name", "kind"), [("www.example.com", "A"), (NAME, "AAAA")])
    def test_the_id_of_another_record_is_never_taken_for_ours(self, fake: CloudflareFake, name: str, kind: str) -> None:
        strangers = fake.add_by_hand(name, kind, str(OLD) if kind == "A" else "2a01:4f8::1")
        assert held(fake, spec(id=strangers)) == ()
