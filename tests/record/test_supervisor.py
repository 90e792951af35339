"""What a service manager hears, and when: only a completed cycle says that we are ready and alive."""

import socket

import pytest

from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.memory import Phase
from cadence_exporter.record.supervisor import Supervisor, socket_address, watchdog_us
from tests.record.cycles import make_cycle

PID = 4711


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(5)
        yield sock


def heard(sock):
    return sock.recv(4096).decode().splitlines()


def stuck_after(seconds):
    return lambda cycle: later(cycle.ended.instant, seconds)


def supervisor(manager, *, patience_s=None, stuck_after_s=256.0):
    environ = {"NOTIFY_SOCKET": manager.getsockname()}
    if patience_s is not None:
        environ |= {"WATCHDOG_USEC": str(int(patience_s * 1e6)), "WATCHDOG_PID": str(PID)}
    return Supervisor(environ, stuck_after(stuck_after_s), PID)


def test_the_first_cycle_makes_it_ready_and_each_feeds_the_watchdog(manager):
    told = supervisor(manager, patience_s=600)
    told.record(make_cycle())
    first = heard(manager)
    told.record(make_cycle())
    second = heard(manager)
    assert "READY=1" in first
    assert "READY=1" not in second
    assert "WATCHDOG=1" in first
    assert "WATCHDOG=1" in second


def test_nothing_is_said_before_a_cycle_is_complete(manager):
    supervisor(manager, patience_s=600)
    manager.settimeout(0)
    with pytest.raises(BlockingIOError):
        manager.recv(1)


def test_a_first_cycle_that_may_take_long_is_waited_for(manager):
    supervisor(manager).starting(361.5)
    assert heard(manager) == ["EXTEND_TIMEOUT_USEC=361500000"]


def test_a_manager_that_is_gone_is_no_reason_not_to_start(tmp_path):
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, stuck_after(1), PID).starting(120.0)
    Supervisor({}, stuck_after(1), PID).starting(120.0)


def test_the_manager_is_as_patient_as_the_settings_need(manager):
    supervisor(manager, patience_s=300, stuck_after_s=1900).record(make_cycle())
    assert "WATCHDOG_USEC=1900000000" in heard(manager)


def test_the_patience_that_the_unit_grants_is_never_cut(manager):
    supervisor(manager, patience_s=300, stuck_after_s=60).record(make_cycle())
    assert "WATCHDOG_USEC=300000000" in heard(manager)


def test_without_a_watchdog_none_is_fed(manager):
    supervisor(manager).record(make_cycle())
    assert not [line for line in heard(manager) if line.startswith("WATCHDOG")]


def test_the_status_names_the_state_and_the_next_look_and_no_address(manager):
    cycle = make_cycle()
    supervisor(manager).record(cycle)
    (status,) = [line for line in heard(manager) if line.startswith("STATUS=")]
    wait_s = cycle.decision.next_look - cycle.ended.instant
    assert cycle.memory.phase is Phase.UP
    assert status == f"STATUS=UP, cycle {cycle.memory.cycle}; next look in {wait_s:.0f} s"


def test_the_end_is_announced(manager):
    supervisor(manager).stopping()
    assert "STOPPING=1" in heard(manager)


def test_a_name_in_the_abstract_namespace_is_understood():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")  # the kernel gives it an abstract name
        sock.settimeout(5)
        name = sock.getsockname().decode().replace("\0", "@")
        Supervisor({"NOTIFY_SOCKET": name}, stuck_after(1), PID).record(make_cycle())
        assert "READY=1" in heard(sock)


def test_without_a_manager_nothing_is_said():
    told = Supervisor({}, stuck_after(1), PID)
    told.record(make_cycle())
    told.stopping()


def test_a_manager_that_is_gone_is_a_fault_of_the_cycle_and_none_of_the_end(tmp_path):
    told = Supervisor({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, stuck_after(1), PID)
    told.stopping()
    with pytest.raises(OSError, match="No such file"):
        told.record(make_cycle())


def test_a_message_that_was_not_taken_is_said_again_with_the_next_cycle(manager, tmp_path):
    path = manager.getsockname()
    told = Supervisor({"NOTIFY_SOCKET": path + "2"}, stuck_after(1), PID)
    with pytest.raises(OSError, match="No such file"):
        told.record(make_cycle())
    (tmp_path / "notify").rename(path + "2")
    told.record(make_cycle())
    assert "READY=1" in heard(manager)


@pytest.mark.parametrize("text", ["", "@", "vsock:2:1234", "relative/path"])
def test_an_address_that_is_none(text):
    assert socket_address(text) is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "5000000"}, 5_000_000),
        ({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": str(PID)}, 5_000_000),
        ({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
    ],
)
def test_whether_we_are_watched(environ, expected):
    assert watchdog_us(environ, PID) == expected


def test_a_cycle_that_is_overdue_waits_nought_seconds(manager):
    cycle = make_cycle()
    object.__setattr__(cycle.decision, "next_look", Instant(cycle.ended.instant - 5.0))
    supervisor(manager).record(cycle)
    assert heard(manager)[0].endswith("next look in 0 s")
