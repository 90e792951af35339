import base64

import bcrypt
import pytest
import trustme
from prometheus_client import CollectorRegistry, Counter

from cadence_exporter.clock import SystemClock
from cadence_exporter.record.web.live_config import LiveWebConfig
from cadence_exporter.record.web.routes import Routes
from cadence_exporter.record.web.server import WebServer
from cadence_exporter.record.web.status import BoardSettings, StatusBoard
from tests.record.web.web_world import SPEC, Faults, HandClock

HASH = bcrypt.hashpw(b"open sesame", b"$2b$04$abcdefghijklmnopqrstuu").decode()
RIGHT = "Basic " + base64.b64encode(b"prom:open sesame").decode()


class Site:
    """The whole HTTP side on loopback."""

    def __init__(self, web_config=None):
        self.clock = HandClock()
        self.rung = []
        self.problems = []
        self.faults = Faults()
        self.registry = CollectorRegistry()
        Counter("tries", "Tries.", registry=self.registry).inc()
        Counter("other", "Something else.", registry=self.registry)
        self.board = StatusBoard(self.clock, BoardSettings("home", (SPEC,), 8.0))
        self.live = LiveWebConfig(web_config, self.problems.append)
        self.routes = Routes(self.board, self.registry, self.live, self.rung.append)
        self.app = self.routes
        self.server = WebServer(("127.0.0.1", 0), self._ask_app, self.live, SystemClock(), self.faults)
        self.server.start()
        self.port = self.server.port

    def _ask_app(self, request):
        return self.app(request)


@pytest.fixture
def build():
    sites = []

    def start(web_config=None):
        sites.append(Site(web_config))
        return sites[-1]

    yield start
    for each in sites:
        each.server.stop()


@pytest.fixture
def site(build):
    return build()


@pytest.fixture
def locked(build, tmp_path):
    """Behind a password."""
    file = tmp_path / "web.yml"
    file.write_text(f"basic_auth_users:\n  prom: {HASH}\n")
    return build(file)


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def certificate(authority, tmp_path):
    """Files beside the web-config file: a certificate for localhost and 127.0.0.1."""
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path
