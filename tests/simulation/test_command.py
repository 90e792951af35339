"""The command: an account for people, JSON for programs, OpenMetrics for Prometheus, and its exit codes."""

import itertools
import json

import pytest
from prometheus_client.openmetrics.parser import text_fd_to_metric_families

from cadence_exporter.cli import main
from cadence_exporter.simulate import run as run_module
from cadence_exporter.simulate.promise import Checker


def test_the_account_tells_states_writes_weather_story_and_verdict(capsys):
    assert main(["simulate", "flapping-isp", "--days", "1", "--seed", "5"]) == 0
    text = capsys.readouterr().out
    for words in (
        "State",
        "UP",
        "DOWN",
        "Writes at the provider",
        "Calls an hour",
        "What happened",
        "promises were kept",
    ):
        assert words in text


def test_the_same_as_json(capsys):
    assert main(["simulate", "--days", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scenario"] == "quiet-month"
    assert told["broken"] == []
    assert sum(told["seconds_in_state"].values()) == pytest.approx(2 * 86_400 + 9_900, abs=200)
    assert len(told["log_sha256"]) == 64


def test_a_broken_promise_is_told_and_is_exit_1(capsys, monkeypatch):
    class Never(Checker):
        promise = "never cycles"

        def cycle(self, cycle):
            self.broken("it did")

    monkeypatch.setattr(run_module, "CHECKERS", (Never,))
    assert main(["simulate", "--days", "0.01"]) == 1
    text = capsys.readouterr().out
    assert "never cycles" in text
    assert "BROKEN" in text


def test_an_unknown_scenario_lists_all_and_hints(capsys):
    assert main(["simulate", "flaping-isp"]) == 2
    error = capsys.readouterr().err
    assert "did you mean flapping-isp" in error
    assert "clock-1970" in error


def test_the_metrics_are_valid_openmetrics_with_rising_times_and_counters(tmp_path):
    out = tmp_path / "history.om"
    assert main(["simulate", "flapping-isp", "--days", "0.5", "--json", "--metrics-out", str(out)]) == 0
    with out.open() as text:
        families = {family.name: family for family in text_fd_to_metric_families(text)}
    seconds = [s for s in families["cadence_state_seconds"].samples if s.labels["state"] == "up"]
    assert len(seconds) >= 720
    assert all(a.timestamp < b.timestamp and a.value <= b.value for a, b in itertools.pairwise(seconds))
    at_end = sum(s.value for s in families["cadence_state_seconds"].samples if s.timestamp == seconds[-1].timestamp)
    assert at_end == pytest.approx(float(seconds[-1].timestamp) - 1_767_225_600.0, abs=1.0)
    states = [s for s in families["cadence_state"].samples if s.timestamp == seconds[100].timestamp]
    assert sum(s.value for s in states) == 1
    assert {"cadence_outages", "cadence_public_ip_changes", "cadence_dns_mutations"} <= set(families)


def test_days_out_of_range_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["simulate", "--days", "0"])
    assert "give 0 to" in capsys.readouterr().err
