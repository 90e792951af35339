import base64
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.message
import dns.rcode
import pytest
import requests

from cadence_exporter.demo.doh import DohFake, DohMode
from cadence_exporter.demo.zone_answer import ZoneAnswer
from tests.hand_clock import HandClock

WIRE = {"content-type": "application/dns-message"}


@dataclass
class Zone:
    answers: dict[tuple[str, str], ZoneAnswer] = field(default_factory=dict)

    def __call__(self, name: str, record_type: str) -> ZoneAnswer:
        return self.answers.get((name, record_type), ZoneAnswer(exists=False))

    def says(self, content: str, ttl_s: int = 60) -> None:
        self.answers["vpn.example.com", "A"] = ZoneAnswer(exists=True, contents=(content,), ttl_s=ttl_s)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def zone() -> Zone:
    zone = Zone()
    zone.says("93.184.216.34")
    return zone


@pytest.fixture
def fake(zone: Zone, clock: HandClock) -> Iterator[DohFake]:
    with DohFake(zone, clock) as fake:
        yield fake


def ask(fake: DohFake, name: str = "vpn.example.com", record_type: str = "A") -> dns.message.Message:
    query = dns.message.make_query(name, record_type, id=0)
    response = requests.post(fake.url, data=query.to_wire(), headers=WIRE, timeout=5)
    assert (response.status_code, response.headers["content-type"]) == (200, WIRE["content-type"])
    answer = dns.message.from_wire(response.content)
    assert query.is_response(answer)
    return answer


def addresses(answer: dns.message.Message) -> list[str]:
    return [item.to_text() for rrset in answer.answer for item in rrset]


def test_post_and_get_give_the_same_answer(fake: DohFake) -> None:
    query = dns.message.make_query("vpn.example.com", "A", id=0)
    text = base64.urlsafe_b64encode(query.to_wire()).rstrip(b"=").decode()
    by_get = dns.message.from_wire(requests.get(fake.url, params={"dns": text}, timeout=5).content)
    assert addresses(by_get) == addresses(ask(fake)) == ["93.184.216.34"]


def test_an_old_answer_lives_on_until_its_ttl_is_over(fake: DohFake, zone: Zone, clock: HandClock) -> None:
    assert ask(fake).answer[0].ttl == 60
    zone.says("81.2.69.142")
    clock.seconds += 59
    assert (addresses(ask(fake)), ask(fake).answer[0].ttl) == (["93.184.216.34"], 1)
    clock.seconds += 1
    assert addresses(ask(fake)) == ["81.2.69.142"]


def test_a_missing_name_is_remembered_as_missing(fake: DohFake, zone: Zone, clock: HandClock) -> None:
    assert ask(fake, "new.example.com").rcode() == dns.rcode.NXDOMAIN
    zone.answers["new.example.com", "A"] = ZoneAnswer(exists=True, contents=("81.2.69.142",))
    clock.seconds += 1799
    assert ask(fake, "new.example.com").rcode() == dns.rcode.NXDOMAIN
    clock.seconds += 1
    assert addresses(ask(fake, "new.example.com")) == ["81.2.69.142"]


def test_a_stale_resolver_never_lets_go(fake: DohFake, zone: Zone, clock: HandClock) -> None:
    ask(fake)
    fake.mode = DohMode.STALE
    zone.says("81.2.69.142")
    clock.seconds += 10_000
    assert addresses(ask(fake)) == ["93.184.216.34"]


def test_an_alias_is_followed(fake: DohFake, zone: Zone) -> None:
    zone.answers["alias.example.com", "A"] = ZoneAnswer(exists=True, cname="vpn.example.com")
    assert addresses(ask(fake, "alias.example.com")) == ["vpn.example.com.", "93.184.216.34"]


def test_modes_that_are_still_dns(fake: DohFake) -> None:
    fake.mode = DohMode.NXDOMAIN
    assert ask(fake).rcode() == dns.rcode.NXDOMAIN
    fake.mode = DohMode.SERVFAIL
    assert (ask(fake).rcode(), addresses(ask(fake))) == (dns.rcode.SERVFAIL, [])
    fake.mode = DohMode.WRONG
    assert addresses(ask(fake)) == [fake.wrong_address]


@pytest.mark.parametrize(
    ("mode", "status", "media_type"),
    [
        (DohMode.GARBAGE, 200, "application/dns-message"),
        (DohMode.HTML, 200, "text/html"),
        (DohMode.UNAVAILABLE, 503, "text/plain; charset=utf-8"),
    ],
)
def test_modes_that_are_not_dns(fake: DohFake, mode: DohMode, status: int, media_type: str) -> None:
    fake.mode = mode
    wire = dns.message.make_query("vpn.example.com", "A").to_wire()
    response = requests.post(fake.url, data=wire, headers=WIRE, timeout=5)
    assert (response.status_code, response.headers["content-type"]) == (status, media_type)


def test_requests_that_break_the_rfc_are_refused(fake: DohFake) -> None:
    assert requests.post(fake.url, data=b"x", timeout=5).status_code == 415
    assert requests.post(fake.url, data=b"x", headers=WIRE, timeout=5).status_code == 400
    assert requests.put(fake.url, data=b"x", timeout=5).status_code == 405
    assert requests.get(f"{fake.http.url}/other", timeout=5).status_code == 404
