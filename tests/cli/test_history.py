"""The history command over a view of the store."""

import io
import json
import re
from ipaddress import ip_address

import pytest

from cadence_exporter.cli import history as history_module
from cadence_exporter.cli.history import history
from cadence_exporter.errors import SettingsError
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.state.chronicle import AddressHeld, BounceHeld, DnsChangeHeld, OutageHeld
from cadence_exporter.record.state.history import HistoryView
from tests.page.scene import Home, month
from tests.record.web.web_world import NOON, HandClock

VIEW = HistoryView(
    addresses=(AddressHeld(Family.IPV4, ip_address("81.2.69.142"), WallTime(NOON), WallTime(NOON + 60)),),
    outages=(OutageHeld(WallTime(NOON), WallTime(NOON + 90), 90.0, "wan"),),
    dns_changes=(
        DnsChangeHeld("\x1b[2Jvpn", "A", "", "81.2.69.142", "create", WallTime(NOON), WallTime(NOON + 5), None),
    ),
    transitions=(),
    bounces=(
        BounceHeld(WallTime(NOON), True, 30.0, "success", "", 2.0022823979998066),  # noqa: FBT003 - a row
        BounceHeld(WallTime(NOON), False, 90.0, "success", "", None),  # noqa: FBT003 - a row
    ),
)


@pytest.fixture
def asked(monkeypatch):
    """The times since which the store was asked."""
    seen = []
    monkeypatch.setattr(history_module, "has_begun", lambda directory: True)
    monkeypatch.setattr(history_module, "read", lambda directory, since: seen.append(since) or VIEW)
    return seen


def run(directory, since=None, as_json=False):
    out = io.StringIO()
    return history(directory, since, as_json, out, HandClock()), out.getvalue()


def test_tables_have_a_heading_for_each_section(asked, tmp_path):
    code, out = run(tmp_path)
    assert code == 0
    assert asked == [0.0]
    for words in ("ADDRESSES (1)", "81.2.69.142", "OUTAGES (1)", "1 min 30 s", "DNS CHANGES (1)", "BOUNCES (2)"):
        assert words in out
    assert "\x1b" not in out


def test_no_terminal_obeys_the_json(asked, tmp_path, monkeypatch):
    odd = DnsChangeHeld("\x9b2Jvpn\u202e", "A", "", "x", "create", WallTime(NOON), WallTime(NOON), None)
    monkeypatch.setattr(history_module, "read", lambda *_: HistoryView(dns_changes=(odd,)))
    _, out = run(tmp_path, as_json=True)
    assert out.isascii()
    assert json.loads(out)["dns_changes"][0]["name"] == odd.name


def test_it_says_how_late_the_last_time_of_an_address_may_be(asked, tmp_path):
    """An address of which first and last are alike was not seen once only."""
    lines = run(tmp_path)[1].splitlines()
    (start,) = (number for number, line in enumerate(lines) if line.startswith("ADDRESSES"))
    assert lines[start + 3] == "  (last: written down every 10 min at most, not with each look)"
    assert lines[start + 4] == ""


def test_tables_have_spans_and_yes_or_no_where_the_document_has_numbers(asked, tmp_path):
    lines = [re.split(r"  +", line.strip()) for line in run(tmp_path)[1].splitlines()]
    assert ["began", "ended", "lasted", "layer"] in lines
    assert ["at", "by hand", "off for", "result", "detail", "up after"] in lines
    told = [line[1:] for line in lines if "success" in line]
    assert told == [["yes", "30 s", "success", "2 s"], ["no", "1 min 30 s", "success", "—"]]
    row = json.loads(run(tmp_path, as_json=True)[1])["bounces"][0]
    assert (row["by_hand"], row["off_for_s"], row["up_after_s"]) == (True, 30.0, 2.0022823979998066)


def test_json_has_times_as_times(asked, tmp_path):
    document = json.loads(run(tmp_path, as_json=True)[1])
    assert document["outages"] == [
        {"began": "2026-11-23T12:00:00Z", "ended": "2026-11-23T12:01:30Z", "seconds": 90.0, "layer": "wan"}
    ]
    assert document["addresses"][0]["address"] == "81.2.69.142"
    assert document["dns_changes"][0]["visible"] is None


def test_since_is_a_duration_before_now(asked, tmp_path):
    assert json.loads(run(tmp_path, since="7d", as_json=True)[1])["since"] == "2026-11-16T12:16:40Z"
    assert json.loads(run(tmp_path, since="10m", as_json=True)[1])["outages"] == []
    assert asked == [0.0, 0.0]  # the strips reach back to where a state began


def test_since_nonsense_is_a_settings_error(asked, tmp_path):
    with pytest.raises(SettingsError, match="--since"):
        run(tmp_path, since="last week")


def test_no_store_is_said_so_without_making_one(tmp_path, capsys):
    code, out = run(tmp_path / "absent", as_json=True)
    found = json.loads(out)
    assert (code, {name for name, rows in found.items() if rows == []}) == (0, set(found) - {"now", "since"})
    assert "nothing has happened yet" in capsys.readouterr().err
    assert not (tmp_path / "absent").exists()


def test_no_store_is_one_line_that_says_where_else_to_look_and_no_empty_tables(tmp_path, capsys):
    assert run(tmp_path) == (0, "")
    assert capsys.readouterr().err == (
        f"no state store in {tmp_path}: nothing has happened yet; `state_dir` says where it is; "
        "of a running instance: curl http://127.0.0.1:9923/api/v1/history\n"
    )


def test_a_store_that_cannot_be_read_is_a_failure(tmp_path, capsys):
    (tmp_path / "state.db").write_bytes(b"no database" * 100)
    assert run(tmp_path) == (1, "")
    assert capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self):
        return True


def drawn(monkeypatch, since=None, **environ):
    monkeypatch.setattr(history_module, "has_begun", lambda directory: True)
    monkeypatch.setattr(history_module, "read", lambda directory, since: month())
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    out = Terminal()
    history("", since, as_json=False, out=out, clock=Home().clock)
    return out.getvalue()


def test_a_terminal_gets_colour_and_strips_unless_it_wants_none(monkeypatch):
    assert "\x1b[31m▅\x1b[0m" in drawn(monkeypatch)
    for refusing in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in drawn(monkeypatch, **refusing)
    assert "\x1b[" in drawn(monkeypatch, NO_COLOR="")  # no-color.org: only when it is not empty


def test_strips_tell_outages_and_what_nobody_watched_apart_without_colour(monkeypatch):
    day, first, second, month_, *_ = (line for line in drawn(monkeypatch, NO_COLOR="1").splitlines())
    assert day == "last 1 d: up 99.72 % of the time · 2 outages, the longest 3 min 18 s"
    assert (first.count("▅"), first.count("▁"), first.count("·")) == (2, 70, 0)
    assert second.startswith(
        "last 30 d: up 99.53 % of the time · 7 outages, the longest 2 h 24 min · 4 d 9 h not watched"
    )
    assert month_.strip().startswith("·········")
    assert len(month_.strip()) == 72


def test_since_draws_one_strip_of_that_length(monkeypatch):
    lines = drawn(monkeypatch, since="7d", NO_COLOR="1").splitlines()
    assert lines[0].startswith("last 7 d: ")
    assert not lines[2].startswith("last")


def test_since_now_draws_no_strip_and_fails_not(monkeypatch):
    assert "OUTAGES (0)" in drawn(monkeypatch, "0s")
