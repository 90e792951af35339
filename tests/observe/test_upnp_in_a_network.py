"""UPnP against the real miniupnpd, in network namespaces of the test's own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("unshare", "nsenter", "ip", "miniupnpd")

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, TOOLS)),
        reason="needs root, unshare, nsenter, ip, miniupnpd (Debian: miniupnpd-nftables)",
    ),
]

# $1: a folder of our own. miniupnpd finds its WAN address by name, so a veth pair without a cable to anywhere will do.
NETWORK = """
set -e
ip link set lo up
ip link add home type veth peer name lan
unshare -n sleep 120 & router=$!
trap 'kill $router' EXIT
until [ "$(readlink /proc/$router/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
at_router() { nsenter -t $router -n "$@"; }
ip link set lan netns $router
ip addr add 192.168.77.2/24 dev home
ip link set home up
at_router ip link set lo up
at_router ip addr add 192.168.77.1/24 dev lan
at_router ip link set lan up
at_router ip link add wan0 type veth peer name isp0
at_router ip link set wan0 up
at_router ip link set isp0 up
at_router ip addr add 81.2.69.142/24 dev wan0
ip route add default via 192.168.77.1
"$PYTHON" "$ROOT/tests/observe/upnp_driver.py" $router "$1"
"""


def test_a_real_router_is_found_asked_subscribed_at_and_subscribed_at_again_after_a_reboot(tmp_path):
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", NETWORK, "sh", str(tmp_path)],
        env={
            **os.environ,
            "PYTHON": sys.executable,
            "ROOT": str(ROOT),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
    assert done.stdout, done.stderr
    facts = json.loads(done.stdout)
    print(json.dumps(facts, indent=1))
    assert facts["word"] == ["81.2.69.142", "upnp", True]
    assert (facts["up"], facts["rings at first"]) == (True, 0)
    assert facts["loss"] < 5
    assert facts["word without an address"] == "None"
    assert facts["renumbered"] < 5
    assert facts["new word"] == "93.184.216.34"
    assert facts["told before the reboot"] == [True]
    assert facts["rung after the reboot"]
    assert facts["hears again"]
    assert facts["word after the reboot"] == "81.2.69.150"
    assert facts["reasons"] == ["upnp"]
    assert facts["ended"]
