"""What Prometheus' own tool says of rules and configurations. The unit tests take seconds and belong to ``make test``."""

import re
import shutil

import pytest
import yaml

from tests.alerting.shipped import ALERTS, ROOT, RULES, UNIT_TESTS, document, run, tool

CONFIGS = ("prometheus.yml", "fleet.yml")
COMMENTED = re.compile(
    r"^( *)# ((?:  )*(?:scheme|tls_config|ca_file|basic_auth|username|password_file):.*)$", re.MULTILINE
)


@pytest.fixture
def copy(tmp_path):
    for folder in ("prometheus", "alerting"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


@pytest.mark.parametrize("rules", [ALERTS, RULES], ids=lambda path: path.name)
def test_rules_are_valid_and_pass_every_lint(rules):
    done = run(tool("promtool"), "check", "rules", "--lint=all", "--lint-fatal", rules)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("config", CONFIGS)
def test_a_configuration_is_valid_and_finds_both_rule_files(config):
    done = run(tool("promtool"), "check", "config", ROOT / "prometheus" / config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("rules found") == 2


@pytest.mark.parametrize("config", CONFIGS)
def test_the_commented_lines_are_valid_when_somebody_needs_them(config, copy):
    path = copy / "prometheus" / config
    opened, number = COMMENTED.subn(r"\1\2", path.read_text())
    assert number == 6
    path.write_text(opened)
    for name in ("cadence-ca.crt", "cadence.password"):
        (path.parent / name).touch()
    done = run(tool("promtool"), "check", "config", path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real_server
@pytest.mark.parametrize("unit_test", UNIT_TESTS, ids=lambda path: path.name)
def test_rules_do_what_their_unit_tests_say(unit_test):
    done = run(tool("promtool"), "test", "rules", unit_test)
    assert done.returncode == 0, done.stdout + done.stderr


WRONG = {
    "reachable counts as gone": (
        "CadenceExporterDown",
        'max_over_time(up{job="cadence"}[5m]) == 0',
        'max_over_time(up{job="cadence"}[5m]) != 0',
    ),
    "in sync counts as drift": (
        "CadenceDnsOutOfSync",
        "last_over_time(cadence_dns_record_in_sync[5m]) == 0",
        "last_over_time(cadence_dns_record_in_sync[5m]) == 1",
    ),
    "short outages are reported, long ones are not": (
        "CadenceOutageRecovered",
        "duration_seconds[5m]) > 180",
        "duration_seconds[5m]) < 180",
    ),
    "a failed scrape starts it anew": (
        "CadenceWanDown",
        'max_over_time(cadence_state{state="down"}[5m]) == 1\n',
        'cadence_state{state="down"} == 1\n',
    ),
    "a dead minute lasts five": (
        "CadenceWanDown",
        'unless on (job, site, instance) last_over_time(cadence_state{state=~"up|degraded"}[5m]) == 1',
        "",
    ),
    "errors of an outage count": (
        "CadenceApiErrors",
        'and on (job, site, instance) min_over_time(cadence_state{state="up"}[30m]) == 1',
        "",
    ),
    "a silent router is down": (
        "CadenceLanDown",
        """max_over_time(cadence_state{state="down"}[5m]) == 1
            unless on (job, site, instance) last_over_time(cadence_state{state=~"up|degraded"}[5m]) == 1""",
        'max_over_time(cadence_state{state="down"}[5m]) >= 0',
    ),
    "success does not count": ("CadenceDnsMutationErrors", 'result="success"}[15m])) > 0', 'result="gone"}[15m])) > 0'),
}
"""What is wrong -> the alert, the right part of its rule, the wrong one."""


@pytest.mark.real_server
@pytest.mark.parametrize("fault", WRONG)
def test_unit_tests_notice_a_rule_that_was_broken(fault, copy):
    alert, right, wrong = WRONG[fault]
    rules, unit_test = (copy / "alerting" / name for name in (ALERTS.name, "cadence.alerts.test.yml"))
    before, name, after = rules.read_text().partition(f"- alert: {alert}\n")
    assert right in after
    rules.write_text(before + name + after.replace(right, wrong, 1))
    about = [story for story in document(unit_test)["tests"] if alert in yaml.safe_dump(story)]
    only = {**document(unit_test), "tests": about}
    unit_test.write_text(yaml.safe_dump(only, allow_unicode=True))
    done = run(tool("promtool"), "test", "rules", unit_test)
    assert done.returncode == 1
    assert "exp:" in done.stdout + done.stderr
