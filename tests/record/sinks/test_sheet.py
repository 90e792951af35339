import json
from itertools import pairwise

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.assessment import Link
from cadence_exporter.model.delivery import Trouble
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.recovery import PowerResult
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.child import Said, run_child
from cadence_exporter.outbound.https import Answer, Https
from cadence_exporter.outbound.lane import Lane
from cadence_exporter.record.sheets import account
from cadence_exporter.record.sheets.api import SheetsApi
from cadence_exporter.record.sheets.rows import EVENT_HEADER, HIDDEN, STATUS_HEADER
from cadence_exporter.record.sheets.sheet import CHANNEL, GROWTH, TAIL, id_in
from cadence_exporter.record.sinks.courier import DeliveryFailed
from cadence_exporter.record.sinks.outbox import Outbox
from tests.fakes.google import EMAIL, SPREADSHEET, FakeGoogle, Grid, serving
from tests.record.cycles import HOME, Hands, memory
from tests.record.sinks.sink_world import LOG, World


def ids(world, title=LOG):
    return [line[0] for line in world.google.log_of(title)]


def test_the_first_cycle_makes_both_tabs_and_writes_the_home():
    world = World()
    world.cycle()
    header, row = world.google.tabs["Cadence"].lines()
    assert tuple(header) == STATUS_HEADER
    assert row[:2] == ["home", "UP"]
    assert row[3] == 99.853
    assert row[4:6] == ["93.184.216.34", "vpn.example.com A 93.184.216.34 ok"]
    assert LOG in world.google.tabs
    assert world.state.up
    assert "drive" not in world.google.scopes


def test_an_event_is_written_below_its_header_and_is_gone_from_the_outbox():
    world = World()
    world.move()
    assert tuple(world.google.tabs[LOG].lines()[0]) == EVENT_HEADER
    address, dns = world.google.log_of(LOG)
    assert address[2:6] == ["address", "ipv4", "93.184.216.34", "81.2.69.142"]
    assert dns[2:6] == ["dns", "vpn.example.com A", "93.184.216.34", "81.2.69.142"]
    assert world.outbox.waiting("sheets") == ()
    assert world.state.delivered == 2


def test_an_outage_is_written_with_its_length():
    world = World()
    world.outage(seconds=720.0)
    (row,) = world.google.log_of(LOG)
    assert row[0].startswith("outage-")
    assert row[2:4] == ["outage", "wan"]
    assert row[6] == 720.0


def test_nothing_is_tried_while_there_is_no_way_out_and_all_of_it_is_written_afterwards():
    world = World()
    world.cycle()
    asked = len(world.google.steps)
    for _ in range(5):
        world.move(wan=Link.DOWN)
    assert len(world.google.steps) == asked
    assert world.state.backlog == 10
    world.outage()
    assert len(ids(world)) == 11
    assert world.state.backlog == 0


def test_where_nothing_changed_the_home_is_written_once_a_minute():
    world = World()
    for _ in range(61):
        world.cycle(pause=2.0)
    assert len(world.google.writes_at) == 3


def test_two_writes_are_at_least_five_seconds_apart():
    world = World()
    for _ in range(40):
        world.cycle(pause=1.0, after=memory(Phase.DEGRADED))
        world.cycle(pause=1.0)
    gaps = [later - sooner for sooner, later in pairwise(world.google.writes_at)]
    assert min(gaps) >= 5.0


@pytest.mark.parametrize("step", ["token", "tabs", "change", "read", "write"])
@pytest.mark.parametrize(
    "fault", ["lost", "reply_lost", "lie", "garbage", "empty", 429, 403, 404, 500, 503, 400, 302, 401]
)
def test_whatever_goes_wrong_once_at_any_step_nothing_is_lost_and_nothing_is_there_twice(step, fault):
    world = World()
    left = [fault]
    world.google.fault = lambda at: left.pop() if at == step and left else None
    world.move()
    failed = world.state.up is False
    for _ in range(60):
        world.cycle()
    assert failed or fault == "lie"
    assert world.state.up
    assert sorted(ids(world)) == sorted(set(ids(world)))
    assert len(ids(world)) == 2
    assert [line[0] for line in world.google.tabs["Cadence"].lines()] == ["home", "home"]


def test_a_write_whose_answer_was_lost_is_recognised_after_a_restart():
    world = World()
    world.cycle()
    world.google.fault = lambda step: "reply_lost" if step == "write" else None
    world.outage()
    assert world.state.up is False
    assert len(ids(world)) == 1
    world.google.fault = lambda step: None
    world.begin()
    world.cycle()
    assert len(ids(world)) == 1
    assert world.state.backlog == 0


def test_a_write_that_is_only_claimed_is_noticed():
    world = World()
    world.cycle()
    world.google.fault = lambda step: "lie" if step == "write" else None
    world.outage()
    assert world.state.trouble is Trouble.CONTENT
    assert world.state.backlog == 1


@pytest.mark.parametrize(
    ("status", "trouble", "word"),
    [
        (403, Trouble.FORBIDDEN, "share the sheet"),
        (404, Trouble.NOT_FOUND, "no such spreadsheet"),
        (429, Trouble.RATE_LIMITED, "too many requests"),
        (401, Trouble.AUTH, "access token"),
        (500, Trouble.SERVER, "500"),
    ],
)
def test_a_refusal_is_said_in_a_sentence_and_waited_out_longer_and_longer(status, trouble, word):
    world = World()
    world.google.fault = lambda step: status if step != "token" else None
    tries = []
    for _ in range(400):
        before = len(world.google.steps)
        world.cycle(pause=30.0)
        if len(world.google.steps) > before:
            tries.append(world.clock.seconds)
    assert world.state.trouble is trouble
    assert word in world.state.why
    gaps = [round(later - sooner) for sooner, later in pairwise(tries)]
    assert gaps == sorted(gaps)
    assert gaps[0] < 100
    assert 3500 <= gaps[-1] <= 3700


def test_a_token_lasts_until_shortly_before_its_end():
    world = World()
    for _ in range(45):
        world.cycle()
    assert world.google.tokens == 3  # two hours and a quarter
    assert world.state.failures == {}


def test_a_key_that_the_endpoint_does_not_know_is_refused_with_a_reason():
    world = World()
    world.begin(account=FakeGoogle(world.clock, private=1).account())
    world.cycle()
    assert world.state.trouble is Trouble.AUTH
    assert world.google.tokens == 0


def test_a_clock_that_is_wrong_is_named_as_a_cause():
    world = World()
    world.google.clock = Hands(seconds=1000.0, wall=world.clock.wall() + 7200)
    world.https.google = world.google
    world.cycle()
    assert "clock" in world.state.why


@pytest.mark.parametrize(
    ("code", "word"), [(3, "'google-auth>=2.40,<3'"), (4, "private key"), (None, "in time"), (1, "in time")]
)
def test_what_the_signing_child_says_is_told(code, word):
    world = World()
    world.begin(run_child=lambda *_: Said(code, b""))
    world.cycle()
    assert world.state.trouble is Trouble.SETUP
    assert word in world.state.why


def test_a_token_that_would_break_a_header_is_none():
    world = World()
    world.google.fault = lambda step: None
    normal = world.google._token
    world.google._token = lambda form: normal(form) | {"access_token": "a\r\nX: y"}
    world.cycle()
    assert world.state.trouble is Trouble.CONTENT


def test_a_spreadsheet_may_be_given_by_its_name_or_its_address():
    assert id_in(SPREADSHEET) == SPREADSHEET
    assert id_in(f"https://docs.google.com/spreadsheets/d/{SPREADSHEET}/edit#gid=0") == SPREADSHEET
    assert id_in("my home's log") is None
    world = World("my home's log")
    world.google.names = {SPREADSHEET: "my home's log"}
    world.cycle()
    assert world.state.up
    assert world.google.steps.count("find") == 1


def test_a_name_that_nothing_or_too_much_has_is_refused():
    world = World("home")
    world.google.names = {SPREADSHEET: "home", SPREADSHEET + "2": "home"}
    world.cycle()
    assert "several spreadsheets" in world.state.why
    world.google.names = {}
    world.clock.seconds += 3600
    world.cycle()
    assert world.state.trouble is Trouble.NOT_FOUND


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-2+3", '=HYPERLINK("http://x")'])
def test_nothing_that_looks_like_a_formula_is_ever_evaluated(text):
    world = World(site=text, worksheet="a'b")
    world.move()
    assert world.google.tabs["a'b"].lines()[1][0] == text
    assert "EVALUATED" not in json.dumps([grid.lines() for grid in world.google.tabs.values()])
    assert world.state.up


def test_the_fake_would_evaluate_what_is_not_raw():
    world = World()
    world.cycle()
    body = {"valueInputOption": "USER_ENTERED", "data": [{"range": "'Cadence'!A1:A1", "values": [["=1+1"]]}]}
    world.google._write(body)
    assert world.google.tabs["Cadence"].cells[1, 0] == "EVALUATED"


def test_two_homes_have_a_row_each_in_one_tab_and_a_log_each():
    world = World()
    other = World(site="cabin")
    other.google = world.google
    other.https.google = world.google
    other.clock = world.clock
    other.begin(account=world.google.account())
    for _ in range(3):
        world.move()
        other.move()
    assert [line[0] for line in world.google.tabs["Cadence"].lines()] == ["home", "home", "cabin"]
    assert len(ids(world)) == len(ids(world, "Cadence log cabin")) == 6


def test_a_row_that_somebody_moved_is_found_again_and_no_other_is_touched():
    world = World()
    world.cycle()
    grid = world.google.tabs["Cadence"]
    row = [grid.cells.pop((2, column)) for column in range(10)]
    for column, value in enumerate(row):
        grid.cells[7, column] = value
    grid.cells[2, 0] = "somebody else's"
    world.cycle()
    assert grid.cells[2, 0] == "somebody else's"
    assert sum(line[0] == "home" for line in grid.lines()[1:]) == 1


def test_a_long_log_grows_and_is_not_read_from_its_beginning():
    world = World()
    world.cycle()
    grid = world.google.tabs[LOG]
    grid.rows = TAIL + 2000
    grid.cells = {(row, 0): f"old-{row}" for row in range(1, grid.rows + 1)}
    world.sheet._tabs = {}
    world.move()
    assert world.state.up
    assert grid.rows == TAIL + 2000 + 2 + GROWTH
    assert [grid.cells[row, 0] for row in (TAIL + 2001, TAIL + 2002)] == [
        "address-ipv4-2-abc",
        "dns-vpn.example.com-A-2-abc",
    ]
    read = [request[1] for request in world.google.seen if "batchGet" in request[1]]
    assert not any("A1%3AA&" in url for url in read)


def test_thousands_of_empty_rows_below_the_log_hide_nothing():
    world = World()
    world.move()
    world.google.tabs[LOG].rows = 50_000
    world.sheet._tabs = {}
    world.move()
    assert len(ids(world)) == 4
    assert world.google.tabs[LOG].cells[4, 0].startswith("address-")


def test_addresses_can_be_kept_out_of_the_sheet():
    world = World(shows=False)
    world.move()
    text = json.dumps([grid.lines() for grid in world.google.tabs.values()])
    assert HIDDEN in text
    assert "93.184" not in text
    assert "81.2.69" not in text


def test_the_queue_is_bounded_and_what_gives_way_is_counted():
    world = World()
    for _ in range(1200):
        world.move(wan=Link.DOWN, pause=1.0)
    assert world.state.backlog == 2000
    assert world.state.dropped == 400
    for _ in range(12):
        world.cycle()
    assert len(ids(world)) == 2000
    assert world.state.backlog == 0


def test_a_tab_that_was_removed_is_made_again():
    world = World()
    world.cycle()
    del world.google.tabs["Cadence"]
    for _ in range(3):
        world.cycle()
    assert world.google.tabs["Cadence"].lines()[1][0] == "home"


def test_a_tab_that_cannot_be_made_is_said_with_its_usual_causes():
    """Google's names of tabs are alike whatever their capitals, and have 100 characters at most."""
    world = World()
    world.google.fault = lambda step: 400 if step == "change" else None
    world.cycle()
    assert world.state.trouble is Trouble.REJECTED
    assert all(word in world.state.why for word in ("capitals", "100 characters", "sheets.worksheet"))


def test_a_tab_of_ones_own_keeps_its_first_row():
    world = World()
    world.google.tabs["Cadence"] = Grid(9, cells={(1, 0): "mine"})
    world.cycle()
    assert [line[0] for line in world.google.tabs["Cadence"].lines()] == ["mine", "home"]


def test_no_word_of_an_answer_and_nothing_of_the_account_is_ever_repeated():
    for status in (400, 401, 403, 404, 429, 500):
        world = World()
        world.google.fault = lambda step, status=status: status  # the fake repeats the request's headers
        world.cycle()
        assert "Bearer" not in world.state.why
        assert EMAIL not in world.state.why
        assert "secret-host" not in world.state.why
    assert EMAIL not in repr(Https) + repr(world.sheet._api.__dict__)


def test_the_real_client_and_the_real_child_against_a_server_on_loopback():
    clock = SystemClock()
    google = FakeGoogle(clock)
    world = World()
    world.clock, world.google = clock, google
    with serving(google.handle) as url:
        world.https = Https(clock, CallLog())
        lane = Lane("sheet")
        world.begin(run_child=run_child, account=google.account(f"{url}/token"))
        world.sheet._api._base = url
        world.courier._lane = lane
        work = world.sheet.plan(World().cycle())
        assert work is not None
        lane.submit(work).result(30)
        lane.close()
    assert google.tabs["Cadence"].lines()[1][4] == str(HOME)
    assert google.steps == ["token", "tabs", "change", "tabs", "read", "write"]


def test_what_happened_while_the_sheet_waits_after_a_failure_is_in_the_homes_row_too():
    world = World()
    world.cycle()
    world.google.fault = lambda step: 403
    world.cycle()
    world.move(pause=10.0)
    world.google.fault = lambda step: None
    world.cycle(pause=4000.0)
    assert world.state.up
    assert world.google.tabs["Cadence"].lines()[1][STATUS_HEADER.index("last change")] != ""


@pytest.mark.parametrize(
    ("body", "ask"),
    [
        ({"files": [{}]}, lambda api, deadline: api.find("name", deadline)),
        ({"sheets": [{"properties": {"title": "x", "sheetId": 1e999, "gridProperties": {"rowCount": 1}}}]},
         lambda api, deadline: api.tabs("x", deadline)),
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_is_a_failed_delivery_and_no_bug(body, ask):
    class Odd:
        def call(self, request, deadline):
            return Answer(200, {}, json.dumps(body).encode(), 0.1)

        def get(self, deadline):
            return "token"

    with pytest.raises(DeliveryFailed):
        ask(SheetsApi(Odd(), Odd(), "https://x.invalid"), Instant(1.0))


@pytest.mark.parametrize("body", [b"[" * 16_000, b'{"access_token":"x","expires_in":1' + b"0" * 400 + b"}"])
def test_a_token_answer_that_makes_no_sense_is_a_failed_delivery_and_no_bug(body):
    with pytest.raises(DeliveryFailed):
        account._grant(body)


def test_a_power_cut_is_a_line_of_the_log_with_who_asked_and_how_it_ended():
    world = World()
    world.bounce()
    world.bounce(PowerResult.DOUBTFUL, by_hand=True)
    world.cycle()
    first, second = (line for line in world.google.log_of(LOG) if line[0].startswith("bounce-"))
    assert first[2:] == ["bounce", "power off, by itself: success", "", "", 30]
    assert second[2:] == ["bounce", "power off, by hand: doubtful", "", "", 30]
    assert first[1] < second[1]
    assert "hunter2canary" not in repr(world.google.tabs)


def test_an_older_copy_of_the_store_writes_nothing_a_second_time():
    """What is in the sheet is recognised by its id, whatever the store believes."""
    world = World()
    world.google.fault = lambda step: 500
    world.move()
    world.outage()
    older = world.outbox.letters()
    world.google.fault = lambda step: None
    for _ in range(8):
        world.cycle(pause=3600)
    before = world.google.log_of(LOG)
    assert len(before) == len(older) == 3
    world.outbox = Outbox()
    world.outbox.open([CHANNEL])
    world.outbox.restore(older)
    world.begin()
    world.cycle()
    world.outage()
    assert world.google.log_of(LOG)[:3] == before
    assert len({line[0] for line in world.google.log_of(LOG)}) == len(world.google.log_of(LOG)) == 4
    assert world.outbox.letters() == {}
