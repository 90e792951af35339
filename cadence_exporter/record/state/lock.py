"""One instance per state directory. The kernel drops the lock with the process, so there are no stale ones."""

import contextlib
import fcntl
import os
from pathlib import Path

from cadence_exporter.errors import StateUnavailable


class InUse(StateUnavailable):
    """Another instance works in this state directory."""


class DirectoryLock:
    """An exclusive ``flock`` on the file ``lock``, which names its holder."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process holds it."""
        return self._fd is not None

    def acquire(self) -> None:
        """Take it, or keep it. Raises InUse; OSError when the file cannot be made."""
        if self._fd is not None:
            return
        path = self._directory / "lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise InUse(f"{self._directory} is in use by another instance (process {holder})") from None
        except OSError:
            os.close(fd)
            raise
        with contextlib.suppress(OSError):  # a full disk: the lock holds without the number
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Give it back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
