"""The router probes against a real neighbour, in network namespaces of the test's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("unshare", "nsenter", "ip", "setpriv", "sysctl")

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, TOOLS)),
        reason="needs root, unshare, nsenter, ip, setpriv, sysctl",
    ),
]

# $1: what runs the probe, unprivileged or not; $2: the method; $3: ping_group_range
NETWORK = """
set -e
ip link set lo up
ip link add home type veth peer name router
unshare -n sleep 60 & router=$!
trap 'kill $router' EXIT
until [ "$(readlink /proc/$router/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link set router netns $router
ip addr add 192.168.77.2/24 dev home
ip link set home up
nsenter -t $router -n ip addr add 192.168.77.1/24 dev router
nsenter -t $router -n ip link set router up
ip route add default via 192.168.77.1
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
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", NETWORK, "sh", runner, method, ping_groups],
        env={**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
    if runner and "error while loading shared libraries" in done.stderr:
        pytest.skip(f"nobody may not run this interpreter: {done.stderr.strip()}")
    assert outcome in done.stdout, done.stderr
