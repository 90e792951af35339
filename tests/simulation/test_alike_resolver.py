"""One suite for both: the DNS-over-HTTPS client against its fake on loopback, and the simulator's resolvers."""

from ipaddress import ip_address

import pytest

from cadence_exporter.act.dns.doh_truth import DohTruth
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.cloudflare_zone import CloudflareZone
from cadence_exporter.demo.doh import DohFake, DohMode
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.instants import later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.record import RecordKey
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.resolver import ELSEWHERE, Malady
from cadence_exporter.simulate.world import World
from tests.record.cycles import Hands

NAME = "vpn.example.com"
KEY, KEY6 = RecordKey(NAME, RecordType.A), RecordKey(NAME, RecordType.AAAA)
OLD, NEW = ip_address("81.2.69.142"), ip_address("93.184.216.34")
HOME6 = "2a00:1450:4001::1"
SINKHOLE = ip_address("0.0.0.0")
TTL_S = 300


class Real:
    """The client, a caching resolver on loopback, and a zone behind it."""

    deadline_s = 0.3

    def __init__(self):
        self.clock, self.hands = SystemClock(), Hands()
        self.zone = CloudflareZone("example.com", "1" * 32, self.clock)
        self.fake = DohFake(self.zone.answer, self.hands, negative_ttl_s=300.0)
        self.truth = DohTruth(self.fake.url, Https(self.clock, CallLog(), environ={}))

    def hold(self, *contents, key=KEY):
        self.zone.records = [each for each in self.zone.records if each["type"] != key.type]
        for content in contents:
            self.zone.add({"name": NAME, "type": str(key.type), "content": str(content), "ttl": TTL_S})

    def cname(self):
        self.zone.records = []
        self.zone.add({"name": NAME, "type": "CNAME", "content": "elsewhere.example.com", "ttl": TTL_S})
        self.zone.add({"name": "elsewhere.example.com", "type": "A", "content": str(ELSEWHERE), "ttl": TTL_S})

    def pass_time(self, seconds):
        self.hands.seconds += seconds

    def befall(self, malady):
        self.fake.wrong_address = str(SINKHOLE)
        self.fake.mode = {
            Malady.SILENT: DohMode.SILENCE,
            Malady.SERVFAIL: DohMode.SERVFAIL,
            Malady.STALE: DohMode.STALE,
            Malady.BLOCKED: DohMode.NXDOMAIN,
            Malady.SINKHOLE: DohMode.WRONG,
        }[malady]

    def close(self):
        self.fake.close()


class Simulated:
    deadline_s = 8.0

    def __init__(self):
        self.world = World(PLAIN, 1, 86_400.0)
        self.clock, self.truth = self.world.clock, self.world.resolvers[0]

    def hold(self, *contents, key=KEY):
        self.world.zone.by_hand(key, tuple(map(str, contents)))
        self.world.pass_time(5.0)

    def cname(self):
        self.world.zone.cnames.add("elsewhere.example.net")

    def pass_time(self, seconds):
        self.world.pass_time(seconds)

    def befall(self, malady):
        self.truth.ills.add(malady)

    def close(self):
        pass


@pytest.fixture(params=[Real, Simulated])
def home(request):
    made = request.param()
    yield made
    made.close()


def ask(home, key=KEY):
    answer = home.truth.look_up(key, later(home.clock.monotonic(), home.deadline_s))
    return answer.addresses, answer.rcode


def why_not(home):
    with pytest.raises((ProbeFailed, TimeoutError)) as caught:
        ask(home)
    return caught.value.reason if isinstance(caught.value, ProbeFailed) else FailureReason.TIMEOUT


def test_an_address_is_shown_with_the_ttl_that_is_left(home):
    home.hold(NEW)
    assert ask(home) == ((NEW,), "NOERROR")
    home.pass_time(100.0)
    left_s = home.truth.look_up(KEY, later(home.clock.monotonic(), home.deadline_s)).ttl_s
    assert left_s == pytest.approx(TTL_S - 100, abs=2)


def test_several_addresses_come_in_order_and_once(home):
    home.hold(NEW, OLD, NEW)
    assert ask(home) == ((OLD, NEW), "NOERROR")


def test_a_name_that_does_not_exist_and_one_without_such_a_record_are_told_apart(home):
    assert ask(home) == ((), "NXDOMAIN")
    home.hold(HOME6, key=KEY6)
    home.pass_time(400.0)
    assert ask(home) == ((), "NOERROR")


def test_what_is_cached_is_said_until_its_ttl_is_over(home):
    home.hold(OLD)
    ask(home)
    home.hold(NEW)
    home.pass_time(TTL_S - 60.0)
    assert ask(home) == ((OLD,), "NOERROR")
    home.pass_time(61.0)
    assert ask(home) == ((NEW,), "NOERROR")


def test_that_there_is_nothing_is_cached_too(home):
    ask(home)
    home.hold(NEW)
    assert ask(home) == ((), "NXDOMAIN")
    home.pass_time(301.0)
    assert ask(home) == ((NEW,), "NOERROR")


def test_a_cname_leads_to_the_addresses_of_another_name(home):
    home.hold(NEW)
    home.cname()
    assert ask(home) == ((ELSEWHERE,), "NOERROR")


def test_a_resolver_that_serves_what_is_stale_says_it_for_ever(home):
    home.hold(OLD)
    ask(home)
    home.befall(Malady.STALE)
    home.hold(NEW)
    home.pass_time(10_000.0)
    assert ask(home) == ((OLD,), "NOERROR")


@pytest.mark.parametrize(
    ("malady", "said"), [(Malady.BLOCKED, ((), "NXDOMAIN")), (Malady.SINKHOLE, ((SINKHOLE,), "NOERROR"))]
)
def test_a_lie_is_an_answer_like_any_other(home, malady, said):
    home.hold(NEW)
    home.befall(malady)
    assert ask(home) == said


@pytest.mark.parametrize(
    ("malady", "reason"), [(Malady.SERVFAIL, FailureReason.DNS), (Malady.SILENT, FailureReason.TIMEOUT)]
)
def test_no_usable_answer_is_a_failure_never_an_empty_answer(home, malady, reason):
    home.hold(NEW)
    home.befall(malady)
    assert why_not(home) is reason


def test_every_malady_of_the_simulator_is_held_to_the_client():
    assert set(Malady) == {Malady.STALE, Malady.BLOCKED, Malady.SINKHOLE, Malady.SERVFAIL, Malady.SILENT}
