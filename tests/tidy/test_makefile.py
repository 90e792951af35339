"""What the targets of the Makefile choose to run."""

import re

from tests.tidy.tree import ROOT


def without_saying_soak(makefile):
    """A ``-m`` on the command line replaces the ``not soak`` of pyproject.toml: then hours of tests would run unasked."""
    chosen = re.findall(r'-m pytest .*-m +("[^"]*"|\S+)', makefile)
    return [each for each in chosen if "soak" not in each]


def test_the_tests_that_take_hours_run_only_when_asked_for():
    makefile = (ROOT / "Makefile").read_text()
    assert "-m pytest" in makefile
    assert without_saying_soak(makefile) == []
    assert without_saying_soak('x -m pytest -q -m "not slow"\n') == ['"not slow"']
