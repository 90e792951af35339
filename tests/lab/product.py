"""The real program at home: ``python -m cadence_exporter run`` in the home's namespace, without any privilege."""

import http.client
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.blackbox.instance import Instance
from tests.lab import places
from tests.lab.namespaces import Namespaces

ROOT = Path(__file__).parent.parent.parent
PORT = 9923
_UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Still root by name, so that it can read this checkout wherever it is; but root without one capability."""

SETTINGS: Mapping[str, Any] = {
    "site": "lab",
    "state_dir": "/run/lab/state",
    "log": {"format": "json"},
    "dns": {"records": [{"name": places.RECORD, "type": "A", "ttl": 60, "provider": "cloudflare"}]},
    "providers": {"cloudflare": {"api_token": places.TOKEN}},
}
"""All else is the product's own default: its echo services, resolvers, targets and times."""


class Product(Instance):
    """As on loopback, but in a namespace: signals go to the process itself, questions are asked from inside."""

    def __init__(self, box: Namespaces, changes: Mapping[str, Any] | None = None) -> None:
        self.folder = box.folder
        self.config = box.folder / "cadence.yaml"
        self._box = box
        self._port = PORT
        self._settle(changes or {})
        self.log_path = box.folder / "cadence.log"
        self.daemon = self._start()
        self.process = self.daemon.outer

    def restart(self, changes: Mapping[str, Any] | None = None) -> None:
        """SIGKILL, and the next life with the same state directory."""
        self.kill()
        self._settle(changes or {})
        self.daemon = self._start()
        self.process = self.daemon.outer

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        with self._box.inside("home"):
            connection.connect()
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def check(self) -> None:
        self.daemon.tell(signal.SIGUSR1)

    def reload(self, changes: Mapping[str, Any]) -> None:
        """Other settings, by SIGHUP."""
        self._settle(changes)
        self.daemon.tell(signal.SIGHUP)

    def stop(self) -> int:
        return self.daemon.end(signal.SIGTERM)

    def kill(self) -> None:
        self.daemon.end(signal.SIGKILL)

    def _settle(self, changes: Mapping[str, Any]) -> None:
        self.config.write_text(yaml.safe_dump(_merged(SETTINGS, changes)))

    def _start(self):
        return self._box.spawn(
            "home",
            *(*_UNPRIVILEGED, sys.executable, "-m", "cadence_exporter", "run", "--config", "/run/lab/cadence.yaml"),
            log="cadence.log",
            append=True,
            variables={"REQUESTS_CA_BUNDLE": "/run/lab/ca.pem", "PYTHONPATH": str(ROOT)},
        )


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
