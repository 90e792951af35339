"""A real upsd with its dummy driver (Debian packages nut-server): the UPS says what the test writes into a file."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import free_port

NAME = "lab"
MAXAGE_S = 2
"""upsd calls data stale that is older."""
_PROGRAMS = Path("/lib/nut")


class Nut:
    """upsd and its driver; the driver can be killed alone."""

    def __init__(self, folder: Path, port: int, driver: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.driver = driver
        self._device = folder / f"{NAME}.dev"

    def says(self, **variables: str) -> None:
        """``ups_status="OB"`` and so on; noticed by the driver within two seconds."""
        lines = [f"{name.replace('_', '.')}: {value}\n" for name, value in variables.items()]
        self._device.write_text("".join(lines))

    def until(self, wanted: str, seconds: float = 15.0) -> str:
        """upsd's answer about ups.status, as soon as ``wanted`` stands in it."""
        give_up = time.monotonic() + seconds
        answer = ""
        while time.monotonic() < give_up:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2) as sock:
                sock.sendall(f"GET VAR {NAME} ups.status\n".encode())
                answer = sock.recv(1024).decode()
                if wanted in answer:
                    return answer
            time.sleep(0.1)
        raise AssertionError(f"upsd said {answer!r}, not {wanted}")


@contextlib.contextmanager
def running_nut(folder: Path) -> Iterator[Nut]:
    """Start both programs on a free port; skips when they are not installed."""
    programs = {name: _PROGRAMS / name for name in ("upsd", "dummy-ups")}
    if not all(path.exists() for path in programs.values()):
        pytest.skip("upsd and dummy-ups are not installed (Debian package nut-server)")
    port = free_port()
    (folder / "ups.conf").write_text(
        f"[{NAME}]\ndriver = dummy-ups\nport = {NAME}.dev\nmode = dummy-once\ndesc = lab\n"
    )
    (folder / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {port}\nMAXAGE {MAXAGE_S}\n")
    (folder / "upsd.users").write_text("")
    (folder / "nut.conf").write_text("MODE=standalone\n")
    for path in folder.iterdir():
        path.chmod(0o640)
    environ = {**os.environ, "NUT_CONFPATH": str(folder), "NUT_STATEPATH": str(folder), "NUT_ALTPIDPATH": str(folder)}
    user = ["-u", "root"] if os.geteuid() == 0 else []
    with contextlib.ExitStack() as stack:
        device = folder / f"{NAME}.dev"
        device.write_text("ups.status: OL CHRG\nbattery.charge: 87\nbattery.runtime: 1260\n")
        log = stack.enter_context((folder / "log").open("wb"))

        def start(*command: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            stack.callback(_end, process)
            return process

        driver = start(str(programs["dummy-ups"]), "-F", "-a", NAME, *user)
        start(str(programs["upsd"]), "-F", *user)
        nut = Nut(folder, port, driver)
        try:
            nut.until("OL")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(folder / 'log').read_text()}") from error
        yield nut


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
