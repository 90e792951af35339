"""Whatever happens to a lab, the machine is afterwards as it was."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.blackbox.instance import wait_for
from tests.lab.lab import Lab, missing
from tests.lab.namespaces import environ
from tests.lab.product import ROOT

pytestmark = [pytest.mark.real_server, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]

OWNER = """
import sys, threading
from tests.lab.lab import Lab
lab = Lab()
context = lab.product()
context.__enter__()
print(lab.box.init, flush=True)
threading.Event().wait()
"""


def the_machine():
    """What a lab could leave behind on it."""
    commands = (("ip", "netns", "list"), ("ip", "-o", "link"), ("ip", "-o", "addr"), ("nft", "list", "ruleset"))
    said = [
        subprocess.run(command, capture_output=True, check=True, text=True, env=environ()).stdout
        for command in commands
    ]
    mounts = Path("/proc/self/mountinfo").read_text()
    return [*said, mounts, sorted(Path("/run").iterdir()), Path("/etc/resolv.conf").read_text()]


def box_of(pid):
    """The number of a process's PID namespace."""
    try:
        return Path(f"/proc/{pid}/ns/pid").readlink()
    except OSError:
        return None


def living_in(box):
    return [each.name for each in Path("/proc").iterdir() if each.name.isdecimal() and box_of(each.name) == box]


def test_a_lab_that_ends_leaves_nothing():
    before = the_machine()
    with Lab() as lab:
        box = box_of(lab.box.init)
        folder = lab.box.folder
        with lab.product() as product:
            wait_for(lambda: product.cycles() > 0, lambda: product.output)
            assert the_machine() == before  # not even while it is up
            assert len(living_in(box)) > 9
            assert folder.exists()
    assert living_in(box) == []
    assert the_machine() == before
    assert not folder.exists()


def test_a_lab_whose_owner_is_killed_leaves_nothing():
    before = the_machine()
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as owner:
        try:
            assert owner.stdout is not None
            init = int(owner.stdout.readline())
            box = box_of(init)
            assert box not in (None, box_of(os.getpid()))
            assert len(living_in(box)) > 9
        finally:
            owner.kill()
    wait_for(lambda: not living_in(box), "the end of every process of the lab")
    assert the_machine() == before


def test_several_labs_do_not_know_of_each_other():
    with Lab() as one, Lab() as other, other.product() as product:
        before = one.line.address
        new = other.renumber().address
        assert (one.line.address, other.line.address) == (before, new)
        wait_for(lambda: product.cycles() > 0, lambda: product.output)
        assert other.internet.calls()
        assert one.internet.calls() == {}
