"""What tests of a troubled host have in common: a state directory with a past, private mounts, and what must hold at the end."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.instance import Instance, wait_for
from tests.blackbox.safety import MOST_MEMORY_KIB, STOP_WITHIN_S, WatchedHome, in_sync, peak_memory_kib, settings

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
OK_CYCLES = 'cadence_loop_iterations_total{outcome="ok"}'
COMMIT_FAULTS = 'cadence_loop_exceptions_total{phase="commit"}'

needs_mounts = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "mount"))),
    reason="needs root, unshare, nsenter, mount",
)


@contextmanager
def running(
    home: WatchedHome,
    folder: Path,
    changes: Mapping[str, Any] | None = None,
    *,
    faults: frozenset[str] = frozenset(),
    port: int | None = None,
    **how: Any,
) -> Iterator[Instance]:
    """The real process in this home, on a host in trouble: it never ends by itself, stops in time, and does no harm.

    ``faults`` are the borders at which exceptions may have been caught; ``port`` is for a process whose log cannot be read.
    """
    made = settings(home, folder, changes)
    if port is not None:
        made["listen"] = f"127.0.0.1:{port}"
    with Instance(folder, made, **how) as instance:
        instance._port = port
        yield instance
        assert instance.alive, instance.output[-3000:]
        assert home.ledger.wrong == []
        assert home.cloudflare.deletes == 0
        assert len(home.published()) <= 1
        assert caught(instance) <= faults
        assert "Traceback" not in instance.output
        assert peak_memory_kib(instance) < MOST_MEMORY_KIB
        stop_in_time(instance)


def caught(instance: Instance) -> set[str]:
    """The borders at which an exception was caught."""
    prefix = 'cadence_loop_exceptions_total{phase="'
    return {name[len(prefix) : -2] for name, count in instance.metrics().items() if name.startswith(prefix) and count}


def stop_in_time(instance: Instance) -> float:
    """SIGTERM; returns the seconds that it took."""
    asked = time.monotonic()
    assert instance.stop() == 0, instance.output[-3000:]
    took = time.monotonic() - asked
    assert took < STOP_WITHIN_S, instance.output[-3000:]
    return took


def store_is(instance: Instance, *, up: bool) -> None:
    """Wait until the store is said to be so."""
    wanted = float(up)
    wait_for(lambda: instance.metric("cadence_state_store_up") == wanted, lambda: f"store: {instance.output[-3000:]}")


def is_right(home: WatchedHome, instance: Instance) -> None:
    """Wait until the record is right, it is known to be, and the state is UP."""
    wait_for(lambda: home.published() == [home.address], lambda: f"the record: {instance.output[-3000:]}")
    wait_for(lambda: in_sync(instance), lambda: f"in sync: {instance.output[-3000:]}")
    instance.wait_until_up()


def privately(script: str) -> tuple[str, ...]:
    """A prefix: the process in a mount namespace of its own, after ``script``. Its mounts end with it."""
    return ("unshare", "-m", "sh", "-e", "-c", f'{script}\nexec "$@"', "sh")


def inside(instance: Instance, script: str) -> None:
    """Run ``script`` among the mounts of the process."""
    subprocess.run(["nsenter", "-t", str(instance.process.pid), "-m", "sh", "-e", "-c", script], check=True, timeout=30)


def clock_environ(offset: str, file: Path | None = None) -> dict[str, str]:
    """An environment in which the wall clock is off by ``offset`` (``+1h``), or by what ``file`` says; the monotonic one is right."""
    if FAKETIME is None:
        pytest.skip("libfaketime is not installed (Debian package faketime)")
    steps = {"FAKETIME_TIMESTAMP_FILE": str(file)} if file else {"FAKETIME": offset}
    return {
        **steps,
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_RESET": "1",
    }
