"""The internet of the lab: echo services, DNS from the authority to DNS over HTTPS, Cloudflare's API, STUN. All calls counted."""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections import defaultdict
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.query
import dns.tsig
import dns.tsigkeyring
import dns.update
import trustme

from cadence_exporter.demo.cloudflare import CloudflareFake
from cadence_exporter.demo.http_service import Asked, Reply
from tests.lab import places
from tests.lab.https import Https
from tests.lab.namespaces import Daemon, Namespaces
from tests.servers.dns import KEY_ALGORITHM, KEY_NAME, KEY_SECRET

KNOT_PORT = 5300
_STUN_COUNTER = """\
table ip counting {
  counter stun { }
  chain early { type filter hook prerouting priority -400; udp dport { 3478, 19302 } counter name stun;
  }
}
"""


@dataclass(frozen=True)
class Write:
    """One change of the record that the provider accepted."""

    at: float
    """time.monotonic()."""
    method: str
    content: str


class Internet:
    """``calls`` has the monotonic instants of arrival by service: each echo host, ``trace``, ``cloudflare`` and ``doh``."""

    def __init__(self, box: Namespaces, first_address: str) -> None:
        self._box = box
        self._lock = threading.Lock()
        self._calls: dict[str, list[float]] = defaultdict(list)
        self.writes: list[Write] = []
        self.trace_works = True
        self.cloudflare = CloudflareFake({places.ZONE: places.ZONE_ID}, places.TOKEN)
        self.cloudflare.close()  # its own port on loopback is not needed: the API has an address here
        self.cloudflare.add_by_hand(places.RECORD, "A", first_address, ttl=60, proxied=False)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(box.folder / "ca.pem")
        self._certificate(authority)
        self.daemons: list[Daemon] = [
            self._knot(first_address),
            self._unbound(),
            self._dnsdist(),
            self._coturn(),
        ]
        self._servers = self._serve()
        box.run("internet", "nft", "-f", "-", stdin=_STUN_COUNTER)

    def close(self) -> None:
        """Stop answering."""
        for server in self._servers:
            server.close()

    def calls(self, since: float = 0.0) -> dict[str, int]:
        """API calls by service since that monotonic instant."""
        with self._lock:
            found = {name: sum(at >= since for at in times) for name, times in self._calls.items()}
        return {name: count for name, count in found.items() if count}

    def doh_questions(self) -> int:
        """How many questions came by DNS over HTTPS since the start."""
        with contextlib.suppress(FileNotFoundError):
            return sum(1 for _ in (self._box.folder / "doh.log").open(errors="replace"))
        return 0

    def stun_questions(self) -> int:
        """How many packets came to the STUN servers since the start."""
        said = json.loads(self._box.run("internet", "nft", "-j", "list", "counter", "ip", "counting", "stun"))
        return int(said["nftables"][1]["counter"]["packets"])

    def published(self) -> list[str]:
        """What the provider holds."""
        return self.cloudflare.contents(places.RECORD)

    def _count(self, service: str) -> None:
        with self._lock:
            self._calls[service].append(time.monotonic())

    def _certificate(self, authority: trustme.CA) -> None:
        issued = authority.issue_cert(*places.NAMES, *places.WAN_TARGETS)
        (self._box.folder / "cert.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(self._box.folder / "key.pem")
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(self._tls)

    def _serve(self) -> list[Https]:
        with self._box.inside("internet"):
            echoes = [Https(address, self._echo(name), self._tls) for name, address in places.ECHOES.items()]
            targets = [Https(address, self._trace, self._tls) for address in places.WAN_TARGETS]
            api = [Https(address, self._api, self._tls) for address in places.API.values()]
        return [*echoes, *targets, *api]

    def _echo(self, name: str):
        def answer(_: Asked, caller: str) -> Reply:
            self._count(name)
            return Reply(200, f"{caller}\n".encode())

        return answer

    def _trace(self, asked: Asked, caller: str) -> Reply:
        if asked.target != "/cdn-cgi/trace":
            return Reply(404)
        self._count("trace")
        if not self.trace_works:
            return Reply(503)
        lines = ("fl=1f1", f"h={asked.headers.get('host')}", f"ip={caller}", "visit_scheme=https", "warp=off")
        return Reply(200, "".join(f"{line}\n" for line in lines).encode())

    def _api(self, asked: Asked, _: str) -> Reply:
        self._count("cloudflare")
        before = len(self.cloudflare.mutations)
        answer = self.cloudflare._answer(asked)
        for made in self.cloudflare.mutations[before:]:
            self.writes.append(Write(time.monotonic(), made.method, made.content))
            _update(made.content)
        assert isinstance(answer, Reply)
        return answer

    def _daemon(self, config: str, text: str, *command: str) -> Daemon:
        (self._box.folder / config).write_text(text)
        return self._box.spawn("internet", *command, log=f"{config}.log")

    def _knot(self, address: str) -> Daemon:
        (self._box.folder / "zone").write_text(
            f"@ 3600 IN SOA ns.{places.ZONE}. hostmaster.{places.ZONE}. 1 3600 600 86400 60\n"
            f"@ 3600 IN NS ns.{places.ZONE}.\nns 3600 IN A {places.RESOLVER}\n{places.RECORD}. 60 IN A {address}\n"
        )
        text = (
            f"server:\n  rundir: /run/lab\n  listen: 127.0.0.1@{KNOT_PORT}\n  tcp-workers: 1\n  udp-workers: 1\n"
            "  background-workers: 1\ndatabase:\n  storage: /run/lab\nlog:\n  - target: stdout\n    any: warning\n"
            f"key:\n  - id: {KEY_NAME}\n    algorithm: {KEY_ALGORITHM}\n    secret: {KEY_SECRET}\n"
            f"acl:\n  - id: update\n    key: {KEY_NAME}\n    action: update\n"
            f"zone:\n  - domain: {places.ZONE}\n    file: /run/lab/zone\n    acl: update\n    zonefile-sync: -1\n"
        )
        return self._daemon("knot.conf", text, "knotd", "-c", "/run/lab/knot.conf")

    def _unbound(self) -> Daemon:
        names = "".join(f"  local-data: '{name}. 300 IN A {address}'\n" for name, address in places.NAMES.items())
        zones = "".join(f"  local-zone: '{name}.' static\n" for name in places.NAMES)
        text = (
            f"server:\n  interface: {places.RESOLVER}\n  interface: 127.0.0.1\n  do-not-query-localhost: no\n  do-ip6: no\n"
            '  access-control: 0.0.0.0/0 allow\n  module-config: iterator\n  do-daemonize: no\n  use-syslog: no\n  username: ""\n'
            '  chroot: ""\n  directory: /run/lab\n  pidfile: ""\n  num-threads: 1\n  outgoing-interface: 127.0.0.1\n'
            f"{zones}{names}remote-control:\n  control-enable: no\n"
            f"stub-zone:\n  name: {places.ZONE}\n  stub-addr: 127.0.0.1@{KNOT_PORT}\n"
        )
        return self._daemon("unbound.conf", text, "unbound", "-d", "-c", "/run/lab/unbound.conf")

    def _dnsdist(self) -> Daemon:
        listeners = "".join(
            f'addDOHLocal("{address}:443", "/run/lab/cert.pem", "/run/lab/key.pem", "/dns-query")\n'
            for address in places.RESOLVERS.values()
        )
        text = (
            f'setSecurityPollSuffix("")\nsetACL({{"0.0.0.0/0"}})\n{listeners}newServer({{address="127.0.0.1:53"}}):setUp()\n'
            'addAction(AllRule(), LogAction("/run/lab/doh.log", false, true, false, false, true))\n'
        )
        return self._daemon("dnsdist.conf", text, "dnsdist", "--supervised", "-C", "/run/lab/dnsdist.conf")

    def _coturn(self) -> Daemon:
        listening = [f"--listening-ip={address}" for address in places.STUN.values()]
        ports = ("--listening-port=3478", *(f"--aux-server={address}:19302" for address in places.STUN.values()))
        quiet = ("--no-cli", "--no-tls", "--no-dtls", "--simple-log", "--log-file=stdout", "--userdb=/run/lab/turndb")
        return self._box.spawn(
            "internet",
            *("turnserver", "-n", "--stun-only", "--no-rfc5780", "--pidfile=/run/lab/coturn.pid", "--realm=lab"),
            *(*listening, *ports, *quiet),
            log="coturn.log",
        )

    def wait(self, ready: float) -> None:
        """Until every service answers. ``ready``: the monotonic instant at which it is given up."""
        question = dns.message.make_query(f"{places.RECORD}.", "A")
        while time.monotonic() < ready:
            dead = [each.log.name for each in self.daemons if not each.alive]
            if dead:
                raise RuntimeError(f"did not start: {dead}: {[each.output for each in self.daemons if not each.alive]}")
            with contextlib.suppress(OSError, dns.exception.DNSException), self._box.inside("internet"):
                if dns.query.udp(question, places.RESOLVER, timeout=0.2).answer and self._doh_listens():
                    return
        raise RuntimeError("the internet of the lab did not start")

    def _doh_listens(self) -> bool:
        for address in places.RESOLVERS.values():
            socket.create_connection((address, 443), 1).close()
        return True


def _update(content: str) -> None:
    """What Cloudflare's authoritative servers say from now on. Runs in a thread of the internet's."""
    keyring = dns.tsigkeyring.from_text({KEY_NAME: KEY_SECRET})
    update = dns.update.UpdateMessage(places.ZONE, keyring=keyring, keyalgorithm=dns.tsig.HMAC_SHA256)
    update.replace(f"{places.RECORD}.", 60, "A", content)
    dns.query.tcp(update, "127.0.0.1", port=KNOT_PORT, timeout=5)
