"""The four answers that one looks for first, asked of a Prometheus' own tool: what misled is not green, what is well is not red."""

import json
import shutil
import subprocess

import pytest

from tests.grafana.expressions import Range, expressions
from tests.grafana.test_dashboards import DASHBOARDS

PROMTOOL = shutil.which("promtool")
HOME = 'job="cadence",site="home",instance="pi"'
pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)"),
]
A, B = 'record="a.example.com",type="A"', 'record="b.example.com",type="A"'
UP = {f"up{{{HOME}}}": "1x20", f'cadence_state{{{HOME},state="up"}}': "1x20"}
OTHERS = {
    'up{job="prometheus",instance="localhost:9090"}': "1x20",
    'up{job="alertmanager",instance="localhost:9093"}': "0x20",
}


def answers(folder, page, place, series, value):
    """Promtool's complaint when the panel answers something else at minute 10; empty otherwise."""
    (asked,) = [
        each
        for each in expressions(DASHBOARDS[f"cadence-{page}"], Range(0, 600))
        if (each.place, each.ref) == (place, "A")
    ]
    samples = [] if value is None else [{"labels": "{}", "value": value}]
    test = {
        "interval": "30s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": f"sum({asked.expr})", "eval_time": "10m", "exp_samples": samples}],
    }
    file = folder / "test.yml"
    file.write_text(json.dumps({"rule_files": [], "tests": [test]}))
    done = subprocess.run([PROMTOOL, "test", "rules", file], check=False, capture_output=True, text=True, timeout=30)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    ("looked_at", "value"),
    [
        ({A: "1x20", B: "1x20"}, 3),
        ({A: "1x20", B: "0x20"}, 1),
        ({A: "1x20"}, None),
        ({}, None),
    ],
)
def test_dns_is_correct_only_when_every_record_was_looked_at(tmp_path, looked_at, value):
    series = {f"cadence_dns_change_budget_remaining{{{HOME},{record}}}": "24x20" for record in (A, B)}
    series |= {f"cadence_dns_record_in_sync{{{HOME},{record}}}": values for record, values in looked_at.items()}
    assert answers(tmp_path, "overview", "DNS", series, value) == ""


@pytest.mark.parametrize(("cycles", "code"), [("0+0.2x20", 14), ("4x20", 2)])
def test_a_clock_two_hours_behind_is_no_loop_that_hangs(tmp_path, cycles, code):
    series = UP | {
        f"cadence_loop_last_completed_timestamp_seconds{{{HOME}}}": "-7200+30x20",
        f"cadence_loop_next_delay_seconds{{{HOME}}}": "190x20",
        f'cadence_loop_iterations_total{{{HOME},outcome="ok"}}': cycles,
    }
    assert answers(tmp_path, "overview", "What is wrong", series, code) == ""


def test_prometheus_and_alertmanager_beside_it_are_no_homes(tmp_path):
    assert answers(tmp_path, "fleet", "Sites not up", UP | OTHERS, 0) == ""
    assert answers(tmp_path, "overview", "What is wrong", UP | OTHERS, 14) == ""
