"""The history command over a view of the store."""

import io
import json
from ipaddress import ip_address

import pytest

from cadence_exporter.cli import history as history_module
from cadence_exporter.cli.history import history
from cadence_exporter.errors import SettingsError
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.state.chronicle import AddressHeld, DnsChangeHeld, OutageHeld
from cadence_exporter.record.state.history import HistoryView
from tests.record.web.web_world import NOON, HandClock

VIEW = HistoryView(
    addresses=(AddressHeld(Family.IPV4, ip_address("81.2.69.142"), WallTime(NOON), WallTime(NOON + 60)),),
    outages=(OutageHeld(WallTime(NOON), WallTime(NOON + 90), 90.0, "wan"),),
    dns_changes=(
        DnsChangeHeld("\x1b[2Jvpn", "A", "", "81.2.69.142", "create", WallTime(NOON), WallTime(NOON + 5), None),
    ),
    transitions=(),
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
    for words in ("ADDRESSES (1)", "81.2.69.142", "OUTAGES (1)", "1 min 30 s", "DNS CHANGES (1)", "BOUNCES (0)"):
        assert words in out
    assert "\x1b" not in out


def test_json_has_times_as_times(asked, tmp_path):
    document = json.loads(run(tmp_path, as_json=True)[1])
    assert document["outages"] == [
        {"began": "2026-11-23T12:00:00Z", "ended": "2026-11-23T12:01:30Z", "seconds": 90.0, "layer": "wan"}
    ]
    assert document["addresses"][0]["address"] == "81.2.69.142"
    assert document["dns_changes"][0]["visible"] is None


def test_since_is_a_duration_before_now(asked, tmp_path):
    run(tmp_path, since="7d")
    assert asked == [NOON + 1000 - 7 * 86400]


def test_since_nonsense_is_a_settings_error(asked, tmp_path):
    with pytest.raises(SettingsError, match="--since"):
        run(tmp_path, since="last week")


def test_no_store_is_said_so_without_making_one(tmp_path, capsys):
    code, out = run(tmp_path / "absent", as_json=True)
    assert (code, set(map(str, json.loads(out).values()))) == (0, {"[]"})
    assert "nothing has happened yet" in capsys.readouterr().err
    assert not (tmp_path / "absent").exists()


def test_a_store_that_cannot_be_read_is_a_failure(tmp_path, capsys):
    (tmp_path / "state.db").write_bytes(b"no database" * 100)
    assert run(tmp_path) == (1, "")
    assert capsys.readouterr().err
