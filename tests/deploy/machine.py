"""A machine with systemd of its own: a Debian tree, booted in a container of systemd-nspawn that has no network but loopback."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

BOOT_S = 120.0
POLL_S = 0.5
NEEDS = ("systemd-nspawn", "mmdebstrap", "nsenter", "setsid")


def missing() -> str:
    """Why no machine can be had here; empty when one can."""
    if os.geteuid() != 0:
        return "needs root"
    absent = [name for name in NEEDS if shutil.which(name) is None]
    return f"needs {', '.join(absent)}" if absent else ""


def debian_mirror() -> str:
    """The mirror that this machine's own packages come from."""
    policy = subprocess.run(["apt-cache", "policy", "systemd"], check=True, capture_output=True, text=True).stdout
    return next(word for word in policy.split() if word.startswith(("http://", "https://")))


def make_tree(tree: Path) -> None:
    """Half a minute: a small Debian with systemd and Python. One that is there already is used again."""
    if not (tree / "usr/bin/systemctl").exists():
        shutil.rmtree(tree, ignore_errors=True)
        packages = "systemd-sysv,dbus,python3,ca-certificates,procps"
        source = f"deb {debian_mirror()} bookworm main"
        subprocess.run(
            ["mmdebstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(tree), source],
            check=True,
            capture_output=True,
        )


class Machine:
    """Booted on entering, powered off on leaving, whatever happens."""

    def __init__(self, tree: Path, log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self._nspawn = subprocess.Popen(
                [
                    *("systemd-nspawn", "-q", "-D", str(tree), "-M", f"cadence-{os.getpid()}", "-b"),
                    *("--register=no", "--keep-unit", "--private-network", "--console=pipe"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._systemd = 0

    def __enter__(self) -> Self:
        try:
            self._systemd = int(self.until(lambda: children_of(self._nspawn.pid), "a first process")[0])
            self.until(lambda: self("systemctl", "is-system-running", check=False) in ("running", "degraded"), "booted")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(subprocess.SubprocessError):
            self("systemctl", "poweroff", check=False)
        try:
            self._nspawn.wait(30)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._systemd or self._nspawn.pid, signal.SIGKILL)
            self._nspawn.kill()
            self._nspawn.wait(10)

    def __call__(self, *command: str, check: bool = True) -> str:
        """Run ``command`` inside; returns what it wrote."""
        enter = ["nsenter", "-t", str(self._systemd), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"]
        done = subprocess.run([*enter, *command], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def shows(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self("systemctl", "show", "-P", name, unit)

    def until(self, what: Callable[[], Any], why: str, patience_s: float = BOOT_S) -> Any:
        """The first value of ``what`` that is true."""
        ends = time.monotonic() + patience_s
        while not (found := what()):
            assert self._nspawn.poll() is None, f"the machine went off: {self.log.read_text(errors='replace')[-2000:]}"
            assert time.monotonic() < ends, f"not {why}: {self.log.read_text(errors='replace')[-2000:]}"
            time.sleep(POLL_S)
        return found


def children_of(pid: int) -> list[str]:
    """Its child processes."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return []
