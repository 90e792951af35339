import json
import shutil
import subprocess

import pytest

from tests.grafana.expressions import Range, expressions
from tests.grafana.test_dashboards import DASHBOARDS

PROMTOOL = shutil.which("promtool")
HOME = 'job="cadence",site="home",instance="pi",family="ipv4"'
STATES = ("agreed", "disputed", "unknown", "not_public")


@pytest.mark.real_server
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")
@pytest.mark.parametrize("exported", [True, False])
@pytest.mark.parametrize(("code", "state"), [*enumerate(STATES, 1)])
def test_the_public_address_is_shown_once_with_its_state(tmp_path, code, state, exported):
    """An address that was confirmed and is disputed now is never called agreed."""
    series = {f'cadence_public_ip_state{{{HOME},state="{each}"}}': int(each == state) for each in STATES}
    if exported:
        series[f'cadence_public_ip_info{{{HOME},address="81.2.69.142"}}'] = 1
    asked = [
        each for each in expressions(DASHBOARDS["cadence-overview"], Range(0, 3600)) if each.place == "Public address"
    ]
    named, unnamed = asked
    shown, silent = (named, unnamed) if exported else (unnamed, named)
    questions = [
        {"expr": f"sum({shown.expr})", "eval_time": "2m", "exp_samples": [{"labels": "{}", "value": code}]},
        {"expr": silent.expr, "eval_time": "2m", "exp_samples": []},
    ]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": f"{value}x5"} for name, value in series.items()],
        "promql_expr_test": questions,
    }
    file = tmp_path / "test.yml"
    file.write_text(json.dumps({"rule_files": [], "tests": [test]}))
    done = subprocess.run([PROMTOOL, "test", "rules", file], check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
