"""A start with nothing: no route, no names, an unset clock. In a network namespace of the test's own, which ends with its process."""

import contextlib
import ctypes
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cadence_exporter.demo.home import ADDRESS
from tests.blackbox.host import OK_CYCLES, clock_environ
from tests.blackbox.instance import _NOT_OURS, PATIENCE_S, Instance, wait_for
from tests.blackbox.safety import WatchedHome, settings

TOOLS = ("unshare", "ip", "sh")
CLONE_NEWNET = 0x40000000
ALONE = "ip link set lo up"
SWALLOWED = f"""{ALONE}
ip link add home type veth peer name void
ip addr add 10.77.0.2/24 dev home
ip link set void up
ip link set home up
ip neigh add 10.77.0.1 lladdr 02:00:00:00:00:01 dev home
ip route add default via 10.77.0.1"""
"""A default route, and whoever is beyond it never answers: every probe and every look-up of a name hangs."""

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, TOOLS)),
    reason="needs root, unshare and ip for a network namespace of its own",
)


@pytest.fixture(autouse=True, scope="module")
def _namespaces():
    done = subprocess.run(["unshare", "-n", "true"], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        pytest.skip(f"no network namespaces here: {done.stderr.strip()}")


def in_a_network(script):
    """A prefix: the process in a network of its own, after ``script``."""
    return ("unshare", "-n", "sh", "-e", "-c", f'{script}\nexec "$@"', "sh")


class Visitor:
    """A thread inside the network of a process. Sockets and threads that it makes belong there too."""

    def __init__(self, pid: int) -> None:
        self._thread = ThreadPoolExecutor(1, initializer=enter, initargs=(pid,))

    def __call__(self, work: Callable[[], object]) -> object:
        return self._thread.submit(work).result(PATIENCE_S)

    def close(self) -> None:
        self._thread.shutdown()


def enter(pid):
    own = Path("/proc/self/ns/net").readlink()
    wait_for(lambda: Path(f"/proc/{pid}/ns/net").readlink() != own, "the network")
    with Path(f"/proc/{pid}/ns/net").open() as namespace:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def default_run(folder, script, environ=None):
    """``cadence-exporter run`` without any setting, in a network of its own; yields the process, a way to scrape, the start."""
    (folder / "home").mkdir()
    clean = {name: value for name, value in os.environ.items() if not _NOT_OURS.match(name)}
    command = [*in_a_network(script), sys.executable, "-m", "cadence_exporter", "run"]
    began = time.monotonic()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder / "home",
            env={**clean, "HOME": str(folder / "home"), **(environ or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    visitor = Visitor(process.pid)
    try:
        yield process, lambda: visitor(scrape), began
    finally:
        visitor.close()
        process.kill()
        process.wait(PATIENCE_S)


def scrape():
    """The samples of /metrics at the default address; OSError while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", 9923, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    return {name: float(value) for name, _, value in (each.rpartition(" ") for each in lines if each[:1] != "#")}


def until_scraped(scraped, began):
    found = wait_for(scraped, "/metrics")
    print(f"/metrics answered {time.monotonic() - began:.2f} s after the start of the process")
    return found


CLOCKS = pytest.mark.parametrize("clock", [None, "@1970-01-01 00:00:05"], ids=["right_clock", "unset_clock"])


@CLOCKS
def test_without_any_network_metrics_are_served_and_the_state_is_down(tmp_path, clock):
    with default_run(tmp_path, ALONE, clock_environ(clock) if clock else None) as (process, scraped, began):
        until_scraped(scraped, began)
        wait_for(lambda: scraped().get('cadence_state{state="down"}') == 1, "DOWN")
        samples = scraped()
        assert samples['cadence_outages_total{layer="wan"}'] == 0, "an outage is the end of a time that was UP"
        assert samples["cadence_state_store_up"] == 1
        assert not [name for name, value in samples.items() if "loop_exceptions" in name and value]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_metrics_are_served_while_the_very_first_probes_hang(tmp_path):
    with default_run(tmp_path, SWALLOWED) as (process, scraped, began):
        samples = until_scraped(scraped, began)
        assert samples[OK_CYCLES] == 0
        assert not samples.get('cadence_state{state="up"}')
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        print(f"stopped {time.monotonic() - asked:.2f} s after SIGTERM, with all probes hanging")


@CLOCKS
def test_it_goes_up_by_itself_when_the_world_appears(tmp_path, clock):
    """The pretend home is built inside the network of the process, so its ports are known beforehand and nobody is there."""
    command = [*in_a_network(f"{ALONE}\necho ready"), "sleep", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout.readline() == b"ready\n"
        visitor = Visitor(keeper.pid)
        try:
            home = visitor(WatchedHome)
            visitor(home.router_off)
            changes = {"router": {"address": "auto"}}
            into = ("nsenter", "-t", str(keeper.pid), "-n")
            environ = clock_environ(clock) if clock else None
            with Instance(tmp_path, settings(home, tmp_path, changes), prefix=into, environ=environ) as instance:
                wait_for(lambda: visitor(instance.state) == "DOWN", lambda: f"DOWN: {instance.output[-3000:]}")
                assert "no default route" in instance.output
                assert home.writes == []
                subprocess.run([*into, "sh", "-e", "-c", SWALLOWED], check=True, timeout=20)
                visitor(home.router_on)
                wait_for(lambda: visitor(instance.state) == "UP", lambda: f"UP: {instance.output[-3000:]}")
                wait_for(lambda: home.writes == [("POST", ADDRESS)], lambda: f"the record: {instance.output[-3000:]}")
                assert instance.stop() == 0
            visitor(home.close)
        finally:
            visitor.close()
            keeper.kill()


def test_once_says_that_it_is_not_up(tmp_path):
    clean = {name: value for name, value in os.environ.items() if not _NOT_OURS.match(name)}
    done = subprocess.run(
        [*in_a_network(ALONE), sys.executable, "-m", "cadence_exporter", "once"],
        cwd=tmp_path,
        env={**clean, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "DOWN" in done.stdout
