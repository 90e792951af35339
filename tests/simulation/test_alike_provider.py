"""One suite for both: Cloudflare's client against its fake on loopback, and the simulator's zone."""

import json
from ipaddress import ip_address

import pytest

from cadence_exporter.act.dns.cloudflare import Cloudflare
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.cloudflare import CloudflareFake
from cadence_exporter.demo.cloudflare_faults import Fault, html, lost_answer, silence, too_many_requests
from cadence_exporter.demo.http_service import Reply
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.instants import later
from cadence_exporter.model.outcome import Operation
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.world import World
from cadence_exporter.simulate.zone import Trouble

NAME = "vpn.example.com"
SPEC = RecordSpec(RecordKey(NAME, RecordType.A), "cloudflare")
OLD, NEW, OTHER = (ip_address(text) for text in ("81.2.69.142", "93.184.216.34", "81.2.69.150"))
ELSEWHERE = "elsewhere.example.net"
TOKEN = "made-up-token_of.the~test"


def said(status, body):
    return Fault(Reply(status, json.dumps(body).encode(), "application/json"))


def refusing(status, *errors):
    body = {"success": False, "errors": [{"code": code, "message": "words"} for code in errors], "result": None}
    return said(status, body)


class Real:
    """The client, its API on loopback."""

    deadline_s = 0.3

    def __init__(self):
        self.clock = SystemClock()
        self.fake = CloudflareFake({"example.com": "1" * 32}, TOKEN)
        https = Https(self.clock, CallLog(), environ={})
        self.provider = Cloudflare(https, self.clock, api_token=TOKEN, zone_id=None, base_url=self.fake.base_url)

    def hold(self, *contents, ttl=300):
        self.fake.remove_by_hand(NAME, "A")
        for content in contents:
            self.fake.add_by_hand(NAME, "A", str(content), ttl=ttl)

    def cname(self):
        self.fake.remove_by_hand(NAME, "A")
        self.fake.add_by_hand(NAME, "CNAME", ELSEWHERE)

    def contents(self):
        return self.fake.contents(NAME)

    def befall(self, trouble, retry_after_s=None):
        self.provider.read(SPEC, later(self.clock.monotonic(), 5))  # the zone's id is known from now on
        held = [{"id": each["id"], "name": NAME, "type": "A", "content": each["content"], "ttl": each["ttl"]}
                for each in self.fake.records if each["name"] == NAME]  # fmt: skip
        self.fake.persistent_fault = {
            Trouble.ERROR_500: html(500),
            Trouble.SLOW_DOWN: too_many_requests(int(retry_after_s)) if retry_after_s else refusing(429, 971),
            Trouble.NO_SUCCESS: refusing(200),
            Trouble.TIMEOUT: silence(),
            Trouble.REVOKED: refusing(403, 9109),
            Trouble.LOST_ANSWER: lost_answer(),
            Trouble.NOT_DONE: said(200, {"success": True, "result": {"id": "1" * 32, "name": NAME}}).on("POST", "PATCH"),
            Trouble.OLD_READS: said(200, {"success": True, "result": held}).on("GET"),
        }[trouble]  # fmt: skip

    def recover(self):
        self.fake.persistent_fault = None

    def close(self):
        self.fake.close()


class Simulated:
    """The pretend home's zone."""

    deadline_s = 8.0

    def __init__(self):
        self.world = World(PLAIN, 1, 86_400.0)
        self.clock, self.provider = self.world.clock, self.world.zone

    def hold(self, *contents, ttl=300):
        self.provider.by_hand(SPEC.key, ())
        self.provider.by_hand(SPEC.key, tuple(map(str, contents)))
        self.world.pass_time(60.0)

    def cname(self):
        self.provider.cnames.add(ELSEWHERE)

    def contents(self):
        return list(self.provider.contents(SPEC.key))

    def befall(self, trouble, retry_after_s=None):
        self.provider.retry_after_s = retry_after_s
        self.provider.troubles.add(trouble)

    def recover(self):
        self.provider.troubles.clear()

    def close(self):
        pass


@pytest.fixture(params=[Real, Simulated])
def home(request):
    made = request.param()
    yield made
    made.close()


def deadline(home):
    return later(home.clock.monotonic(), home.deadline_s)


def read(home, spec=SPEC):
    return home.provider.read(spec, deadline(home))


def shown(home, spec=SPEC):
    return [each.content for each in read(home, spec).held]


def failing(home, work):
    """How a call failed. A client that gives up by itself and one that its lane gives up on are the same to the reconciler."""
    with pytest.raises((ActionFailed, TimeoutError)) as caught:
        work()
    error = caught.value
    return (error.retry_after_s, error.refusal) if isinstance(error, ActionFailed) else (None, False)


def writes(home, spec=SPEC):
    """An update of what is held, or a creation."""
    held = read(home, spec).held
    if held:
        return lambda: home.provider.update(spec, held[0], NEW, deadline(home))
    return lambda: home.provider.create(spec, NEW, deadline(home))


@pytest.mark.parametrize("contents", [(), (OLD,), (OLD, OTHER)])
def test_what_is_held_is_read_with_ids_of_its_own(home, contents):
    home.hold(*contents)
    seen = read(home)
    assert sorted(each.content for each in seen.held) == sorted(map(str, contents))
    assert len({each.id for each in seen.held} - {None}) == len(contents)
    assert seen.cname is None


def test_a_cname_is_seen_and_nothing_can_be_made_beside_it(home):
    home.cname()
    assert read(home).cname == ELSEWHERE
    assert failing(home, lambda: home.provider.create(SPEC, NEW, deadline(home))) == (None, True)
    assert home.contents() == []


def test_an_update_changes_one_record_and_keeps_its_id_and_ttl(home):
    home.hold(OLD, OTHER, ttl=300)
    first = read(home).held[0]
    home.provider.update(SPEC, first, NEW, deadline(home))
    after = {each.id: each for each in read(home).held}
    assert (after[first.id].content, after[first.id].ttl) == (str(NEW), 300)
    assert sorted(home.contents()) == sorted([str(NEW), *({str(OLD), str(OTHER)} - {first.content})])


def test_an_update_sets_the_ttl_that_the_settings_name(home):
    home.hold(OLD, ttl=300)
    spec = RecordSpec(SPEC.key, SPEC.provider, ttl=120)
    home.provider.update(spec, read(home, spec).held[0], NEW, deadline(home))
    assert [each.ttl for each in read(home, spec).held] == [120]


@pytest.mark.parametrize(("ttl", "expected"), [(None, 60), (120, 120)])
def test_a_record_is_made_with_a_short_ttl_unless_the_settings_name_another(home, ttl, expected):
    spec = RecordSpec(SPEC.key, SPEC.provider, ttl=ttl)
    home.provider.create(spec, NEW, deadline(home))
    assert [(each.content, each.ttl) for each in read(home, spec).held] == [(str(NEW), expected)]


def test_an_identical_record_is_not_made_twice_and_another_is(home):
    home.hold(NEW)
    assert failing(home, lambda: home.provider.create(SPEC, NEW, deadline(home))) == (None, False)
    assert home.contents() == [str(NEW)]
    home.provider.create(SPEC, OTHER, deadline(home))
    assert sorted(shown(home)) == sorted([str(NEW), str(OTHER)])


def test_a_record_cannot_become_what_another_is_already(home):
    home.hold(OLD, NEW)
    old = next(each for each in read(home).held if each.content == str(OLD))
    assert failing(home, lambda: home.provider.update(SPEC, old, NEW, deadline(home))) == (None, False)
    assert sorted(home.contents()) == sorted([str(OLD), str(NEW)])


def test_a_record_that_is_gone_cannot_be_changed(home):
    home.hold(OLD)
    held = read(home).held[0]
    home.hold(OTHER)
    assert failing(home, lambda: home.provider.update(SPEC, held, NEW, deadline(home))) == (None, False)
    assert home.contents() == [str(OTHER)]


NEITHER_READ_NOR_WRITTEN = [
    (Trouble.ERROR_500, None, None),
    (Trouble.NO_SUCCESS, None, None),
    (Trouble.REVOKED, None, None),
    (Trouble.TIMEOUT, None, None),
    (Trouble.SLOW_DOWN, 60.0, 60.0),
    (Trouble.SLOW_DOWN, None, 300.0),
    (Trouble.SLOW_DOWN, 86_400.0, 3600.0),
]


@pytest.mark.parametrize("contents", [(), (OLD,)], ids=["none", "one"])
@pytest.mark.parametrize(("trouble", "asked_s", "waits_s"), NEITHER_READ_NOR_WRITTEN)
def test_in_trouble_nothing_is_read_and_nothing_is_written(home, trouble, asked_s, waits_s, contents):
    home.hold(*contents)
    write = writes(home)
    home.befall(trouble, asked_s)
    assert failing(home, lambda: read(home)) == (waits_s, False)
    assert failing(home, write) == (waits_s, False)
    assert home.contents() == [str(each) for each in contents]
    home.recover()
    assert shown(home) == [str(each) for each in contents]


@pytest.mark.parametrize("contents", [(), (OLD,)], ids=["none", "one"])
def test_a_lost_answer_is_a_failure_and_the_write_is_there(home, contents):
    home.hold(*contents)
    write = writes(home)
    home.befall(Trouble.LOST_ANSWER)
    assert failing(home, write) == (None, False)
    assert shown(home) == [str(NEW)]


@pytest.mark.parametrize("contents", [(), (OLD,)], ids=["none", "one"])
def test_what_is_answered_with_success_may_not_have_been_done(home, contents):
    home.hold(*contents)
    write = writes(home)
    home.befall(Trouble.NOT_DONE)
    write()
    assert shown(home) == [str(each) for each in contents]


def test_a_reading_may_show_what_was_there_before(home):
    home.hold(OLD)
    write = writes(home)
    home.befall(Trouble.OLD_READS)
    write()
    assert shown(home) == [str(OLD)]
    home.recover()
    assert shown(home) == [str(NEW)]


def test_every_trouble_of_the_simulator_is_held_to_the_client_but_the_one_that_is_only_late():
    tried = {each[0] for each in NEITHER_READ_NOR_WRITTEN} | {
        Trouble.LOST_ANSWER, Trouble.NOT_DONE, Trouble.OLD_READS,
    }  # fmt: skip
    assert set(Trouble) - tried == {Trouble.LATE}
    assert set(Operation) == {Operation.CREATE, Operation.UPDATE}
