"""UPnP against the real miniupnpd, in network namespaces of the test's own."""

import json

from tests.servers.network import beside_a_router, needs

pytestmark = needs("miniupnpd")

# $1: a folder of our own. miniupnpd finds its WAN address by name, so a veth pair without a cable to anywhere will do.
SCRIPT = """
at_router ip link add wan0 type veth peer name isp0
at_router ip link set wan0 up
at_router ip link set isp0 up
at_router ip addr add 81.2.69.142/24 dev wan0
"$PYTHON" tests/observe/upnp_driver.py $ROUTER "$1"
"""


def test_a_real_router_is_found_asked_subscribed_at_and_subscribed_at_again_after_a_reboot(tmp_path):
    done = beside_a_router(SCRIPT, str(tmp_path))
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
