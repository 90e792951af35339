"""A rude crowd, in a process of its own: ``python -m tests.bench.flood PORT`` says ``ready``, and goes on until its stdin ends.

A thousand connections begin a request and never end it; whoever is thrown out comes back, some hundred times a second. Twenty of
them are slow lorises: a letter now and then, so that the request seems to arrive.
"""

import contextlib
import resource
import selectors
import socket
import subprocess
import sys
import time
from typing import Self

HALF_OPEN = 1000
LORISES = 20
BACK_EACH_TICK = 10
TICK_S = 0.02
LETTER_S = 0.5
BEGUN = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


class Flood:
    """The crowd, at the door of a port on loopback for as long as the context lasts."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-m", "tests.bench.flood", str(port)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self.told = self._process.communicate()[0]


def main() -> None:
    port = int(sys.argv[1])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * HALF_OPEN) if hard > 0 else 4 * HALF_OPEN, hard))
    crowd = _Crowd(port)
    while len(crowd.inside) < HALF_OPEN:
        crowd.come(HALF_OPEN - len(crowd.inside))
    print("ready", flush=True)
    with selectors.DefaultSelector() as ears:
        ears.register(sys.stdin, selectors.EVENT_READ)
        while not ears.select(TICK_S):
            crowd.leave_if_thrown_out()
            crowd.come(min(BACK_EACH_TICK, HALF_OPEN - len(crowd.inside)))
            crowd.whisper()
    print(crowd.came)


class _Crowd:
    def __init__(self, port: int) -> None:
        self._port = port
        self.inside: list[socket.socket] = []
        self.came = 0
        self._whispered = time.monotonic()

    def come(self, number: int) -> None:
        for _ in range(number):
            with contextlib.suppress(OSError):
                one = socket.create_connection(("127.0.0.1", self._port), timeout=1)
                one.settimeout(0.0)
                one.send(BEGUN)
                self.inside.append(one)
                self.came += 1

    def leave_if_thrown_out(self) -> None:
        stay = []
        for one in self.inside:
            try:
                gone = one.recv(4096) is not None
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                one.close()
            else:
                stay.append(one)
        self.inside = stay

    def whisper(self) -> None:
        if time.monotonic() - self._whispered < LETTER_S:
            return
        self._whispered = time.monotonic()
        for one in self.inside[-LORISES:]:
            with contextlib.suppress(OSError):
                one.send(b"a")


if __name__ == "__main__":
    main()
