"""Safety: what the host itself may do to the service. Rows of docs/SAFETY.md, "The host"."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from cadence_exporter.demo.cloudflare_faults import silence
from cadence_exporter.demo.doh import DohMode
from cadence_exporter.demo.echo import EchoMode
from cadence_exporter.demo.home import ADDRESS
from tests.blackbox.host import (
    COMMIT_FAULTS,
    clock_environ,
    inside,
    is_right,
    needs_mounts,
    privately,
    running,
    stop_in_time,
    store_is,
)
from tests.blackbox.instance import Instance, wait_for
from tests.blackbox.safety import MOVED, WatchedHome, failures, settings, was_down
from tests.servers.process import free_port

COMMIT = frozenset({"commit"})
ELSEWHERE = "81.2.69.143"
"""Where it was not in the past."""


@pytest.fixture
def home():
    with WatchedHome(ADDRESS) as home:
        yield home


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A state directory with a past, and how many cycles it knows of."""
    folder = tmp_path_factory.mktemp("past")
    with WatchedHome(ADDRESS) as home, running(home, folder) as instance:
        is_right(home, instance)
        home.change_address(MOVED)
        is_right(home, instance)
        instance.wait_for_cycles(3)
        cycles = instance.cycles()
    return folder / "state", cycles


@pytest.fixture
def state(past, tmp_path):
    """A copy of it, in the place where the process looks."""
    return Path(shutil.copytree(past[0], tmp_path / "state"))


def history(folder):
    command = [sys.executable, "-m", "cadence_exporter", "history", "--json", "--config", str(folder / "cadence.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60, check=True)
    return json.loads(done.stdout)


def addresses(folder):
    return [row["address"] for row in history(folder)["addresses"]]


# -- the store ------------------------------------------------------------------------------------------------------


def cut_to(length):
    def damage(path):
        with path.open("r+b") as file:
            file.truncate(length)

    return damage


def overwrite(content):
    return lambda path: path.write_bytes(content)


def directory_instead(path):
    path.unlink()
    path.mkdir()
    (path / "something").touch()


DAMAGES = {
    "zero_bytes": cut_to(0),
    "half_a_header": cut_to(50),
    "header_only": cut_to(100),
    "one_page": cut_to(4096),
    "a_page_and_a_half": cut_to(6000),
    "garbage": overwrite(os.urandom(50_000)),
    "another_format": overwrite(b"<html>not a database</html>\n" * 1000),
    "directory": directory_instead,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_store_is_set_aside_and_the_good_copy_takes_its_place(home, state, past, tmp_path, damage):
    damage(state / "state.db")
    with running(home, tmp_path) as instance:
        is_right(home, instance)
        assert instance.cycles() > past[1]
        assert instance.metric("cadence_state_store_up") == 1
        assert '"SET_ASIDE"' in instance.output
        assert '"RESTORED"' in instance.output
        assert (state / "state.db.corrupt-1").exists()
    assert addresses(tmp_path)[:2] == [ADDRESS, MOVED]


def test_a_store_and_a_copy_that_are_both_garbage_cost_the_past_and_nothing_else(home, state, tmp_path):
    for name in ("state.db", "state.db.good"):
        (state / name).write_bytes(b"garbage" * 1000)
    with running(home, tmp_path) as instance:
        is_right(home, instance)
        assert instance.metric("cadence_state_store_up") == 1
        assert {path.name for path in state.glob("*corrupt*")} >= {"state.db.corrupt-1", "state.db.good.corrupt-1"}
    assert addresses(tmp_path) == [ADDRESS]


def test_a_store_that_may_not_be_read_is_left_alone_and_taken_up_again(home, state, past, tmp_path):
    for path in state.iterdir():
        path.chmod(0)
    without_power = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    if without_power and not shutil.which("setpriv"):
        pytest.skip("setpriv is not installed (Debian package util-linux)")
    home.change_address(ELSEWHERE)
    with running(home, tmp_path, faults=COMMIT, prefix=without_power) as instance:
        is_right(home, instance)
        assert instance.metric("cadence_state_store_up") == 0
        assert instance.metric(COMMIT_FAULTS) > 0
        assert not list(state.glob("*corrupt*"))
        for path in state.iterdir():
            path.chmod(0o600)
        store_is(instance, up=True)
        assert instance.cycles() > past[1]
    assert addresses(tmp_path)[:2] == [ADDRESS, MOVED]


@pytest.mark.parametrize("what", ["state.db", "state.db*", "*"], ids=["store", "store_and_copy", "everything"])
def test_a_store_that_is_deleted_while_running_is_made_again(home, tmp_path, what):
    with running(home, tmp_path, faults=COMMIT) as instance:
        is_right(home, instance)
        before = instance.cycles()
        for path in (tmp_path / "state").glob(what):
            path.unlink()
        wait_for((tmp_path / "state/state.db").exists, "the store")
        home.change_address(MOVED)
        is_right(home, instance)
        store_is(instance, up=True)
        assert instance.cycles() > before
    with running(home, tmp_path, faults=COMMIT) as instance:
        assert instance.cycles() > before
    assert addresses(tmp_path)[-1] == MOVED


def test_a_state_directory_that_is_deleted_while_running_is_made_again(home, tmp_path):
    with running(home, tmp_path, faults=COMMIT) as instance:
        is_right(home, instance)
        before = instance.cycles()
        shutil.rmtree(tmp_path / "state")
        wait_for((tmp_path / "state/state.db").exists, "the store")
        store_is(instance, up=True)
    with running(home, tmp_path, faults=COMMIT) as instance:
        assert instance.cycles() > before


def test_a_state_directory_that_cannot_be_made_costs_the_memory_and_nothing_else(home, tmp_path):
    (tmp_path / "file").touch()
    changed = {**settings(home, tmp_path), "state_dir": str(tmp_path / "file" / "state")}
    with Instance(tmp_path, changed) as instance:
        is_right(home, instance)
        assert instance.metric("cadence_state_store_up") == 0
        home.change_address(MOVED)
        is_right(home, instance)
        assert home.ledger.wrong == []
        stop_in_time(instance)


def test_a_second_instance_gives_way_and_the_first_does_not_notice(home, tmp_path):
    with running(home, tmp_path) as first:
        is_right(home, first)
        with Instance(tmp_path / "second", settings(home, tmp_path)) as second:
            assert second.process.wait(20) == 2
            assert f"in use by another instance (process {first.process.pid})" in second.output
        first.wait_for_cycles(2)
        assert first.metric("cadence_state_store_up") == 1


# -- the disk -------------------------------------------------------------------------------------------------------


@needs_mounts
def test_a_disk_that_fills_up_stops_nothing_and_all_is_written_when_there_is_room(home, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    prefix = privately(f"mount -t tmpfs -o size=2m,mode=700 tmpfs {state}")
    with running(home, tmp_path, faults=COMMIT, prefix=prefix) as instance:
        is_right(home, instance)
        inside(instance, f"dd if=/dev/zero of={state}/fill bs=4k 2>/dev/null || true")
        store_is(instance, up=False)
        home.change_address(MOVED)
        is_right(home, instance)
        assert instance.metric(COMMIT_FAULTS) > 0
        before = instance.cycles()
        inside(instance, f"rm {state}/fill")
        store_is(instance, up=True)
        inside(instance, f"cp -r {state} {tmp_path}/saved")  # the mount ends with the process
        assert instance.cycles() >= before
        assert instance.metric('cadence_public_ip_changes_total{family="ipv4"}') == 1
    shutil.copytree(tmp_path / "saved", state, dirs_exist_ok=True)
    assert addresses(tmp_path) == [ADDRESS, MOVED]


@needs_mounts
def test_a_disk_that_is_full_from_the_start_costs_the_memory_and_nothing_else(home, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    prefix = privately(
        f"mount -t tmpfs -o size=64k,mode=700 tmpfs {state}; dd if=/dev/zero of={state}/fill bs=4k 2>/dev/null || true"
    )
    with running(home, tmp_path, faults=COMMIT, prefix=prefix) as instance:
        home.change_address(MOVED)
        is_right(home, instance)
        assert instance.metric("cadence_state_store_up") == 0
        inside(instance, f"rm {state}/fill; mount -o remount,size=2m {state}")
        store_is(instance, up=True)


@needs_mounts
def test_a_read_only_disk_is_read_and_written_as_soon_as_it_can_be(home, state, past, tmp_path):
    prefix = privately(f"mount --bind {state} {state}; mount -o remount,bind,ro {state}")
    with running(home, tmp_path, faults=COMMIT, prefix=prefix) as instance:
        home.change_address(ELSEWHERE)
        is_right(home, instance)
        assert instance.cycles() > past[1]
        assert instance.metric("cadence_state_store_up") == 0
        inside(instance, f"mount -o remount,bind,rw {state}")
        store_is(instance, up=True)
        before = instance.cycles()
    with running(home, tmp_path, faults=COMMIT) as instance:
        assert instance.cycles() >= before
    assert addresses(tmp_path)[-1] == ELSEWHERE


@needs_mounts
def test_a_disk_that_goes_away_and_comes_back_is_used_again(home, tmp_path):
    state = tmp_path / "state"
    with running(home, tmp_path, faults=COMMIT, prefix=privately("true")) as instance:
        is_right(home, instance)
        inside(instance, f"mount -t tmpfs -o ro tmpfs {state}")
        store_is(instance, up=False)
        home.change_address(MOVED)
        is_right(home, instance)
        before = instance.cycles()
        inside(instance, f"umount {state}")
        store_is(instance, up=True)
    with running(home, tmp_path, faults=COMMIT) as instance:
        assert instance.cycles() >= before
    assert addresses(tmp_path) == [ADDRESS, MOVED]


# -- the clock ------------------------------------------------------------------------------------------------------


WRONG_CLOCKS = {"hour_ahead": "+1h", "hour_behind": "-1h", "before_1980": "-50y", "unset": "@1970-01-01 00:00:05"}


@pytest.mark.parametrize("offset", WRONG_CLOCKS.values(), ids=WRONG_CLOCKS)
def test_a_clock_that_is_wrong_from_the_start_is_no_obstacle(home, state, past, tmp_path, offset):
    with running(home, tmp_path, environ=clock_environ(offset)) as instance:
        is_right(home, instance)
        assert instance.cycles() > past[1]
        home.change_address(ELSEWHERE)
        is_right(home, instance)
        assert instance.get("/-/healthy")[0] == 200
    with running(home, tmp_path) as instance:
        is_right(home, instance)


def test_a_clock_that_steps_both_ways_stops_and_breaks_nothing(home, tmp_path):
    offset = tmp_path / "offset"
    offset.write_text("+0\n")
    with running(home, tmp_path, environ=clock_environ("", offset)) as instance:
        is_right(home, instance)
        totals = []
        for step, address in (("+1h", MOVED), ("-1h", ADDRESS), ("+3d", MOVED), ("-50y", ADDRESS), ("+0", MOVED)):
            offset.write_text(f"{step}\n")
            instance.wait_for_cycles(1)
            home.change_address(address)
            is_right(home, instance)
            assert instance.get("/-/healthy")[0] == 200
            totals.append(instance.metrics())
    for before, after in pairwise(totals):
        assert [name for name, value in before.items() if "_total" in name and after[name] < value] == []
    up_s = totals[-1]['cadence_state_seconds_total{state="up"}']
    assert 0 < up_s < 60, "the time in a state is measured by the clock that does not step"


# -- output, signals, limits ----------------------------------------------------------------------------------------


def test_a_closed_output_stops_nothing(home, tmp_path):
    port = free_port()
    with running(home, tmp_path, port=port, prefix=("sh", "-c", 'exec "$@" >&- 2>&-', "sh")) as instance:
        is_right(home, instance)
        instance.wait_for_cycles(3)
        assert instance.metric("cadence_log_messages_dropped_total") > 0


def test_a_reader_that_went_away_stops_nothing(home, tmp_path):
    port, fifo = free_port(), tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with running(home, tmp_path, port=port, prefix=("sh", "-c", f'exec "$@" >{fifo}', "sh")) as instance:
        is_right(home, instance)
        os.close(reader)
        instance.wait_for_cycles(3)
        assert instance.metric("cadence_log_messages_dropped_total") > 0
        home.change_address(MOVED)
        is_right(home, instance)


def test_a_reader_that_stopped_reading_stops_nothing(home, tmp_path):
    port, fifo = free_port(), tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    hurried = {"interval": "120ms", "probe_timeout": "60ms", "slow_factor": 0.5}
    changes = {"log": {"format": "json", "level": "debug"}, "loop": hurried}
    try:
        with running(home, tmp_path, changes, port=port, prefix=("sh", "-c", f'exec "$@" >{fifo}', "sh")) as instance:
            is_right(home, instance)
            instance.wait_for_cycles(40)  # many times what a pipe holds
            wait_for(lambda: instance.metric('cadence_log_messages_total{level="debug"}') > 0, "debug lines")
            home.change_address(MOVED)
            is_right(home, instance)
    finally:
        os.close(reader)


def hang_probe(home):
    for echo in home.echoes:
        echo.mode = EchoMode.SILENCE


def hang_provider(home):
    home.cloudflare.persistent_fault = silence()
    home.change_address(MOVED)


def hang_resolvers(home):
    for resolver in home.resolvers:
        resolver.mode = DohMode.SILENCE
    home.change_address(MOVED)


UNHURRIED = {"interval": "60s", "probe_timeout": "25s", "confirm_spacing": "50ms"}
"""A hung call lasts longer than any test waits."""


@pytest.mark.parametrize("hang", [hang_probe, hang_provider, hang_resolvers], ids=lambda hang: hang.__name__)
def test_a_stop_does_not_wait_for_what_hangs(home, tmp_path, hang):
    with running(home, tmp_path, {"loop": UNHURRIED}) as instance:
        is_right(home, instance)
        hang(home)
        instance.check()
        hung = [*home.echoes, home.cloudflare, *home.resolvers]
        before = sum(each.http.port.accepted for each in hung)
        wait_for(lambda: sum(each.http.port.accepted for each in hung) > before, "a call")


@needs_mounts
def test_a_stop_does_not_wait_for_a_name_that_is_being_looked_up(home, tmp_path):
    with socket.socket(type=socket.SOCK_DGRAM) as nameserver:
        try:
            nameserver.bind(("127.53.77.1", 53))
        except OSError as error:
            pytest.skip(f"port 53 of 127.53.77.1: {error}")
        resolv = tmp_path / "resolv.conf"
        resolv.write_text("nameserver 127.53.77.1\noptions timeout:30 attempts:5\n")
        prefix = privately(f"mount --bind {resolv} /etc/resolv.conf")
        names = [f"https://echo.home{number}.example/" for number in range(4)]
        with running(home, tmp_path, {"loop": UNHURRIED, "public_ip": {"echo": names}}, prefix=prefix):
            nameserver.settimeout(20)
            assert b"home" in nameserver.recv(512)


def test_no_file_descriptor_left_is_survived_and_over_when_there_are_some(home, tmp_path):
    with running(home, tmp_path, faults=COMMIT | {"observe", "act", "record"}) as instance:
        is_right(home, instance)
        limit(instance, 3)
        lines = len(instance.log)
        wait_for(lambda: len(instance.log) > lines + 20, "cycles without descriptors")
        assert instance.alive
        limit(instance, 1024)
        home.change_address(MOVED)
        is_right(home, instance)
        store_is(instance, up=True)
        assert was_down(instance)
        assert failures(instance, "other", "wan_path") > 0


def limit(instance, descriptors):
    """The soft limit: nothing that is open is closed, nothing more can be opened."""
    command = ["prlimit", f"--pid={instance.process.pid}", f"--nofile={descriptors}:4096"]
    subprocess.run(command, check=True, timeout=10)


def test_a_storm_of_reloads_leaves_nothing_behind(home, tmp_path):
    with running(home, tmp_path) as instance:
        is_right(home, instance)
        threads, files = belongings(instance)
        for _ in range(500):
            instance.process.send_signal(signal.SIGHUP)
            time.sleep(0.001)
        instance.wait_for_cycles(3)
        home.change_address(MOVED)
        is_right(home, instance)
        wait_for(lambda: belongings(instance)[0] <= threads + 3, lambda: f"threads: {belongings(instance)}, {threads}")
        wait_for(lambda: belongings(instance)[1] <= files + 6, lambda: f"files: {belongings(instance)}, {files}")
        assert instance.metric("cadence_config_last_reload_successful") == 1


def test_a_storm_of_checks_is_no_storm_outside(home, tmp_path):
    with running(home, tmp_path, {"loop": UNHURRIED}) as instance:
        is_right(home, instance)
        calls, cycles = sum(echo.calls for echo in home.echoes), instance.cycles()
        for _ in range(500):
            instance.check()
        instance.wait_for_cycles(1)
        assert sum(echo.calls for echo in home.echoes) - calls <= len(home.echoes) * (instance.cycles() - cycles)
        assert instance.cycles() - cycles <= 3


def belongings(instance):
    """Threads and open files of the process."""
    proc = Path(f"/proc/{instance.process.pid}")
    return len(list((proc / "task").iterdir())), len(list((proc / "fd").iterdir()))
