"""What the board keeps and says; the clock is turned by hand."""

import json
from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Disputed, NotPublic, Unknown
from cadence_exporter.model.decision import AddressChanged, OutageEnded, Refusal, Refused, Transition
from cadence_exporter.model.instants import Instant, WallTime
from cadence_exporter.model.memory import Change, Layer, Outage, Phase, RecordMemory
from cadence_exporter.record.state.chronicle import OutageHeld
from cadence_exporter.record.web.calendar_time import iso, local, span
from cadence_exporter.record.web.messages import as_json
from cadence_exporter.record.web.status import EVENTS_KEPT, BoardSettings, StatusBoard
from tests.record.web.web_world import HOME, KEY, NOON, SPEC, HandClock, make_cycle, when

OTHER = ip_address("81.2.69.142")


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def board(clock):
    return StatusBoard(clock, BoardSettings("home", (SPEC,), 8.0))


def test_state_and_times(board, clock):
    board.record(make_cycle(at=1000.0, next_in=180.0))
    clock.seconds = 1060.0
    told = board.as_dict()
    assert told["state"] == "UP"
    assert told["since"] == iso(WallTime(NOON + 1000 - 3600))
    assert told["seconds_in_state"] == 3660.0
    assert told["next_look_in_seconds"] == 120.0
    assert told["next_look"] == iso(WallTime(NOON + 1180))
    assert told["uptime"] == {"cycles": 100, "up_cycles": 99, "ratio": 0.99}
    clock.seconds = 5000.0
    assert board.as_dict()["next_look_in_seconds"] == 0


def test_without_a_router_that_answers_it_is_not_known_whether_there_is_another_nat(board):
    assert board.as_dict()["cgnat"] is None
    silent = make_cycle()
    board.record(silent)
    assert board.as_dict()["cgnat"] is None
    behind = replace(silent.assessment, router_wan=ip_address("100.64.0.9"), cgnat=True)
    board.record(replace(silent, assessment=behind))
    assert board.as_dict()["cgnat"] is True


def test_the_document_can_always_be_written_as_json(board):
    json.dumps(board.as_dict())
    board.record(make_cycle(memory={"since": replace(when(0), wall=WallTime(1e300))}))
    told = board.as_dict()
    json.dumps(told)
    assert told["since"] is None


@pytest.mark.parametrize(
    ("verdict", "name", "address", "why"),
    [
        (Disputed((HOME, OTHER), "two against two"), "disputed", None, "two against two (93.184.216.34, 81.2.69.142)"),
        (Unknown("no answers"), "unknown", None, "no answers"),
        (NotPublic(ip_address("100.64.0.1"), "cgnat"), "not_public", "100.64.0.1", "cgnat"),
    ],
)
def test_verdicts(board, verdict, name, address, why):
    cycle = make_cycle()
    board.record(replace(cycle, assessment=replace(cycle.assessment, public={Family.IPV4: verdict})))
    told = board.as_dict()["public_ip"]["ipv4"]
    assert (told["verdict"], told["address"], told["why"]) == (name, address, why)
    assert told["confirmed"] == str(HOME)


@pytest.mark.parametrize(
    ("known", "in_sync"),
    [
        ({}, None),
        ({KEY: RecordMemory()}, None),
        ({KEY: RecordMemory(verified=HOME)}, True),
        ({KEY: RecordMemory(verified=OTHER)}, False),
    ],
)
def test_in_sync_is_unknown_until_verified(board, known, in_sync):
    board.record(make_cycle(memory={"records": known}))
    assert [each["in_sync"] for each in board.as_dict()["records"]] == [in_sync]


def test_a_change_in_flight_is_shown(board):
    change = Change(OTHER, when(990), published_at=when(995))
    board.record(make_cycle(memory={"records": {KEY: RecordMemory(verified=HOME, change=change)}}))
    told = board.as_dict()["records"][0]["change"]
    assert (told["address"], told["seconds"]) == ("81.2.69.142", 10.5)


def test_events_are_newest_first(board):
    step = Transition(Phase.DEGRADED, Phase.UP, "confirmed twice")
    ended = OutageEnded(when(900), when(1000), Layer.WAN)
    board.record(make_cycle(transition=step, outage_ended=ended, address_changes=(AddressChanged(HOME, OTHER),)))
    assert [each["text"] for each in board.as_dict()["events"]] == [
        "public address 93.184.216.34 → 81.2.69.142",
        "outage over after 1 min 40 s (wan)",
        "DEGRADED → UP: confirmed twice",
    ]


def test_a_standing_refusal_is_told_once(board):
    refused = (Refused(KEY, Refusal.NOT_UP, "state is down"),)
    for at in range(1000, 1010):
        board.record(make_cycle(at=float(at), refused=refused))
    assert len(board.as_dict()["events"]) == 1
    assert board.as_dict()["refused"][0]["reason"] == "not_up"
    board.record(make_cycle())
    board.record(make_cycle(refused=refused))
    assert board.as_dict()["events"][0]["times"] == 2


def test_the_list_of_events_is_bounded(board):
    for count in range(3 * EVENTS_KEPT):
        board.record(make_cycle(transition=Transition(Phase.UP, Phase.DOWN, f"number {count}")))
    told = board.as_dict()["events"]
    assert len(told) == EVENTS_KEPT
    assert "number 149" in told[0]["text"]


def test_calls_of_the_last_hour_are_those_of_the_metrics(board, clock):
    assert board.as_dict()["api_calls_last_hour"] is None
    counting = StatusBoard(clock, BoardSettings("home", (), 8.0), calls_last_hour=lambda: {"doh": 3})
    assert counting.as_dict()["api_calls_last_hour"] == {"doh": 3}


def test_outages(clock):
    board = StatusBoard(
        clock, BoardSettings("home", (), 8.0), OutageHeld(WallTime(NOON), WallTime(NOON + 60), 60.0, "lan")
    )
    assert board.as_dict()["outage"]["last"]["layer"] == "lan"
    board.record(make_cycle(memory={"outage": Outage(when(900), Layer.WAN)}))
    assert board.as_dict()["outage"]["current"]["seconds"] == 100.0
    board.record(make_cycle(outage_ended=OutageEnded(when(900), when(1000), Layer.WAN)))
    told = board.as_dict()["outage"]
    assert told["current"] is None
    assert (told["last"]["layer"], told["last"]["seconds"]) == ("wan", 100.0)


def test_an_outage_does_not_make_the_service_ill(board, clock):
    board.record(make_cycle(next_in=30.0, memory={"phase": Phase.DOWN}))
    clock.seconds = 1029.0
    assert board.health()[0]


def test_a_step_of_the_wall_clock_does_not_make_the_service_ill(board, clock):
    board.record(make_cycle())
    clock.wall = lambda: WallTime(0.0)
    assert board.health()[0]


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_a_cycle_in_which_every_call_for_every_record_times_out_is_no_stuck_one(clock, count):
    """The probes; for each record both rounds of resolvers, the provider read, written and read back; the power seen to be on."""
    timeout_s, a_moment_s = 8.0, 0.25
    board = StatusBoard(clock, BoardSettings("home", (SPEC,) * count, timeout_s))
    cycle = make_cycle(at=1000.0, next_in=190.0)
    board.record(cycle)
    clock.seconds = 1000.0 + 190.0 + timeout_s + count * 5 * (timeout_s + a_moment_s) + 20.0
    assert board.health()[0]
    assert board.stuck_at(cycle) >= clock.seconds
    clock.seconds += 60.0
    assert not board.health()[0], "and no longer than that"


def test_the_first_cycle_may_take_as_long_as_any_other(clock):
    board = StatusBoard(clock, BoardSettings("home", (SPEC,) * 3, 60.0))
    clock.seconds += 60.0 + 3 * 5 * 60.25 + 20.0
    assert board.health()[0]
    assert board.first_cycle_may_take_s >= 60.0 + 3 * 5 * 60.25 + 20.0


def test_the_lines_of_the_log_are_there(board):
    board.record(make_cycle())
    subjects = [line["subject"] for line in board.as_dict()["last_cycle"]["lines"]]
    assert subjects[0] == "LOOP"
    assert subjects[-1] == "NET_HEALTH"
    assert "READING" not in subjects


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599.9, "1 h"),
        (90061, "1 d 1 h"),
        (-5, "0 s"),
        (None, "—"),
        (86400, "1 d"),
    ],
)
def test_spans(seconds, words):
    assert span(seconds) == words


def test_times_that_do_not_exist():
    assert iso(WallTime(float("inf"))) is None
    assert iso(WallTime(float("nan"))) is None
    assert iso(WallTime(0.0)) == "1970-01-01T00:00:00Z"
    assert local(None) == "—"
    assert local("yesterday") == "yesterday"


def test_health_is_not_asked_of_a_clock_that_reads_backwards(board, clock):
    board.record(make_cycle(at=1000.0))
    clock.seconds = float(Instant(999.0))
    assert board.health()[0]


def test_half_a_character_in_somebodys_text_spoils_no_document():
    assert as_json(200, {"why": "\ud800"}).body == b'{\n  "why": "?"\n}\n'
