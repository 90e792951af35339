"""A modem that hangs: the whole way from UP over the outage, the guardrails and the bounce to UP again, in namespaces of the test's own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("unshare", "nsenter", "ip", "nft", "bash")

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, TOOLS)), reason=f"needs root and {', '.join(TOOLS)}"
    ),
]


def test_a_line_that_is_dead_behind_a_router_that_lives_is_healed_by_one_bounce(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-m", "tests.blackbox.dead_line", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["cuts"], told["bounces"], told["helped"], told["stopped"]) == (1, 1, 1, 0)
    assert told["off_s"] <= 15.0
    assert told["escalation"] >= 1
