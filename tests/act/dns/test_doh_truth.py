import base64
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from cadence_exporter.act.dns.doh_truth import DohTruth
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.http_service import Asked, HttpService, Reply
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.record import RecordKey
from cadence_exporter.model.zone import TruthAnswer
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from tests.servers.dns import DEAD_ZONE

CLOCK = SystemClock()
KEY = RecordKey("vpn.example.com", RecordType.A)
Shape = Callable[[dns.message.Message], dns.message.Message]


def soon() -> Instant:
    return later(CLOCK.monotonic(), 5)


def plain_https() -> Https:
    return Https(CLOCK, CallLog(), environ={})


def answers(*rrsets: str, rcode: int = dns.rcode.NOERROR) -> Shape:
    def shape(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.Rcode(rcode))
        for text in rrsets:
            owner, ttl, kind, *contents = text.split()
            response.answer.append(dns.rrset.from_text(owner, int(ttl), "IN", kind, *contents))
        return response

    return shape


def look_up(shape: Shape | bytes, key: RecordKey = KEY, **reply: object) -> TruthAnswer:
    asked: list[Asked] = []

    def answer(request: Asked) -> Reply:
        asked.append(request)
        body = shape if isinstance(shape, bytes) else shape(dns.message.from_wire(request.body)).to_wire()
        return Reply(**{"body": body, "content_type": "application/dns-message", **reply})  # type: ignore[arg-type]

    with HttpService(answer) as service:
        result = DohTruth(f"{service.url}/dns-query", plain_https()).look_up(key, soon())
    (request,) = asked
    query = dns.message.from_wire(request.body)
    assert (request.method, query.id, query.flags) == ("POST", 0, dns.flags.RD)
    assert request.headers["content-type"] == request.headers["accept"] == "application/dns-message"
    return result


def addresses(*texts: str) -> tuple[object, ...]:
    return tuple(ip_address(text) for text in texts)


def test_addresses_come_sorted_and_once_with_their_ttl() -> None:
    answer = look_up(answers("vpn.example.com. 60 A 93.184.216.34 81.2.69.142 93.184.216.34"))
    assert answer.addresses == addresses("81.2.69.142", "93.184.216.34")
    assert (answer.rcode, answer.ttl_s) == ("NOERROR", 60)


def test_seconds_spent_in_an_http_cache_are_taken_off_the_ttl() -> None:
    assert look_up(answers("vpn.example.com. 60 A 93.184.216.34"), headers={"Age": "45"}).ttl_s == 15
    assert look_up(answers("vpn.example.com. 60 A 93.184.216.34"), headers={"Age": "9" * 5000}).ttl_s == 60


def test_ipv6_addresses_are_read() -> None:
    key = RecordKey("vpn.example.com", RecordType.AAAA)
    assert look_up(answers("vpn.example.com. 60 AAAA 2a01:4f8::1"), key).addresses == addresses("2a01:4f8::1")


def test_an_alias_is_followed_inside_the_answer() -> None:
    answer = look_up(answers("vpn.example.com. 30 CNAME home.example.net.", "home.example.net. 60 A 93.184.216.34"))
    assert (answer.addresses, answer.ttl_s) == (addresses("93.184.216.34"), 30)


def test_addresses_of_other_names_and_types_are_not_taken() -> None:
    stray = answers("other.example.com. 60 A 93.184.216.34", "vpn.example.com. 60 AAAA 2a01:4f8::1")
    assert look_up(stray).addresses == ()


def test_no_such_name_and_no_such_record_are_answers_that_differ() -> None:
    assert look_up(answers(rcode=dns.rcode.NXDOMAIN)).rcode == "NXDOMAIN"
    assert look_up(answers()).rcode == "NOERROR"
    assert look_up(answers(rcode=dns.rcode.NXDOMAIN)).addresses == look_up(answers()).addresses == ()


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP"])
def test_a_resolver_that_failed_said_nothing(rcode: str) -> None:
    with pytest.raises(ProbeFailed, match=rcode) as caught:
        look_up(answers("vpn.example.com. 60 A 93.184.216.34", rcode=dns.rcode.from_text(rcode)))
    assert caught.value.reason == "dns"


def another_question(query: dns.message.Message) -> dns.message.Message:
    other = dns.message.make_query("other.example.com.", "A", id=0)
    return answers("other.example.com. 60 A 93.184.216.34")(other)


def no_question(query: dns.message.Message) -> dns.message.Message:
    response = answers("vpn.example.com. 60 A 93.184.216.34")(query)
    response.question = []
    return response


def truncated(query: dns.message.Message) -> dns.message.Message:
    response = answers("vpn.example.com. 60 A 93.184.216.34")(query)
    response.flags |= dns.flags.TC
    return response


LOOP = answers("vpn.example.com. 60 CNAME a.example.com.", "a.example.com. 60 CNAME vpn.example.com.")


@pytest.mark.parametrize(
    "shape",
    [
        lambda query: query,
        another_question,
        no_question,
        truncated,
        LOOP,
        answers("vpn.example.com. 60 A 93.184.216.34", rcode=dns.rcode.NXDOMAIN),
        b"",
        b"<html>Please log in</html>",
        b"93.184.216.34",
        b"\xc0\x0c" * 40,
    ],
)
def test_what_is_not_an_answer_to_our_question_is_bad_content(shape: Shape | bytes) -> None:
    with pytest.raises(ProbeFailed) as caught:
        look_up(shape)
    assert caught.value.reason == "content"


def test_a_page_of_another_media_type_is_not_looked_into() -> None:
    with pytest.raises(ProbeFailed, match="media type"):
        look_up(answers("vpn.example.com. 60 A 93.184.216.34"), content_type="text/html")


@pytest.mark.parametrize("status", [302, 403, 415, 429, 500, 502])
def test_any_status_but_200_is_no_answer(status: int) -> None:
    with pytest.raises(ProbeFailed, match=str(status)):
        look_up(answers("vpn.example.com. 60 A 93.184.216.34"), status=status)


def test_an_answer_may_carry_another_id() -> None:
    def shape(query: dns.message.Message) -> dns.message.Message:
        response = answers("vpn.example.com. 60 A 93.184.216.34")(query)
        response.id = 7
        return response

    assert look_up(shape).addresses == addresses("93.184.216.34")


def test_operators_are_told_apart_by_who_runs_them() -> None:
    names = [
        DohTruth(url, plain_https()).operator
        for url in ("https://cloudflare-dns.com/dns-query", "https://dns.google/dns-query", "http://127.0.0.1:8/a")
    ]
    assert names == ["cloudflare", "dns.google", "http://127.0.0.1:8/a"]


@pytest.mark.real_server
class TestAgainstARealResolver:
    @pytest.mark.parametrize(
        ("name", "rcode", "expected"),
        [
            ("vpn.example.com", "NOERROR", ("81.2.69.142",)),
            ("alias.example.com", "NOERROR", ("81.2.69.142",)),
            ("two.example.com", "NOERROR", ("81.2.69.142", "81.2.69.143")),
            ("any.wild.example.com", "NOERROR", ("81.2.69.144",)),
            ("example.com", "NOERROR", ()),
            ("missing.example.com", "NXDOMAIN", ()),
        ],
    )
    def test_its_answers_are_understood(
        self, doh_before_knot: str, ca_environ: dict[str, str], name: str, rcode: str, expected: tuple[str, ...]
    ) -> None:
        truth = DohTruth(doh_before_knot, Https(CLOCK, CallLog(), environ=ca_environ))
        answer = truth.look_up(RecordKey(name, RecordType.A), soon())
        assert (answer.rcode, answer.addresses) == (rcode, addresses(*expected))

    def test_servfail_of_a_real_resolver_is_no_answer(self, doh_before_knot: str, ca_environ: dict[str, str]) -> None:
        truth = DohTruth(doh_before_knot, Https(CLOCK, CallLog(), environ=ca_environ))
        with pytest.raises(ProbeFailed, match="SERVFAIL"):
            truth.look_up(RecordKey(f"vpn.{DEAD_ZONE}", RecordType.A), soon())

    def test_a_resolver_with_an_unknown_certificate_is_not_believed(self, doh_before_knot: str) -> None:
        with pytest.raises(ProbeFailed) as caught:
            DohTruth(doh_before_knot, plain_https()).look_up(KEY, soon())
        assert caught.value.reason == "tls"


def test_a_server_that_knows_no_post_is_asked_by_get() -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Reply:
        asked.append(request)
        if request.method == "POST":
            return Reply(405, b"", "text/plain")
        text = parse_qs(urlsplit(request.target).query)["dns"][0]
        query = dns.message.from_wire(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        body = answers("vpn.example.com. 60 A 93.184.216.34")(query).to_wire()
        return Reply(200, body, "application/dns-message")

    with HttpService(answer) as service:
        truth = DohTruth(f"{service.url}/dns-query", plain_https())
        for _ in range(2):
            assert truth.look_up(KEY, soon()).addresses == addresses("93.184.216.34")
    assert [request.method for request in asked] == ["POST", "GET", "GET"]
