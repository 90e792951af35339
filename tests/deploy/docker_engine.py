"""Docker's own engine from Debian, private to a test: storage, socket and network are of its own."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.deploy.home import until
from tests.deploy.images import REPOSITORY, WORK, environment
from tests.deploy.tools import compose

NEEDS = ("dockerd", "containerd", "runc", "/usr/bin/docker")
CLIENT = "/usr/bin/docker"
"""Debian's, beside its engine: newer clients build by a plugin only."""
STOP_S = 60.0


def missing() -> list[str]:
    """What is not installed."""
    return [name for name in NEEDS if shutil.which(name) is None]


class Docker:
    """An engine. Started on entering, stopped on leaving; its storage stays for the next run."""

    def __init__(self, enter: Sequence[str] = ()) -> None:
        """``enter`` is the way into its network; without one it has this machine's, and leaves that alone: for building only."""
        self._enter = list(enter)
        self._place = Path(tempfile.mkdtemp(prefix="cad-docker-"))
        self._daemon: subprocess.Popen[bytes] | None = None
        self.environment = {**os.environ, "DOCKER_HOST": f"unix://{self._place}/socket", "DOCKER_BUILDKIT": "1"}

    def __enter__(self) -> Self:
        settings = {
            "data-root": str(WORK / "docker"),
            "exec-root": str(self._place / "run"),
            "pidfile": str(self._place / "pid"),
            "hosts": [self.environment["DOCKER_HOST"]],
            "storage-driver": "overlay2",
            # For machines whose root may not raise limits.
            "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 20000, "Soft": 20000}},
            "oom-score-adjust": 0,
        }
        if not self._enter:
            settings |= {"bridge": "none", "iptables": False, "ip6tables": False, "ip-forward": False}
        (self._place / "daemon.json").write_text(json.dumps(settings))
        with (WORK / "dockerd.log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [*self._enter, "dockerd", "--config-file", str(self._place / "daemon.json")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._answers, "an engine")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        subprocess.run(["umount", self._place / "run/netns/default"], check=False, capture_output=True)
        shutil.rmtree(self._place, ignore_errors=True)

    def stop(self) -> None:
        """As a shutdown does: containers are told, then the engine ends. ``with`` it again, and it is a boot."""
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGTERM)
            self._daemon.wait(STOP_S)
            self._daemon = None

    def _answers(self) -> bool:
        return self.run("version", check=False)[0] == 0

    def run(self, *words: str | Path, check: bool = True) -> tuple[int, str]:
        """The client; returns exit code and what was written."""
        done = subprocess.run(
            [CLIENT, *words], env=self.environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0 or not check, f"docker {words[0]}: {done.stderr[-3000:]}"
        return done.returncode, (done.stdout + done.stderr).strip()

    def compose(self, folder: Path, *words: str) -> tuple[int, str]:
        """docker compose in ``folder``, as a person calls it: no options, the ``.env`` beside it."""
        clean = {name: value for name, value in self.environment.items() if name in ("PATH", "HOME", "DOCKER_HOST")}
        done = subprocess.run(
            [compose(), *words], cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def take_over(self, image: str) -> None:
        """An image that podman made."""
        command = ["podman", "save", "--format", "docker-archive", image]
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as saved:
            subprocess.run([CLIENT, "load"], stdin=saved.stdout, env=self.environment, check=True, capture_output=True)

    def build(self, image: str) -> None:
        """The recipe by BuildKit, with what pip needs on this machine lent to it."""
        lent: list[str] = []
        for name, path in (("pipconf", "/etc/pip.conf"), ("cabundle", os.environ.get("PIP_CERT", ""))):
            if path and Path(path).exists():
                lent += ["--secret", f"id={name},src={path}"]
        recipe = REPOSITORY / "deploy/image/Dockerfile"
        self.run("build", "--network", "host", *lent, "-f", recipe, "-t", image, REPOSITORY)
