"""Every line and every branch of the pure stages is taken by the tests of these stages, without a random one among them."""

import os
import subprocess
import sys

from tests.tidy.tree import ROOT

PURE = ("cadence_exporter.assess", "cadence_exporter.decide", "cadence_exporter.act.dns.plan")
THEIR_TESTS = ("tests/assess", "tests/decide", "tests/act/dns/test_plan.py")
CONDITIONS = ("--cov-branch", "--cov-report=term-missing:skip-covered", "--cov-fail-under=100", "-m", "not hypothesis")


def covered(folder, tests):
    """A whole pytest of its own, for coverage does not see what was imported before it began."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *CONDITIONS]
    environment = {"PATH": os.environ["PATH"], "COVERAGE_FILE": str(folder / "coverage")}
    sources = [f"--cov={package}" for package in PURE]
    return subprocess.run(
        [*command, *sources, *tests],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_pure_stages_have_no_branch_that_their_tests_do_not_take(tmp_path):
    done = covered(tmp_path, THEIR_TESTS)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_it_is_noticed_when_tests_are_missing(tmp_path):
    done = covered(tmp_path, ("tests/decide/test_phase.py",))
    assert done.returncode != 0
    assert "Required test coverage of 100% not reached" in done.stdout + done.stderr
