"""A box of network namespaces: nothing in it has a name, an address, a process or a file outside, and it ends with its owner."""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.blackbox.instance import _NOT_OURS

_CLONE_NEWNET = 0x40000000
_WIRES = Path(__file__).parent / "wires.sh"
_LIBC = ctypes.CDLL(None, use_errno=True)
_START_S = 30.0
PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""Root by su has often no path to the programs of root."""


def environ(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every program in the lab: ours, without what would be meant for the product or lead out of the lab."""
    ours = {name: value for name, value in os.environ.items() if not _NOT_OURS.match(name)}
    return {**ours, "PATH": PATH, **(more or {})}


class Namespaces:
    """The box. Its first process reads from a pipe that only we hold, so that it ends when we do, even by SIGKILL."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc", "sh", str(_WIRES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ(variables),
        )
        self._daemons: list[Daemon] = []
        assert self._holder.stdout is not None
        said = self._holder.stdout.readline()
        if said != b"ready\n":
            self.close()
            raise RuntimeError(f"the namespaces could not be made: {said!r}")
        self.init = child_of(self._holder.pid)
        """Its first process, as numbered outside."""
        self._run = Path(f"/proc/{self.init}/root") / "run"
        self.folder = self._run / "lab"
        """The lab's files as they are seen from outside; inside they are in /run/lab."""

    def close(self) -> None:
        """End every process in the box. The kernel takes back interfaces, rules, mounts and files with them."""
        for pipe in (self._holder.stdin, self._holder.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._holder.wait(10)
        except subprocess.TimeoutExpired:
            self._holder.kill()
            self._holder.wait()
        for daemon in self._daemons:
            daemon.outer.wait(10)

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """This thread has the network of that namespace meanwhile: its new sockets, threads and children are in there."""
        there = self._run / "netns" / name
        with Path("/proc/thread-self/ns/net").open() as own, there.open() as other:
            _enter(other.fileno())
            try:
                yield
            finally:
                _enter(own.fileno())

    def run(self, name: str, *command: str, stdin: str | None = None) -> str:
        """Run a short command with the network of that namespace; its output."""
        with self.inside(name):
            done = subprocess.run(
                command, input=stdin, capture_output=True, text=True, timeout=30, check=False, env=environ()
            )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} in {name}: {done.stderr or done.stdout}")
        return done.stdout

    def spawn(
        self, name: str, *command: str, log: str, variables: Mapping[str, str] | None = None, append: bool = False
    ) -> "Daemon":
        """Start a process that stays, with network, mounts and process numbers of the box; it writes to ``log``."""
        with (self.folder / log).open("ab" if append else "wb") as output:
            outer = subprocess.Popen(
                [
                    *("nsenter", f"--target={self.init}", "--mount", "--pid"),
                    *("ip", "netns", "exec", name, "env", "-C", "/run/lab", *command),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environ(variables),
            )
        daemon = Daemon(outer, self.folder / log)
        self._daemons.append(daemon)
        return daemon


class Daemon:
    """One process in the box."""

    def __init__(self, outer: "subprocess.Popen[bytes]", log: Path) -> None:
        self.outer = outer
        self.log = log
        self.pid = child_of(outer.pid)

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        return self.outer.poll() is None

    @property
    def output(self) -> str:
        """Everything it wrote."""
        return self.log.read_text(errors="replace")

    def tell(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it, by force if it does not listen."""
        self.tell(number)
        try:
            return self.outer.wait(10)
        except subprocess.TimeoutExpired:
            self.tell(signal.SIGKILL)
            return self.outer.wait(10)


def child_of(pid: int) -> int:
    """The one child of a process that was just started, as soon as there is one."""
    give_up = time.monotonic() + _START_S
    pause = threading.Event()
    while time.monotonic() < give_up:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        pause.wait(0.002)
    raise RuntimeError("a process in the lab did not start")


def _enter(descriptor: int) -> None:
    """setns(2)."""
    if _LIBC.setns(descriptor, _CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
