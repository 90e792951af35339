"""Targets: answers of an API that is Cloudflare's, or says so."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from cadence_exporter.act.dns.cloudflare import MOST_PAGES, Cloudflare
from cadence_exporter.act.dns.cloudflare_errors import LONGEST_WAIT_S, retry_after_s
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.outbound.https import Answer
from tests.fuzz.answers import ADDRESS, NAME, SOON
from tests.fuzz.promises import StillClock, Target, is_among, shows

BASE = "https://api.example.net/client/v4"
STATUSES = (200, 400, 403, 404, 429, 500)
ZONE = "0" * 32
MOVED = ip_address("81.2.69.142")


class Api:
    """Says what the fuzzer says, one answer after the other, then hangs up."""

    def __init__(self, data):
        self.answers = data.split(b"\0")
        self.asked = []

    def call(self, request, deadline):
        self.asked.append((request.method, request.url))
        if not self.answers:
            raise ProbeFailed(FailureReason.TIMEOUT, "hung up")
        answer = self.answers.pop(0)
        status = STATUSES[answer[0] % len(STATUSES)] if answer else 200
        return Answer(status, {"retry-after": "7"} if status == 429 else {}, answer[1:], 0.1)


def cloudflare(data):
    """First byte: with a zone id, with a record id. Each answer is a digit for its status, its body, and NUL."""
    how, api = data[0] if data else 0, Api(data[1:])
    provider = Cloudflare(api, StillClock(), api_token="token", zone_id=ZONE if how & 1 else None, base_url=BASE)
    spec = RecordSpec(RecordKey(NAME, RecordType.A), "cloudflare", id="r1" if how & 2 else None)
    try:
        found = provider.read(spec, SOON)
        for held in found.held:
            assert isinstance(held.content, str)
            assert held.ttl is None or isinstance(held.ttl, int)
        if how & 4:
            provider.create(spec, ADDRESS, SOON)
        for held in found.held[:1]:
            provider.update(spec, held, MOVED, SOON)
    except ActionFailed as error:
        shows(error.detail)
        wait_s = error.retry_after_s
        is_among(wait_s is None or 0 < wait_s <= LONGEST_WAIT_S, {True})
    stays_in_the_zone(api.asked)


def stays_in_the_zone(asked):
    """Whatever ids the answers named: reading, or one record of one zone is written, and the path is the one that was meant."""
    assert len(asked) <= MOST_PAGES + 10
    for method, url in asked:
        assert url.startswith(BASE + "/"), url
        assert url.isascii(), url
        path = urlsplit(url).path.removeprefix("/client/v4").split("/")[1:]
        assert not {"", ".", ".."} & set(path), url
        shape = [part if number % 2 == 0 else "*" for number, part in enumerate(path)]
        allowed = {
            "GET": (["zones"], ["zones", "*"], ["zones", "*", "dns_records"], ["zones", "*", "dns_records", "*"]),
            "POST": (["zones", "*", "dns_records"],),
            "PATCH": (["zones", "*", "dns_records", "*"],),
        }
        assert shape in allowed[method], (method, url)


def wait(data):
    seconds = retry_after_s(data.decode("latin-1"), StillClock().wall())
    assert seconds is None or 1.0 <= seconds <= LONGEST_WAIT_S


ZONES = b'0{"success":true,"result":[{"id":"z1","name":"example.com","status":"active"}]}\0'
NO_ZONE = b'0{"success":true,"result":[]}\0'
RECORD = b'{"id":"r1","type":"A","name":"vpn.example.com","content":"93.184.216.34","ttl":60,"proxied":false}'
RECORDS = b'0{"success":true,"result":[' + RECORD + b'],"result_info":{"total_pages":1}}\0'
ONE = b'0{"success":true,"result":' + RECORD + b"}\0"
REFUSED = b'2{"success":false,"errors":[{"code":9109,"message":"no","error_chain":[{"code":6003,"message":"bad"}]}]}\0'

TARGETS = (
    Target(
        "cloudflare",
        "ActionFailed that a log can show, or a result; whatever the ids are, only one record of the zone is ever written",
        cloudflare,
        (
            b"0" + NO_ZONE + ZONES + RECORDS + ONE,
            b"1" + RECORDS + ONE,
            b"3" + ONE + ONE,
            b"5" + NO_ZONE + ONE + ONE,
            b"1" + REFUSED,
            b"0" + ZONES.replace(b"active", b"pending") * 2,
            b"1" + RECORDS.replace(b'"r1"', b"17") + REFUSED,
            b"4<html>",
            b"1" + RECORDS.replace(b":1}", b":9}") + NO_ZONE,
        ),
        (
            b'"success":true',
            b'"result":[',
            b'"id":"',
            b'"id":".."',
            b'"id":"\\ud800"',
            b'"',
            b'"\\n"',
            b'"type":"CNAME"',
            b'"name":"',
            b'"status":"',
            b'"total_pages":2',
            b'"content":"',
            b'"errors":[',
            b'"code":',
            b'"error_chain":[',
            b"[[[[[[[[",
        ),
    ),
    Target(
        "retry_after",
        "1 to 3600 seconds or nothing, whatever the header says; never an exception",
        wait,
        (b"7", b"Mon, 23 Nov 2026 12:00:30 GMT", b"Monday, 23-Nov-26 12:00:30 GMT", b"23 Nov 2026 12:00:30 -0000"),
        (b"Jan", b"GMT", b"+9999", b"-0000", b"99999", b":", b", ", b"("),
        200,
    ),
)
