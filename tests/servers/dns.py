"""A real authoritative server (Knot, with TSIG updates) and a real DoH resolver (unbound behind dnsdist) before it."""

import base64
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.query
import pytest
import trustme

from tests.servers.process import binary, free_port, running

KEY_NAME = "cadence-test"
KEY_SECRET = base64.b64encode(b"a made-up key for tests on loopback").decode()
KEY_ALGORITHM = "hmac-sha256"
ZONE = "example.com"
DEAD_ZONE = "dead.example"
"""A zone whose server does not know it: the resolver says SERVFAIL."""
ZONE_TEXT = """\
@ 3600 IN SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 1
@ 3600 IN NS ns.example.com.
ns 3600 IN A 127.0.0.1
vpn 60 IN A 81.2.69.142
alias 300 IN CNAME vpn.example.com.
two 300 IN A 81.2.69.142
two 300 IN A 81.2.69.143
*.wild 300 IN A 81.2.69.144
*.wildalias 300 IN CNAME vpn.example.com.
elsewhere 300 IN NS ns.elsewhere.example.com.
ns.elsewhere 300 IN A 127.0.0.1
"""


@dataclass(frozen=True)
class Knot:
    """A running Knot."""

    port: int
    key_name: str = KEY_NAME
    key_secret: str = KEY_SECRET
    key_algorithm: str = KEY_ALGORITHM
    zone: str = ZONE

    def addresses(self, name: str, record_type: str = "A") -> list[str]:
        """What the server itself says, sorted."""
        query = dns.message.make_query(name + ".", record_type)
        answer = dns.query.tcp(query, "127.0.0.1", port=self.port, timeout=5)
        return sorted(rdata.to_text() for rrset in answer.answer for rdata in rrset)

    def ttl(self, name: str, record_type: str = "A") -> int:
        """The TTL of the first set in the answer."""
        query = dns.message.make_query(name + ".", record_type)
        return dns.query.tcp(query, "127.0.0.1", port=self.port, timeout=5).answer[0].ttl


@contextlib.contextmanager
def start_knot(folder: Path, zones: Mapping[str, str]) -> Iterator[Knot]:
    """Knot with these zones (name to zone file text), each of which takes updates signed with the test key."""
    command, port = binary("knotd", "knot"), free_port()
    folder.mkdir()
    stanzas = ""
    for name, text in zones.items():
        (folder / f"{name}.zone").write_text(text)
        stanzas += f"  - domain: {name}\n    file: {folder}/{name}.zone\n    acl: update\n"
    (folder / "knot.conf").write_text(
        f"server:\n  rundir: {folder}\n  listen: 127.0.0.1@{port}\n  tcp-workers: 1\n  udp-workers: 1\n"
        f"  background-workers: 1\n"
        f"database:\n  storage: {folder}\n"
        f"log:\n  - target: stdout\n    any: info\n"
        f"key:\n  - id: {KEY_NAME}\n    algorithm: {KEY_ALGORITHM}\n    secret: {KEY_SECRET}\n"
        f"acl:\n  - id: update\n    key: {KEY_NAME}\n    action: update\n"
        f"zone:\n{stanzas}"
    )
    with running([command, "-c", str(folder / "knot.conf")], port, folder):
        yield Knot(port)


@contextlib.contextmanager
def start_unbound(folder: Path, stubs: Mapping[str, int], local_data: tuple[str, ...] = ()) -> Iterator[int]:
    """A resolver that knows nothing but these zones (name to the port of their server); caches for a second at most."""
    command, port = binary("unbound", "unbound"), free_port()
    folder.mkdir()
    local = "".join(f"  local-data: '{line}'\n" for line in local_data)
    zones = "".join(
        f"stub-zone:\n  name: {name}\n  stub-addr: 127.0.0.1@{at}\n  stub-no-cache: yes\n" for name, at in stubs.items()
    )
    (folder / "unbound.conf").write_text(
        # outgoing-interface: whatever it is asked, no packet of it leaves this machine.
        f"server:\n  interface: 127.0.0.1@{port}\n  outgoing-interface: 127.0.0.1\n  do-not-query-localhost: no\n"
        f"  do-ip6: no\n  access-control: 127.0.0.0/8 allow\n  module-config: iterator\n  do-daemonize: no\n"
        f'  use-syslog: no\n  username: ""\n  chroot: ""\n  directory: {folder}\n  pidfile: ""\n  num-threads: 1\n'
        f"  cache-max-ttl: 1\n  cache-max-negative-ttl: 1\n  serve-expired: no\n{local}"
        f"remote-control:\n  control-enable: no\n{zones}"
    )
    with running([command, "-d", "-c", str(folder / "unbound.conf")], port, folder):
        yield port


@contextlib.contextmanager
def start_dnsdist(folder: Path, backend_port: int, ca: trustme.CA) -> Iterator[str]:
    """DNS over HTTPS (HTTP/1.1 and HTTP/2) before a resolver; yields its URL."""
    command, port = binary("dnsdist", "dnsdist"), free_port()
    folder.mkdir()
    certificate = ca.issue_cert("127.0.0.1", "localhost")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "dnsdist.conf").write_text(
        f'setSecurityPollSuffix("")\nsetACL({{"127.0.0.0/8"}})\n'
        f'addDOHLocal("127.0.0.1:{port}", "{folder}/cert.pem", "{folder}/key.pem", "/dns-query")\n'
        f'newServer({{address="127.0.0.1:{backend_port}"}}):setUp()\n'
    )
    with running([command, "--supervised", "-C", str(folder / "dnsdist.conf")], port, folder):
        yield f"https://127.0.0.1:{port}/dns-query"


@pytest.fixture
def knot(tmp_path: Path) -> Iterator[Knot]:
    """Knot with the zone example.com."""
    with start_knot(tmp_path / "knot", {ZONE: ZONE_TEXT}) as server:
        yield server


@pytest.fixture
def doh_before_knot(tmp_path: Path, knot: Knot, ca: trustme.CA) -> Iterator[str]:
    """The URL of a real DoH resolver that asks ``knot`` for example.com; its certificate is from ``ca``."""
    with (
        start_unbound(tmp_path / "unbound", {ZONE: knot.port, DEAD_ZONE: knot.port}) as resolver,
        start_dnsdist(tmp_path / "dnsdist", resolver, ca) as url,
    ):
        yield url
