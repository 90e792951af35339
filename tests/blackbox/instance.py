"""The real program as a child process: started with a settings file, watched from outside, always ended."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import yaml

PATIENCE_S = 20.0
"""How long to wait for something that normally takes a second: only a failing test ever waits this long."""
_POLL_S = 0.02
_NOT_OURS = re.compile(
    r"^(CADENCE_|CLOUDFLARE_|GOOGLE_|CYCLE_|ROUTER_IP|PLUG_IP|ALLOW_|LOG_LEVEL|STATE_DIRECTORY|.*_proxy$)"
)

QUICK = {
    "interval": "400ms",
    "fast_factor": 0.5,
    "slow_factor": 1.0,
    "jitter": "0s",
    "confirm_spacing": "50ms",
    "probe_timeout": "200ms",
}
"""The product's own rules with every time scaled down; ratios and inequalities as in the defaults."""


class Instance:
    """One run of ``cadence-exporter run``. Use as a context manager: it is killed at the end whatever happens."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        *,
        environ: Mapping[str, str] | None = None,
        prefix: tuple[str, ...] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config = folder / "cadence.yaml"
        self.config.write_text(yaml.safe_dump({"log": {"format": "json"}, **settings}))
        self.log_path = folder / f"log-{len(list(folder.glob('log-*')))}"
        clean = {name: value for name, value in os.environ.items() if not _NOT_OURS.match(name)}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "cadence_exporter", "run", "--config", str(self.config)],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**clean, **(environ or {})},
            )
        self._port: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log lines that are whole, as their facts."""
        facts = []
        for line in self.log_path.read_text(errors="replace").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                facts.append(json.loads(line))
        return facts

    @property
    def output(self) -> str:
        """Everything it wrote."""
        return self.log_path.read_text(errors="replace")

    @property
    def port(self) -> int:
        """Where it listens; waits until it does."""
        if self._port is None:
            lines = wait_for(
                lambda: re.search(r'"LISTEN"[^\n]*?:(\d+)"', self.output), f"listening: {self.output[-2000:]}"
            )
            self._port = int(lines[1])
        return self._port

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self.process.poll() is None

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        """One HTTP request: status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        """The document of /api/v1/status."""
        document: dict[str, Any] = json.loads(self.get("/api/v1/status")[1])
        return document

    def state(self) -> str:
        """INIT, DOWN, DEGRADED or UP, in upper case."""
        return str(self.status()["state"])

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics: name with labels -> value."""
        samples = {}
        for line in self.get("/metrics")[1].splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                samples[name] = float(value)
        return samples

    def metric(self, sample: str) -> float | None:
        """One sample, by its exact name and labels."""
        return self.metrics().get(sample)

    def cycles(self) -> int:
        """How many cycles were completed."""
        return int(self.metrics().get('cadence_loop_iterations_total{outcome="ok"}', 0))

    def wait_until_up(self) -> "Instance":
        """Wait for UP."""
        wait_for(lambda: self.state() == "UP", lambda: f"UP: {self.output[-3000:]}")
        return self

    def wait_for_cycles(self, more: int) -> None:
        """Wait for this many more cycles."""
        goal = self.cycles() + more
        wait_for(lambda: self.cycles() >= goal, lambda: f"{more} more cycles: {self.output[-3000:]}")

    def check(self) -> None:
        """Ask for a cycle by SIGUSR1."""
        self.process.send_signal(signal.SIGUSR1)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """SIGKILL, if it is still there."""
        if self.alive:
            self.process.kill()
        self.process.wait(PATIENCE_S)


def wait_for(true: Callable[[], Any], what: str | Callable[[], str], patience_s: float = PATIENCE_S) -> Any:
    """What ``true`` returns, as soon as it is true; AssertionError with ``what`` when it never is."""
    deadline = time.monotonic() + patience_s
    pause = threading.Event()
    while True:
        with contextlib.suppress(OSError, KeyError):
            value = true()
            if value:
                return value
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what if isinstance(what, str) else what()}")
        pause.wait(_POLL_S)
