"""A real Alertmanager on loopback, with a configuration of the test."""

import contextlib
import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.servers.process import binary, free_port, running

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Alertmanager:
    """A running one."""

    port: int

    def held(self) -> dict[str, str]:
        """Every alert that it knows to be firing, and whether it is ``active``, ``suppressed`` or not looked at yet."""
        with _OPENER.open(f"http://127.0.0.1:{self.port}/api/v2/alerts", timeout=10) as answer:
            return {alert["labels"]["alertname"]: alert["status"]["state"] for alert in json.load(answer)}


@contextlib.contextmanager
def start_alertmanager(folder: Path, configuration: Mapping[str, Any], *, hour: int = 12) -> Iterator[Alertmanager]:
    """``hour``: what its clock on the wall says about now, for quiet hours are those of the place it is in."""
    program, port = binary("prometheus-alertmanager", "prometheus-alertmanager"), free_port()
    folder.mkdir(exist_ok=True)
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(dict(configuration)))
    ahead = (hour - time.gmtime().tm_hour) % 24
    # POSIX counts hours west of Greenwich, and knows 24 of them at most.
    zone = f"XXX-{ahead}" if ahead <= 12 else f"XXX+{24 - ahead}"
    command = [
        "/usr/bin/env",
        f"TZ={zone}",
        program,
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/data",
        "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with running(command, port, folder):
        yield Alertmanager(port)
