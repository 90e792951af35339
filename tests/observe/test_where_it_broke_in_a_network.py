"""Each break of a real network, in namespaces of the test's own, is given its layer, with privileges and without."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.observe.broken_network import BREAKS, PING_GROUPS
from tests.servers.network import in_a_network, needs

NAMED = {
    "nothing": "up|remote|-",  # there are no echo services in this network
    "own cable": "down|host|-",
    "router hangs": "down|lan|-",
    "line": "down|access|192.168.77.1",
    "router lost its address": "down|access|192.168.77.1",
    "isp": "down|isp|81.2.69.1",
    "isp drops": "down|isp|81.2.69.1",
    "transit": "down|upstream|62.115.0.2",
    "target only": "down|-|62.115.0.2",
    "icmp is dropped": "up|remote|-",
}
QUICK = ("line", "transit")

pytestmark = needs("setpriv", "sysctl", "nft", "bash")


def breaks(mode: str, *chosen: str) -> dict[str, str]:
    """What was said of each."""
    done = in_a_network(sys.executable, "-m", "tests.observe.broken_network", mode, *chosen)
    if mode != "raw" and "error while loading shared libraries" in done.stderr:
        pytest.skip(f"nobody may not run this interpreter: {done.stderr.strip()}")
    told = dict(line.split("|", 1) for line in done.stdout.splitlines())
    assert len(told) == len(chosen or BREAKS), done.stderr
    return {name: said.rpartition("|")[0] for name, said in told.items()}


def test_without_any_privilege_the_line_is_told_from_what_lies_beyond():
    assert breaks("udp", *QUICK) == {name: NAMED[name] for name in QUICK}


@pytest.mark.slow
def test_each_break_is_given_its_layer():
    """Each way of tracing in a network of its own, all at once: they hardly do anything but wait."""
    with ThreadPoolExecutor(len(PING_GROUPS)) as pool:
        said = {mode: pool.submit(breaks, mode) for mode in PING_GROUPS}
    assert {mode: each.result() for mode, each in said.items()} == dict.fromkeys(PING_GROUPS, NAMED)
