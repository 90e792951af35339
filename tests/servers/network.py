"""Networks of a test's own, in namespaces: root only, and nothing in them leads out."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HOME_AND_ROUTER = """
set -e
ip link set lo up
ip link add home type veth peer name lan
unshare -n sleep 120 & ROUTER=$!
export ROUTER
trap 'kill $ROUTER' EXIT
until [ "$(readlink /proc/$ROUTER/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
at_router() { nsenter -t $ROUTER -n "$@"; }
ip link set lan netns $ROUTER
ip addr add 192.168.77.2/24 dev home
ip link set home up
at_router ip link set lo up
at_router ip addr add 192.168.77.1/24 dev lan
at_router ip link set lan up
ip route add default via 192.168.77.1
"""
"""The beginning of a shell script: its own network is the home's, $ROUTER a process in that of the router."""


def needs(*tools: str) -> list[pytest.MarkDecorator]:
    """Marks for tests that make networks with these tools."""
    every = ("unshare", "nsenter", "ip", *tools)
    missing = os.geteuid() != 0 or not all(map(shutil.which, every))
    return [
        pytest.mark.real_server,
        pytest.mark.skipif(missing, reason=f"needs root and {', '.join(every)}"),
    ]


def in_a_network(
    *command: str, timeout_s: float = 120.0, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it in an empty network of its own; the test is skipped where there may be none."""
    done = subprocess.run(
        ["unshare", "-n", *command],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            **(environ or {}),
        },
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
    return done


def beside_a_router(script: str, *arguments: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
    """Run a shell script in a home with a router."""
    return in_a_network("sh", "-c", HOME_AND_ROUTER + script, "sh", *arguments, timeout_s=timeout_s)
