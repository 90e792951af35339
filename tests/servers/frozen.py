"""Stops every thread of a child process but the one that takes connections: a loop that hangs while the process goes on answering."""

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_DETACH, _SEIZE, _INTERRUPT = 17, 0x4206, 0x4207
"""ptrace(2)."""
_WALL = 0x40000000
"""waitpid(2): wait for threads of every kind."""
_ASKED = 20


@contextlib.contextmanager
def frozen(pid: int, ask: Callable[[], object]) -> Iterator[None]:
    """Until the block ends. ``ask`` makes one request of the process. Skips the test where nobody may trace a child of his own.

    A thread may hold Python's lock when it is stopped, and then all stands still: look whether the process answers.
    """
    answering = _answering(pid, ask)
    stopped: list[int] = []
    try:
        for thread in set(_threads(pid)) - {answering}:
            with contextlib.suppress(ProcessLookupError):  # a connection's thread that has ended
                _ptrace(_SEIZE, thread)
                _ptrace(_INTERRUPT, thread)
                os.waitpid(thread, _WALL)
                stopped.append(thread)
        yield
    finally:
        for thread in stopped:
            with contextlib.suppress(OSError):
                _ptrace(_DETACH, thread)


def _answering(pid: int, ask: Callable[[], object]) -> int:
    """The thread that wakes up once for each request."""
    before = _threads(pid)
    for _ in range(_ASKED):
        ask()
    after = _threads(pid)
    return max(before.keys() & after.keys(), key=lambda thread: after[thread] - before[thread])


def _threads(pid: int) -> dict[int, int]:
    """How often each thread has gone to sleep."""
    found = {}
    for folder in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            lines = (folder / "status").read_text().splitlines()
            found[int(folder.name)] = next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return found


def _ptrace(request: int, pid: int) -> None:
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    call.restype = ctypes.c_long
    if call(request, pid, None, None) == -1:
        number = ctypes.get_errno()
        if number == errno.EPERM:
            pytest.skip(f"this host lets nobody trace a child: {os.strerror(number)}")
        raise OSError(number, os.strerror(number))
