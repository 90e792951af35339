"""One suite for both: the production crew against a pretend home on loopback, and the simulator's crew."""

from ipaddress import IPv4Address
from types import MappingProxyType

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.echo import EchoFake, EchoMode
from cadence_exporter.demo.natpmp_router import NatPmpMode, NatPmpRouter
from cadence_exporter.demo.tcp_port import PortMode, TcpPort
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.memory import EchoPlan, Memory, Phase, Rest
from cadence_exporter.model.observation import Answered, Failed, FailureReason, MappedAddress, RouterWan
from cadence_exporter.observe import crew as crew_module
from cadence_exporter.observe.crew import ProbeCrew
from cadence_exporter.observe.public_ip.last_word import LastWord
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.settings.schema import Settings
from cadence_exporter.settings.sections import ECHO_IPV4
from cadence_exporter.simulate.crew import WorldCrew
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.services import Lies
from cadence_exporter.simulate.world import World

LIE = IPv4Address("81.2.69.150")
SERVICES = len(ECHO_IPV4)
EVERYBODY = tuple(range(SERVICES))


class NoFaults:
    def caught(self, where, error):
        raise AssertionError(where) from error


class Real:
    """The crew of the service, as many echo services as by default, two targets and a router, all on loopback."""

    home = IPv4Address("93.184.216.34")

    def __init__(self):
        self.clock, self.word = SystemClock(), LastWord()
        self.router = NatPmpRouter(lambda: str(self.home))
        self.echo = [EchoFake(lambda: str(self.home)) for _ in range(SERVICES)]
        self.targets = [TcpPort() for _ in range(2)]
        settings = Settings.model_validate(
            {
                "loop": {"probe_timeout": "1s"},
                "router": {"address": "127.0.0.1", "natpmp": True, "natpmp_port": self.router.port},
                "wan": {"targets": [f"tcp://{each.address}" for each in self.targets]},
                "public_ip": {"echo": [each.url for each in self.echo], "quorum": 2},
            }
        )
        self.crew = ProbeCrew(self.clock, settings, Https(self.clock, CallLog(), environ={}), NoFaults(), self.word)
        self.sources = [each.url for each in self.echo]

    def outside_says(self, address, age_s=0.0):
        self.word.say(address, Instant(self.clock.monotonic() - age_s))

    def lies(self, number):
        self.echo[number].lie(str(LIE))

    def fails(self, number):
        self.echo[number].mode = EchoMode.HTML

    def router_says(self, address):
        self.router.says = str(address)

    def router_has_no_address(self):
        self.router.mode = NatPmpMode.NO_ADDRESS

    def router_is_mute(self):
        self.router.mode = NatPmpMode.OFF

    def target_is_down(self, number):
        self.targets[number].mode = PortMode.REFUSED

    def close(self):
        self.crew.close()
        for each in (*self.echo, *self.targets, self.router):
            each.close()


class Simulated:
    """The pretend home."""

    def __init__(self):
        self.world = World(PLAIN, 1, 86_400.0)
        self.clock, self.crew = self.world.clock, WorldCrew(self.world)
        self.home = self.world.line.leased[Family.IPV4]
        self.targets = self.world.targets
        self.sources = [each.url for each in self.world.echo]

    def outside_says(self, address, age_s=0.0):
        self.world.tripwire.word = lambda _now: MappedAddress(address, age_s)

    def lies(self, number):
        service = self.world.echo[number]
        service.lies = type(service.lies)()
        service.lies.add(Lies(lambda _family: LIE))

    def fails(self, number):
        self.world.echo[number].ills.add(FailureReason.CONTENT)

    def router_says(self, address):
        self.world.router.says.add(address)

    def router_has_no_address(self):
        self.world.router.says.add(None)

    def router_is_mute(self):
        self.world.router.natpmp_mute.add("mute")

    def target_is_down(self, number):
        self.world.targets[number].ills.add(FailureReason.REFUSED)

    def close(self):
        pass


@pytest.fixture(params=[Real, Simulated])
def home(request, monkeypatch):
    monkeypatch.setattr(crew_module, "_ROUTER_PATIENCE_S", 0.1)
    made = request.param()
    yield made
    made.close()


def observe(home, plan=None, *, hinted=False, phase=Phase.UP, tired=()):
    plans = MappingProxyType({Family.IPV4: plan} if plan else {})
    now = home.clock.now()
    rests = {(Family.IPV4, home.sources[number]): Rest(9, Instant(now.instant + 60.0 + number)) for number in tired}
    memory = Memory(phase, now, echo_plans=plans, echo_rests=MappingProxyType(rests))
    return home.crew.observe(now, memory, hinted=hinted)


def asked(home, plan=None, **more):
    """Which services, by number, in the order of their readings; and whether they were spared."""
    round_ = observe(home, plan, **more).echo[Family.IPV4]
    assert round_.configured == SERVICES
    return tuple(home.sources.index(each.source) for each in round_.readings), round_.spared


def quiet(home, first=1, turn=0, **more):
    return EchoPlan(first, turn, home.home, **more)


def test_without_a_plan_everybody_is_asked_and_answers(home):
    seen = observe(home)
    readings = seen.echo[Family.IPV4].readings
    assert sorted(home.sources.index(each.source) for each in readings) == list(EVERYBODY)
    assert {each.value.address for each in readings} == {home.home}
    assert isinstance(seen.router, Answered)
    assert [type(each) for each in seen.wan] == [Answered, Answered]
    assert isinstance(seen.router_wan, Answered)
    assert isinstance(seen.router_wan.value, RouterWan)


@pytest.mark.parametrize("turn", range(SERVICES))
def test_one_voice_that_says_the_expected_is_enough_and_they_take_turns(home, turn):
    assert asked(home, quiet(home, turn=turn)) == ((turn,), False)


@pytest.mark.parametrize("first", range(1, SERVICES + 2))
def test_as_many_are_asked_as_the_plan_wants(home, first):
    readings, spared = asked(home, quiet(home, first))
    assert (len(readings), readings[0], spared) == (min(first, SERVICES), 0, False)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("how", ["lies", "fails"])
def test_anything_unexpected_brings_in_the_whole_panel_at_once(home, how, number):
    getattr(home, how)(number)
    readings, spared = asked(home, quiet(home, 2, turn=0))
    assert (sorted(readings), set(readings[:2]), spared) == (list(EVERYBODY), {0, 1}, False)


def test_who_is_not_asked_may_lie_unheard(home):
    home.lies(3)
    assert asked(home, quiet(home, 2)) == ((0, 1), False)


def test_an_empty_plan_asks_nobody(home):
    assert asked(home, quiet(home, 0)) == ((), True)


def test_a_router_that_says_the_expected_spares_them_all(home):
    assert asked(home, quiet(home, 1, spare_if_router_says=home.home)) == ((), True)


def test_a_router_that_says_something_else_brings_in_the_whole_panel_at_once(home):
    home.router_says(LIE)
    readings, spared = asked(home, quiet(home, 1, spare_if_router_says=home.home))
    assert (sorted(readings), spared) == (list(EVERYBODY), False)


@pytest.mark.parametrize("how", ["router_has_no_address", "router_is_mute"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_router_without_a_word_spares_nobody_and_alarms_nobody(home, how, first):
    getattr(home, how)()
    plan = quiet(home, first, turn=1, spare_if_router_says=home.home)
    assert asked(home, plan) == (((1,), False) if first else ((), True))


@pytest.mark.parametrize("more", [{}, {"spare_if_router_says": True}])
@pytest.mark.parametrize("first", [0, 1])
def test_whoever_is_hinted_asks_everybody_whatever_the_plan(home, first, more):
    plan = quiet(home, first, **dict.fromkeys(more, home.home))
    readings, spared = asked(home, plan, hinted=True)
    assert (sorted(readings), spared) == (list(EVERYBODY), False)


@pytest.mark.parametrize("down", [(), (0,), (1,), (0, 1)])
def test_each_target_answers_for_itself(home, down):
    for number in down:
        home.target_is_down(number)
    assert [number for number, each in enumerate(observe(home).wan) if isinstance(each, Failed)] == list(down)


@pytest.mark.parametrize(
    ("how", "said"), [("router_has_no_address", Answered), ("router_is_mute", Failed), (None, Answered)]
)
def test_what_the_router_says_of_its_wan_side(home, how, said):
    if how:
        getattr(home, how)()
    reading = observe(home).router_wan
    assert isinstance(reading, said)
    if said is Answered:
        assert reading.value.address == (None if how else home.home)


def test_a_failing_service_is_a_failed_reading_with_its_reason(home):
    home.fails(0)
    reading = next(each for each in observe(home).echo[Family.IPV4].readings if each.source == home.sources[0])
    assert isinstance(reading, Failed)
    assert reading.reason is FailureReason.CONTENT


def vouched_from_outside(home, **more):
    return quiet(home, 1, turn=1, spare_if_outside_says=home.home, **more)


def test_a_tripwire_that_says_the_expected_spares_them_all(home):
    home.outside_says(home.home)
    assert asked(home, vouched_from_outside(home)) == ((), True)


def test_a_tripwire_that_says_something_else_brings_in_the_whole_panel_at_once(home):
    home.outside_says(LIE)
    readings, spared = asked(home, vouched_from_outside(home))
    assert (sorted(readings), spared) == (list(EVERYBODY), False)


def test_a_tripwire_that_fell_silent_spares_nobody_and_alarms_nobody(home):
    for address in (home.home, LIE):
        home.outside_says(address, age_s=21.0)
        assert asked(home, vouched_from_outside(home)) == ((1,), False)


def test_what_the_tripwire_says_is_seen_and_does_not_matter_to_a_plan_that_does_not_name_it(home):
    home.outside_says(LIE, age_s=3.0)
    seen = observe(home, quiet(home))
    assert (seen.outside.address, seen.outside.is_fresh) == (LIE, True)
    assert asked(home, quiet(home, 1, spare_if_router_says=home.home)) == ((), True)


@pytest.mark.parametrize("router", [None, LIE])
@pytest.mark.parametrize("outside", [None, LIE])
def test_where_both_vouch_each_of_them_can_bring_in_the_panel_and_either_can_be_silent(home, router, outside):
    home.outside_says(outside or home.home)
    if router:
        home.router_says(router)
    readings, spared = asked(home, vouched_from_outside(home, spare_if_router_says=home.home))
    assert (sorted(readings), spared) == (([], True) if router is outside is None else (list(EVERYBODY), False))


@pytest.mark.parametrize("tired", [(), (1,), (0, 1), (0, 2, 3)])
def test_who_has_a_rest_is_left_out_of_the_panel_and_of_the_turns(home, tired):
    awake = [number for number in EVERYBODY if number not in tired]
    assert sorted(asked(home, tired=tired)[0]) == awake
    assert sorted(asked(home, quiet(home, 0), hinted=True, tired=tired)[0]) == awake
    assert asked(home, quiet(home), tired=tired)[0] == (awake[0],)


def test_when_all_have_a_rest_a_quorum_is_asked_all_the_same(home):
    assert sorted(asked(home, tired=EVERYBODY)[0]) == [0, 1]


@pytest.mark.parametrize("hinted", [False, True])
@pytest.mark.parametrize("down", [(), (0,), (1,), (0, 1)])
def test_while_down_nobody_is_asked_before_a_target_answers(home, down, hinted):
    for number in down:
        home.target_is_down(number)
    readings, spared = asked(home, phase=Phase.DOWN, hinted=hinted)
    assert (sorted(readings), spared) == (([], True) if len(down) == len(home.targets) else (list(EVERYBODY), False))


def test_a_hint_changes_nothing_once_hints_have_had_their_share(home):
    assert asked(home, quiet(home, 1, even_if_hinted=True), hinted=True) == ((0,), False)
    assert asked(home, quiet(home, 0, even_if_hinted=True), hinted=True) == ((), True)
