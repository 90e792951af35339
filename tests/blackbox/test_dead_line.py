"""A modem that hangs: the whole way from UP over the outage, the guardrails and the bounce to UP again, in namespaces of the test's own."""

import json
import sys
from pathlib import Path

from tests.servers.network import in_a_network, needs

pytestmark = needs("nft", "bash")


def test_a_line_that_is_dead_behind_a_router_that_lives_is_healed_by_one_bounce(tmp_path: Path) -> None:
    done = in_a_network(sys.executable, "-m", "tests.blackbox.dead_line", str(tmp_path), timeout_s=400)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["cuts"], told["bounces"], told["helped"], told["stopped"]) == (1, 1, 1, 0)
    assert told["off_s"] <= 15.0
    assert told["escalation"] >= 1
