"""The router probes against a real neighbour, in network namespaces of the test's own."""

import pytest

from tests.servers.network import beside_a_router, needs

pytestmark = needs("setpriv", "sysctl")

# $1: what runs the probe, unprivileged or not; $2: the method; $3: ping_group_range
SCRIPT = """
sysctl -qw net.ipv4.ping_group_range="$3"
$1 "$PYTHON" -c '
import sys
from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.observe.gateway import default_gateway
from cadence_exporter.observe.router import RouterProbe
clock = SystemClock()
try:
    alive = RouterProbe(sys.argv[1], 80).ask(default_gateway(), clock, clock.monotonic() + 8)
    print(alive.method, alive.address)
except ProbeFailed as failed:
    print(failed)
' "$2"
"""
NOBODY = "setpriv --reuid 65534 --clear-groups --bounding-set=-all --inh-caps=-all"
EVERYONE, NO_ONE = "0 2147483647", "1 0"


@pytest.mark.parametrize(
    ("runner", "method", "ping_groups", "outcome"),
    [
        ("", "auto", NO_ONE, "icmp 192.168.77.1"),
        ("", "arp", NO_ONE, "arp 192.168.77.1"),
        ("", "tcp", NO_ONE, "tcp 192.168.77.1"),
        (NOBODY, "auto", EVERYONE, "icmp 192.168.77.1"),
        (NOBODY, "auto", NO_ONE, "tcp 192.168.77.1"),
        (NOBODY, "icmp", NO_ONE, "CAP_NET_RAW"),
        (NOBODY, "arp", EVERYONE, "CAP_NET_RAW"),
    ],
)
def test_the_router_is_asked_as_privileges_allow(runner: str, method: str, ping_groups: str, outcome: str) -> None:
    done = beside_a_router(SCRIPT, runner, method, ping_groups, timeout_s=60)
    if runner and "error while loading shared libraries" in done.stderr:
        pytest.skip(f"nobody may not run this interpreter: {done.stderr.strip()}")
    assert outcome in done.stdout, done.stderr
