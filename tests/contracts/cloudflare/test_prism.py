"""Client and fake held against openapi.json: Prism stands between them, and answers 422 or 500 itself when either breaks it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest
import requests

from cadence_exporter.act.dns.cloudflare import Cloudflare
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo import cloudflare_faults as faults
from cadence_exporter.demo.cloudflare import CloudflareFake, Mutation
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https

HERE = Path(__file__).parent
PRISM = HERE / "node_modules" / ".bin" / "prism"
START_S = 60.0
TOKEN = "a-token-for-tests"
ZONE = "0123456789abcdef0123456789abcdef"
RECORDS = f"/zones/{ZONE}/dns_records"
VPN = {"name": "vpn.example.com", "type": "A", "content": "93.184.216.34", "ttl": 60, "proxied": False}

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(not PRISM.exists(), reason="Prism is not installed: make contracts"),
]


@dataclass
class Contract:
    """The fake, and Prism before it."""

    fake: CloudflareFake
    url: str
    log: Path
    sent: list[tuple[str, int]] = field(default_factory=list)

    def call(self, method: str, path: str, json: object = None, **query: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        response = requests.request(method, self.url + path, params=query, json=json, headers=headers, timeout=30)  # type: ignore[arg-type]
        self.sent.append((f"{method} {path}", response.status_code))
        return response

    def violations(self) -> list[str]:
        lines = self.log.read_text("utf-8").splitlines()
        return [line for line in lines if "violat" in line.lower() or "did not pass" in line.lower()]


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contract]:
    log = tmp_path_factory.mktemp("prism") / "log"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with CloudflareFake({"example.com": ZONE}, TOKEN) as fake, log.open("a") as sink:
        command = [str(PRISM), "proxy", "-h", "127.0.0.1", "-p", str(port), "--errors"]
        process = subprocess.Popen(
            [*command, str(HERE / "openapi.json"), fake.base_url], stdout=sink, stderr=subprocess.STDOUT
        )
        try:
            until = time.monotonic() + START_S
            while "listening on" not in log.read_text("utf-8"):
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < until, "Prism did not start"
                time.sleep(0.1)
            yield Contract(fake, f"http://127.0.0.1:{port}", log)
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture
def contract(prism: Contract) -> Iterator[Contract]:
    """An empty zone, and a check at the end that nobody broke the contract."""
    prism.fake.remove_by_hand("vpn.example.com", "A")
    prism.fake.remove_by_hand("alias.example.com", "CNAME")
    prism.fake.mutations.clear()
    prism.log.write_text("")
    yield prism
    prism.fake.revoked = False
    assert prism.violations() == []


def test_prism_is_awake(prism: Contract) -> None:
    assert prism.call("POST", RECORDS, {**VPN, "ttl": 30}).status_code == 422
    assert prism.call("POST", RECORDS, {**VPN, "content": "nonsense"}).status_code == 422
    assert prism.call("DELETE", f"{RECORDS}/{ZONE}").status_code == 405
    prism.fake.add_by_hand("odd.example.com", "A", "93.184.216.34", ttl="sixty")
    assert prism.call("GET", RECORDS).status_code == 500
    prism.fake.remove_by_hand("odd.example.com", "A")
    until = time.monotonic() + START_S
    while not prism.violations():
        assert time.monotonic() < until, "Prism wrote no violation into its log"
        time.sleep(0.05)
    assert prism.fake.mutations == []


def test_what_the_fake_answers_when_all_is_well(contract: Contract) -> None:
    assert contract.call("GET", "/user/tokens/verify").status_code == 200
    assert contract.call("GET", "/zones", name="example.com", status="active", per_page=50).status_code == 200
    assert contract.call("GET", f"/zones/{ZONE}").json()["result"]["name"] == "example.com"
    made = contract.call("POST", RECORDS, VPN).json()["result"]
    assert contract.call("GET", RECORDS, **{"name.exact": "vpn.example.com"}).json()["result"] == [made]
    one = f"{RECORDS}/{made['id']}"
    assert contract.call("PATCH", one, {"content": "81.2.69.142"}).status_code == 200
    assert contract.call("PUT", one, {**VPN, "comment": "mine"}).status_code == 200
    assert contract.call("GET", one).json()["result"]["comment"] == "mine"


def test_how_the_fake_refuses(contract: Contract) -> None:
    made = contract.call("POST", RECORDS, VPN).json()["result"]
    contract.fake.add_by_hand("alias.example.com", "CNAME", "example.net")
    assert contract.call("POST", RECORDS, VPN).status_code == 400
    assert contract.call("POST", RECORDS, {**VPN, "name": "alias.example.com"}).status_code == 400
    assert contract.call("POST", RECORDS, {**VPN, "type": "CNAME", "content": "example.net"}).status_code == 400
    assert contract.call("PATCH", f"{RECORDS}/{made['id']}", {"content": "nonsense"}).status_code == 400
    assert contract.call("GET", f"{RECORDS}/{'b' * 32}").status_code == 404
    assert contract.call("GET", f"/zones/{'b' * 32}").status_code == 403
    contract.fake.revoked = True
    assert contract.call("GET", "/zones").status_code == 403


def test_how_the_fake_fails(contract: Contract) -> None:
    contract.fake.inject(
        faults.too_many_requests(), faults.throttled_with_200(), faults.html(500), faults.html(502), faults.slow(0.01)
    )
    assert [contract.call("GET", "/zones").status_code for _ in range(5)] == [429, 200, 500, 502, 200]


def client(contract: Contract, zone_id: str | None) -> tuple[Cloudflare, Instant]:
    clock = SystemClock()
    https = Https(clock, CallLog())
    cloudflare = Cloudflare(https, clock, api_token=TOKEN, zone_id=zone_id, base_url=contract.url)
    return cloudflare, later(clock.monotonic(), 60.0)


@pytest.mark.parametrize("zone_id", [None, ZONE])
def test_the_client_reads_creates_and_changes(contract: Contract, zone_id: str | None) -> None:
    cloudflare, deadline = client(contract, zone_id)
    spec = RecordSpec(RecordKey("vpn.example.com", RecordType.A), "cloudflare", ttl=60, proxied=False)
    assert cloudflare.read(spec, deadline).held == ()
    cloudflare.create(spec, IPv4Address("93.184.216.34"), deadline)
    (held,) = cloudflare.read(spec, deadline).held
    contract.fake.edit_by_hand("vpn.example.com", "A", ttl=300)
    cloudflare.update(spec, held, ip_address("81.2.69.142"), deadline)
    (held,) = cloudflare.read(spec, deadline).held
    assert (held.content, held.ttl, held.proxied) == ("81.2.69.142", 300, False)
    assert contract.fake.mutations == [
        Mutation("POST", "vpn.example.com", "A", "93.184.216.34"),
        Mutation("PATCH", "vpn.example.com", "A", "81.2.69.142"),
    ]
    assert contract.fake.deletes == 0


def test_the_client_writes_ipv6_and_proxied_records(contract: Contract) -> None:
    cloudflare, deadline = client(contract, None)
    spec = RecordSpec(RecordKey("vpn.example.com", RecordType.AAAA), "cloudflare", proxied=True)
    cloudflare.create(spec, ip_address("2a02:8071::1"), deadline)
    (held,) = cloudflare.read(spec, deadline).held
    assert (held.content, held.ttl, held.proxied) == ("2a02:8071::1", 1, True)
    contract.fake.remove_by_hand("vpn.example.com", "AAAA")


def test_the_client_keeps_the_contract_when_it_is_refused(contract: Contract) -> None:
    cloudflare, deadline = client(contract, ZONE)
    spec = RecordSpec(RecordKey("vpn.example.com", RecordType.A), "cloudflare", ttl=60)
    contract.fake.inject(faults.throttled_with_200(), faults.too_many_requests(7), faults.html(502))
    for _ in range(3):
        with pytest.raises(ActionFailed):
            cloudflare.read(spec, deadline)
    assert contract.fake.mutations == []
