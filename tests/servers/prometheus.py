"""A real Prometheus that scrapes given targets every second, on loopback, with its data in a folder of the test."""

import contextlib
import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.blackbox.instance import wait_for
from tests.servers.process import binary, free_port, running

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Loopback needs no proxy, whatever the environment says."""


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    port: int

    def api(self, path: str, **parameters: str) -> Any:
        """The ``data`` of an answer of ``/api/v1/path``; AssertionError when it is an error."""
        query = urllib.parse.urlencode(parameters)
        with _OPENER.open(f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=30) as answer:
            document = json.load(answer)
        assert document["status"] == "success", document
        return document["data"]

    def query(self, expression: str, **parameters: str) -> list[dict[str, Any]]:
        """An instant query: ``metric`` and ``value`` of each series; a scalar comes as one series without labels."""
        data = self.api("query", query=expression, **parameters)
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": data["result"]}]
        found: list[dict[str, Any]] = data["result"]
        return found

    def exemplars(self, expression: str, start: float, end: float) -> list[dict[str, Any]]:
        """Every exemplar of the series that ``expression`` selects, between two Unix times."""
        found = self.api("query_exemplars", query=expression, start=str(start), end=str(end))
        return [exemplar for series in found for exemplar in series["exemplars"]]


@contextlib.contextmanager
def start_prometheus(
    folder: Path,
    targets: Mapping[str, Mapping[str, str]],
    *,
    rules: tuple[Path, ...] = (),
    settings: Mapping[str, Any] | None = None,
    interval: str = "1s",
) -> Iterator[Prometheus]:
    """``targets``: ``host:port`` to its labels, in the job ``cadence``. ``settings`` are merged over the top-level keys.

    Blocks that were put into ``folder``/data before are served, too.
    """
    command, port = binary("prometheus", "prometheus"), free_port()
    folder.mkdir(exist_ok=True)
    static = [{"targets": [target], "labels": dict(labels)} for target, labels in targets.items()]
    made: dict[str, Any] = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [{"job_name": "cadence", "static_configs": static}],
        **(settings or {}),
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(made))
    arguments = [
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
    ]
    with running([command, *arguments], port, folder):
        wait_for(lambda: _ready(port), (folder / "log").read_text)
        yield Prometheus(port)


def _ready(port: int) -> bool:
    with _OPENER.open(f"http://127.0.0.1:{port}/-/ready", timeout=5) as answer:
        return bool(answer.status == 200)
