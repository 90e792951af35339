"""The command: an account for people, JSON for programs, OpenMetrics for Prometheus, and its exit codes."""

import itertools
import json
import os
import re
import subprocess
import sys

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from cadence_exporter.cli import main
from cadence_exporter.record.metrics.families import LISTENERS, SINKS, all_metrics
from cadence_exporter.record.metrics.families_power import POWER
from cadence_exporter.simulate import run as run_module
from cadence_exporter.simulate.promise import Checker
from cadence_exporter.simulate.run import Simulation
from cadence_exporter.simulate.sampler import Sampler
from cadence_exporter.simulate.scenarios import SCENARIOS
from tests.servers.process import binary


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


@pytest.mark.parametrize(("scenario", "ended"), [("modem-hangs", "success"), ("rehearsal", "rehearsed")])
def test_bounces_are_counted_by_how_they_ended_and_withheld_ones_by_their_guardrail(capsys, scenario, ended):
    assert main(["simulate", scenario, "--days", "2", "--json"]) == 0
    bounces = json.loads(capsys.readouterr().out)["bounces"]
    assert bounces[ended] > 0
    assert bounces["withheld"]["escalation"] > bounces[ended]
    assert main(["simulate", scenario, "--days", "2"]) == 0
    told = capsys.readouterr().out
    assert f"Bounces: {bounces['success']} done, {bounces['rehearsed']} rehearsed" in told
    assert f"escalation {bounces['withheld']['escalation']}" in told


def test_a_home_without_recovery_says_nothing_of_bounces(capsys):
    assert main(["simulate", "--days", "0.1"]) == 0
    assert "Bounces" not in capsys.readouterr().out


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


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    out = tmp_path_factory.mktemp("history") / "history.om"
    assert main(["simulate", "flapping-isp", "--days", "0.5", "--json", "--metrics-out", str(out)]) == 0
    return out


def families_in(history, kinds):
    """Of these types. The client library's parser drops samples of a histogram at a second time, so it is not shown any."""
    chosen = []
    for block in re.split(r"(?=^# HELP)", history.read_text(), flags=re.MULTILINE):
        kind = re.search(r"^# TYPE \S+ (\w+)$", block, flags=re.MULTILINE)
        if kind is None or kind[1] in kinds:
            chosen.append(block.removesuffix("# EOF\n"))
    return {family.name: family for family in text_string_to_metric_families("".join(chosen) + "# EOF\n")}


def test_the_metrics_are_valid_openmetrics_with_rising_times_and_counters(history):
    families = families_in(history, ("counter", "gauge"))
    seconds = [s for s in families["cadence_state_seconds"].samples if s.labels["state"] == "up"]
    assert len(seconds) >= 720
    assert all(a.timestamp < b.timestamp and a.value <= b.value for a, b in itertools.pairwise(seconds))
    at_end = sum(s.value for s in families["cadence_state_seconds"].samples if s.timestamp == seconds[-1].timestamp)
    assert at_end == pytest.approx(float(seconds[-1].timestamp) - 1_767_225_600.0, abs=1.0)
    states = [s for s in families["cadence_state"].samples if s.timestamp == seconds[100].timestamp]
    assert sum(s.value for s in states) == 1
    assert len(families["up"].samples) >= len(seconds)
    assert {s.value for s in families["process_start_time_seconds"].samples} >= {1_767_225_600.0}


def test_the_metrics_are_those_of_a_real_scrape(history):
    text = history.read_text()
    named = set(re.findall(r"^# TYPE (\S+) (\w+)$", text, flags=re.MULTILINE))
    declared = {(metric.name.removesuffix("_total"), str(metric.kind)) for metric in all_metrics()}
    # A pretend home has no sockets to listen at, no sinks, no switch and no UPS.
    beside = {
        metric.name for metric in (*LISTENERS, *SINKS, *POWER) if metric.kind != "counter" or not metric.persistent
    }
    at_times = {("cadence_public_ip_info", "gauge"), ("cadence_cgnat_detected", "gauge")}
    assert {(name, kind) for name, kind in declared - at_times - named if name not in beside} == set()
    assert named - declared == {("up", "gauge"), ("process_start_time_seconds", "gauge")}
    for metric in all_metrics():
        if metric.name in beside:
            continue
        for labels in metric.children:
            named = ",".join(f'{key}="{value}"' for key, value in zip(metric.labels, labels, strict=True))
            end = "_count" if metric.kind == "histogram" else ""
            assert f"\n{metric.name}{end}{{{named}}} ".replace("{}", "") in text


def test_a_few_of_them_are_enough_for_a_year(tmp_path):
    scenario = SCENARIOS["flapping-isp"]
    simulation = Simulation(scenario.home, 1, 0.2, scenario.rates, tally=True)
    sampler = Sampler(simulation, only=("cadence_state", "cadence_outage_duration_seconds"))
    simulation.run()
    with (tmp_path / "history.om").open("w") as out:
        sampler.write(out)
    named = re.findall(r"^# TYPE (\S+)", (tmp_path / "history.om").read_text(), flags=re.MULTILINE)
    assert set(named) == {"cadence_state", "cadence_outage_duration_seconds", "up", "process_start_time_seconds"}


def test_the_buckets_of_each_histogram_rise_at_each_time_and_end_in_its_count(history):
    seen = set()
    for found in re.finditer(
        r"((?:^cadence_\w+_bucket\{.*\n)+)^(cadence_\w+_count.*)\n", history.read_text(), re.MULTILINE
    ):
        buckets = [line.split() for line in found[1].splitlines()]
        values, times = [float(bucket[1]) for bucket in buckets], {bucket[2] for bucket in buckets}
        assert values == sorted(values)
        assert 'le="+Inf"' in buckets[-1][0]
        _, count, time = found[2].split()
        assert (values[-1], times) == (float(count), {time})
        seen.add(found[2].split("_count")[0])
    assert len(seen) == sum(metric.kind == "histogram" for metric in all_metrics())


@pytest.mark.real_server
def test_prometheus_loads_them(history, tmp_path):
    command = [
        binary("promtool", "prometheus"),
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(history),
        str(tmp_path),
    ]
    done = subprocess.run([*command, "--max-block-duration=720h"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.glob("*/chunks"))


def test_days_out_of_range_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["simulate", "--days", "0"])
    assert "give 0 to" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "words"), [("/dev/full", "No space left"), ("/nonexistent/history.om", "No such file")]
)
def test_metrics_that_cannot_be_written_are_said_and_are_exit_2(path, words, capsys):
    assert main(["simulate", "--days", "0.1", "--json", "--metrics-out", path]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""


def test_a_terminal_without_the_letters_of_the_bars_shows_question_marks():
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "cadence_exporter", "simulate", "--days", "0.1"],
        capture_output=True,
        env=environ,
        check=True,
    )
    assert b"????" in done.stdout


def test_the_scenarios_are_listed_in_columns(capsys):
    assert main(["simulate", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    assert len({line.index(each.about) for line, each in zip(lines, SCENARIOS.values(), strict=True)}) == 1
