"""The log lines, character by character."""

import io
import json
import time
from dataclasses import replace
from ipaddress import ip_address
from types import MappingProxyType

import pytest

from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Disputed, Link, Unchanged, Unknown
from cadence_exporter.model.decision import Refusal, Refused, Transition
from cadence_exporter.model.memory import Phase, RecordMemory
from cadence_exporter.model.observation import Answered, EchoAnswer, EchoRound, Failed, FailureReason
from cadence_exporter.model.outcome import Operation, Result
from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.record.faults import CountedFaults
from cadence_exporter.record.log.console import Console, Style
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.log.layout import Format, render
from cadence_exporter.record.log.plain import plain, width
from tests.record.cycles import (
    HOME,
    KEY,
    MOVED,
    WALL,
    Broken,
    Hands,
    at,
    eventful,
    make_cycle,
    memory,
    observation,
    outcome,
    reconcile,
)

SEED = """\
11:08:44 🔁 LOOP        START      Wed Jan 28 2026                    | loop=3408
11:08:44 💚 HEARTBEAT   OK         —————————
11:08:44 🟢 ROUTER      UP         ip=192.168.0.1                     | rtt=9ms
11:08:44 🟢 WAN_PATH    UP         tls://1.1.1.1:443                  | rtt=28ms
11:08:45 🟢 PUBLIC_IP   OK         ip=93.184.216.34                   | rtt=74ms | attempts=1/4
11:08:45 🟢 CACHE       HIT        ip=93.184.216.34                   | rtt=1ms | age=250s / 3600s
11:08:45 🟢 NET_HEALTH  UP         ALL SYSTEMS NOMINAL 🐾             | loop_ms=295 | uptime=99.85% (3403/3408) | sleep=129s
"""


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def lines_of(cycle, *, level=Level.INFO, form=Format.CONSOLE):
    stream = Broken()
    Console(stream, Hands(), Style(form, level, site="home", cache_max_age_s=3600.0)).record(cycle)
    return stream.text


def test_a_healthy_cycle_looks_like_the_seed_character_by_character():
    assert lines_of(make_cycle(at(1000))) == SEED


def test_columns_are_filled_by_the_width_on_a_terminal():
    assert width("ALL SYSTEMS NOMINAL 🐾") == 22
    assert width("e\u0301") == 1
    assert width("住") == 2


def test_json_lines_carry_the_cycle_the_site_and_a_zoned_time():
    entries = [json.loads(line) for line in lines_of(make_cycle(at(1000)), form=Format.JSON).splitlines()]
    assert entries[2] == {
        "ts": "2026-01-28T11:08:44.909+00:00",
        "level": "info",
        "site": "home",
        "cycle_id": "3408-abcdef",
        "subject": "ROUTER",
        "status": "UP",
        "ip": "192.168.0.1",
        "rtt": "9ms",
    }
    assert {entry["cycle_id"] for entry in entries} == {"3408-abcdef"}


def test_logfmt_quotes_what_has_spaces():
    last = lines_of(make_cycle(at(1000)), form=Format.LOGFMT).splitlines()[-1]
    assert last.startswith(
        "ts=2026-01-28T11:08:45.195+00:00 level=info site=home cycle_id=3408-abcdef subject=NET_HEALTH"
    )
    assert 'uptime="99.85% (3403/3408)"' in last
    assert last.endswith("sleep=129s")


def test_level_warning_is_silent_while_all_is_well():
    assert lines_of(make_cycle(at(1000)), level=Level.WARNING) == ""


def test_level_debug_adds_each_reading():
    text = lines_of(make_cycle(at(1000)), level=Level.DEBUG)
    assert text.count(" READING ") == 3


def test_trouble_is_told_with_its_reason():
    cycle = make_cycle(
        at(1000),
        before=memory(),
        after=memory(Phase.DOWN),
        seen=observation(at(1000), router=False, wan=False),
        public=Unknown("no answers"),
        transition=Transition(Phase.UP, Phase.DOWN, "wan path fails"),
        refused=(Refused(KEY, Refusal.CONFLICT, "a CNAME is in the way"),),
    )
    text = lines_of(cycle, level=Level.WARNING)
    for part in (
        "🔴 ROUTER      DOWN       ip=192.168.0.1                     | reason=timeout | detail=no answer",
        "🔴 WAN_PATH    DOWN       tls://1.1.1.1:443                  | reason=refused",
        "🟡 PUBLIC_IP   UNKNOWN    —————————",
        "🔻 STATE       DOWN       up -> down",
        "🟠 DNS         LEFT       record=vpn.example.com A           | reason=conflict",
        "🔴 NET_HEALTH  DOWN",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("gateway", "says"), [(ip_address("192.168.0.1"), "ROUTER DOES NOT ANSWER"), (None, "THIS HOST HAS NO ROUTE")]
)
def test_a_router_that_is_silent_and_a_host_without_one_are_told_apart(gateway, says):
    cycle = make_cycle(after=memory(Phase.DOWN), seen=observation(at(1000), router=False, wan=False))
    cycle = replace(
        cycle,
        observation=replace(cycle.observation, gateway=gateway),
        assessment=replace(cycle.assessment, lan=Link.DOWN),
    )
    (line,) = (each for each in lines_of(cycle).splitlines() if "NET_HEALTH" in each)
    assert says in line


def test_a_dispute_names_every_address():
    assert "DISPUTED   ips=93.184.216.34,81.2.69.142" in lines_of(
        make_cycle(public=Disputed((HOME, MOVED), "two voices"))
    )


@pytest.mark.parametrize("result", list(Result))
def test_every_result_of_an_action_has_a_line(result):
    text = lines_of(
        make_cycle(outcomes=(outcome(result, operation=Operation.UPDATE, found=(HOME,)),), actions=(reconcile(),))
    )
    assert f"ip={MOVED}" in text
    assert "found=93.184.216.34" in text


def test_a_written_record_tells_how_long_it_took():
    text = lines_of(make_cycle(outcomes=(outcome(Result.UPDATED, now=at(1002.0)),), actions=(reconcile(),)))
    assert "DNS         CONVERGED  record=vpn.example.com A           | stage=published | after=12.0s" in text


def test_a_cache_that_holds_another_address_is_a_miss():
    before = memory(records=MappingProxyType({KEY: RecordMemory(verified=HOME)}))
    assert "CACHE       MISS       ip=93.184.216.34" in lines_of(make_cycle(before=before, actions=(reconcile(),)))
    assert "CACHE       STALE      ip=93.184.216.34" in lines_of(make_cycle(before=before, actions=(reconcile(HOME),)))


def test_a_voice_that_was_outvoted_is_named():
    seen = observation(at(1000))
    voices = tuple(Answered(f"e{n}", EchoAnswer(ip, f"o{n}"), 0.1) for n, ip in enumerate((HOME, MOVED, HOME)))
    seen = replace(seen, echo=MappingProxyType({Family.IPV4: EchoRound(voices, 3)}))
    assert f"attempts=3/3 | outvoted={MOVED}" in lines_of(make_cycle(seen=seen))
    assert "outvoted" not in lines_of(make_cycle())


def test_a_spared_round_says_why_nobody_was_asked():
    seen = observation(at(1000), asked=0)
    assert "attempts=0/4 | router=unchanged" in lines_of(make_cycle(seen=seen, public=Unchanged(HOME, "router")))
    quarrel = Disputed((HOME, MOVED), "echo services name different addresses")
    assert "attempts=0/4 | services=at rest" in lines_of(make_cycle(seen=seen, public=quarrel))


def test_both_families_are_told_apart():
    seen = observation(at(1000))
    v6 = EchoRound((Answered("e", EchoAnswer(HOME, "o"), 0.1),), 4)
    seen = replace(seen, echo=MappingProxyType({**seen.echo, Family.IPV6: v6}))
    cycle = make_cycle(seen=seen)
    public = MappingProxyType({**cycle.assessment.public, Family.IPV6: Unknown("none")})
    text = lines_of(replace(cycle, assessment=replace(cycle.assessment, public=public)))
    assert "family=ipv4" in text
    assert "family=ipv6" in text


def test_who_rang_is_named():
    assert "| loop=3408 | woken_by=signal" in lines_of(
        replace(make_cycle(), wakeup=Wakeup(frozenset({Reason.SIGNAL, Reason.DUE})))
    )


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize(
    "evil", ["\x1b[2J", "\r\nINFO all is well", "\u2028", "\u202eevil", "\x00", "\ud800", "\x9b31m", "a" * 5000]
)
def test_outside_text_cannot_break_a_line_or_reach_the_terminal(form, evil):
    seen = observation(at(1000))
    seen = replace(seen, wan=(Failed(evil, FailureReason.OTHER, evil, 0.1),))
    text = lines_of(make_cycle(seen=seen), level=Level.DEBUG, form=form)
    for line in text.split("\n"):
        assert line.isprintable()
        assert len(line) < 1200
    assert len(text.splitlines()) == len(lines_of(make_cycle(), level=Level.DEBUG).splitlines())
    text.encode()


def test_plain_leaves_ordinary_text_alone():
    assert plain("Zürich, 東京 🐾") == "Zürich, 東京 🐾"


class Closed:
    encoding = "utf-8"

    def write(self, text):
        raise BrokenPipeError

    def flush(self):
        raise OSError(28, "No space left on device")


def test_an_output_that_fails_never_stops_anybody():
    console = Console(Closed(), Hands(), Style())
    console.record(make_cycle())
    console.event(Fact("START", "OK"))
    closed = io.StringIO()
    closed.close()
    Console(closed, Hands(), Style()).record(make_cycle())


def test_a_locale_without_emoji_gets_question_marks():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Console(stream, Hands(), Style()).record(make_cycle())
    assert b"11:08:44 ? ROUTER      UP         ip=192.168.0.1" in raw.getvalue()


def test_lines_are_counted_by_level_and_events_have_no_cycle():
    stream = Broken()
    console = Console(stream, Hands(), Style(Format.JSON))
    console.event(Fact("STOP", "CLEAN", "bye", level=Level.WARNING))
    console.event(Fact("STOP", "CLEAN", level=Level.DEBUG))
    assert console.counts()["cadence_log_messages_total", "warning"] == 1
    assert console.counts()["cadence_log_messages_total", "debug"] == 0
    assert json.loads(stream.text) == {
        "ts": "2026-01-28T11:08:44.900+00:00",
        "level": "warning",
        "subject": "STOP",
        "status": "CLEAN",
        "message": "bye",
    }


@pytest.mark.parametrize("form", [Format.JSON, Format.LOGFMT])
def test_what_goes_wrong_in_a_cycle_carries_its_id_on_every_line(form):
    stream = io.StringIO()
    console = Console(stream, Hands(), Style(format=form, level=Level.DEBUG))
    faults = CountedFaults(console)
    console.during("17-abcdef")
    faults.caught("act", ValueError("two\nlines"))
    console.record(replace(eventful(at(1000)), id="17-abcdef"))
    lines = stream.getvalue().splitlines()
    assert len(lines) > 10
    assert [line for line in lines if "17-abcdef" not in line] == []
    console.during("")
    faults.caught("reload", ValueError("x"))
    assert "cycle_id" not in "".join(stream.getvalue().splitlines()[len(lines) :])


@pytest.mark.parametrize("wall", [1e300, -1e300, float("inf"), float("nan")])
def test_a_clock_out_of_range_still_makes_a_line(wall):
    assert "X" in render(Fact("X", "Y"), wall, Format.JSON, {})


def test_faults_are_one_line_and_the_traceback_is_for_debug():
    for level, wanted in ((Level.INFO, 1), (Level.DEBUG, 2)):
        stream = Broken()
        faults = CountedFaults(Console(stream, Hands(), Style(level=level)))
        faults.caught("act", ValueError("line one\nline two"))
        faults.caught("who knows", ValueError())
        assert len(stream.text.splitlines()) >= wanted
        assert stream.text.splitlines()[0] == "11:08:44 🔴 FAULT       ACT        ValueError: line one\ufffdline two"
        assert faults.counts()["cadence_loop_exceptions_total", "act"] == 1
        assert faults.counts()["cadence_loop_exceptions_total", "record"] == 1
    assert WALL
