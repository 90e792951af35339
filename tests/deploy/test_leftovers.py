"""A test run that was killed leaves network namespaces: the next one removes them, and no others."""

import os
import subprocess

import pytest

from tests.deploy.home import NAMESPACES, left_behind, sweep

NO_PROCESS = 4_194_305
"""Beyond the most that Linux ever gives (proc(5), pid_max)."""


def test_only_what_a_process_that_is_gone_has_made_is_left_behind():
    names = ["cad-home-7", "cad-home-router-7", "cad-router-8", "cad-home-9", "cad-home", "cadence", "my-cad-home-7"]
    assert left_behind(names, {9}.__contains__) == ["cad-home-7", "cad-home-router-7", "cad-router-8"]


@pytest.mark.deploy
def test_they_are_removed():
    if os.geteuid() != 0:
        pytest.skip("network namespaces are made by root")
    ours, gone = (f"cad-leftover-{number}" for number in (os.getpid(), NO_PROCESS))
    try:
        for name in (ours, gone):
            subprocess.run(["ip", "netns", "add", name], check=True)
        sweep()
        assert (NAMESPACES / ours).exists()
        assert not (NAMESPACES / gone).exists()
    finally:
        for name in (ours, gone):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
