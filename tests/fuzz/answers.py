"""Targets: what other people's services, resolvers, servers and routers answer."""

import json
import struct
from ipaddress import IPv4Address, ip_address
from types import SimpleNamespace

import dns.message
import dns.rdatatype

from cadence_exporter.act.dns import dns_tcp
from cadence_exporter.act.dns.doh_truth import MEDIA_TYPE, DohTruth
from cadence_exporter.act.dns.rfc2136 import Rfc2136, tsig_key
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.address import Family, RecordType, family_of
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.zone import HeldRecord
from cadence_exporter.observe import icmp
from cadence_exporter.observe.public_ip.echo_body import parse
from cadence_exporter.observe.public_ip.natpmp_packets import decode
from cadence_exporter.outbound.https import Answer
from tests.fuzz.promises import StillClock, Target, is_among, shows

ADDRESS = IPv4Address("93.184.216.34")
NAME = "vpn.example.com"
SOON = Instant(1005.0)
PLAIN, TRACE, AS_JSON, LOCAL = (
    "https://echo.example.net/",
    "https://1.1.1.1/cdn-cgi/trace",
    "https://echo.example.net/?format=json",
    "http://127.0.0.1:8080/cdn-cgi/trace",
)
URLS = (PLAIN, TRACE, AS_JSON, LOCAL)


def echo(data):
    """The first byte picks URL and family."""
    url, family = URLS[data[0] >> 1 & 3] if data else PLAIN, list(Family)[data[0] & 1] if data else Family.IPV4
    body = data[1:]
    try:
        address = parse(url, 200, body, family)
    except ProbeFailed as error:
        is_among(error.reason, {FailureReason.CONTENT})
        shows(error.detail)
        return
    assert family_of(address) is family
    assert parse(PLAIN, 200, str(address).encode(), family) == address
    text = body.decode("ascii").strip(" \t\r\n")
    if url is AS_JSON:
        said = [json.loads(text)["ip"]]
    elif url is PLAIN:
        said = [text]
    else:
        said = [line[3:] for line in text.splitlines() if line.startswith("ip=")]
    assert [ip_address(one) for one in said] == [address]


def natpmp(data):
    try:
        wan = decode(data)
    except ProbeFailed as error:
        shows(error.detail)
        return
    result, packed = (0, wan.address.packed) if wan.address else (3, data[8:])
    assert struct.pack("!BBHI", 0, 128, result, wan.epoch_s) + packed == data


def ping(data):
    """The first byte picks raw socket and family; packets are separated by our own payload's absence, 64 bytes each."""
    how, packets = data[0] if data else 0, [data[at : at + 64] for at in range(1, len(data), 64)]
    raw, address = bool(how & 1), ip_address("fe80::1") if how & 2 else ip_address("192.168.0.1")

    def recv(_):
        if not packets:
            raise TimeoutError
        heard.append(packets.pop(0))
        return heard[-1]

    heard: list[bytes] = []
    sock = SimpleNamespace(recv=recv, settimeout=lambda _: None)
    if icmp._answered(sock, address, StillClock(), SOON, raw=raw):
        packet = heard[-1]
        start = (packet[0] & 15) * 4 if raw and address.version == 4 else 0
        assert packet[start] == {4: 0, 6: 129}[address.version]
        assert packet[start + 8 :] == b"cadence-exporter"


def doh(data):
    """The first byte picks type and the age of the answer; the rest is the DNS message."""
    how, wire = data[0] if data else 0, data[1:]
    kind = RecordType.AAAA if how & 1 else RecordType.A
    answer = Answer(200, {"content-type": MEDIA_TYPE, "age": str(how >> 1)}, wire, 0.1)
    truth = DohTruth("https://doh.example.net/dns-query", SimpleNamespace(call=lambda *_: answer))
    try:
        found = truth.look_up(RecordKey(NAME, kind), SOON)
    except ProbeFailed as error:
        is_among(error.reason, {FailureReason.CONTENT, FailureReason.DNS})
        shows(error.detail)
        return
    assert found.rcode in {"NOERROR", "NXDOMAIN"}
    assert found.rcode == "NOERROR" or not found.addresses
    assert found.ttl_s is None or found.ttl_s >= 0
    assert list(found.addresses) == sorted(set(found.addresses), key=int)
    for address in found.addresses:
        assert family_of(address) is kind.family
        assert address.packed in wire


class Overheard(Rfc2136):
    """The provider, with an exchange that needs no network: the answers are what the fuzzer says, with the right message id."""

    def __init__(self, answers, key):
        super().__init__(StillClock(), server="192.168.0.2", port=53, zone="example.com", key=key)
        self.answers = answers

    def _exchange(self, query, deadline):
        if self._key is not None:
            query.use_tsig(self._key)
        query.to_wire()
        answer = self.answers.pop(0) if self.answers else b""
        return dns_tcp._parse(query.id.to_bytes(2, "big") + answer, query, "192.168.0.2 port 53")


KEY = tsig_key("cadence", "c2VjcmV0IG9mIG5vYm9keQ==", "hmac-sha256")


def rfc2136(data):
    """First byte: with a key, and what is done. Two bytes of length before the first message, the rest is the second."""
    how, length = data[0] if data else 0, int.from_bytes(data[1:3], "big")
    kind = RecordType.AAAA if how & 2 else RecordType.A
    spec = RecordSpec(RecordKey(NAME, kind), "rfc2136")
    provider = Overheard([data[3 : 3 + length], data[3 + length :]], KEY if how & 1 else None)
    address = ADDRESS if kind is RecordType.A else ip_address("2a01:4f8::1")
    try:
        if how & 4:
            provider.create(spec, address, SOON)
        elif how & 8:
            provider.update(spec, HeldRecord(str(address), ttl=60), address, SOON)
        else:
            found = provider.read(spec, SOON)
            for held in found.held:
                assert ip_address(held.content).packed in data
                assert family_of(ip_address(held.content)) is kind.family
    except ActionFailed as error:
        shows(error.detail)
        return
    assert not how & 1, "believed without a signature"


def _dns(kind, *records, rcode=0, flags=0x8400, name=NAME):
    """A response without its id."""
    query = dns.message.make_query(name + ".", kind, use_edns=False, id=0)
    response = dns.message.make_response(query)
    response.flags = flags
    response.set_rcode(rcode)
    response.answer = [dns.rrset.from_text(*record) for record in records]
    return response.to_wire()


A = _dns("A", (NAME + ".", 60, "IN", "A", str(ADDRESS)))
AAAA = _dns("AAAA", (NAME + ".", 60, "IN", "AAAA", "2a01:4f8::1"))
CNAME = _dns("A", (NAME + ".", 60, "IN", "CNAME", "b.example.com."), ("b.example.com.", 9, "IN", "A", "81.2.69.142"))
GONE = _dns("A", rcode=3)
LOOP = _dns("A", (NAME + ".", 60, "IN", "CNAME", NAME + "."))
SIGNED = tuple(
    how + len(first[2:]).to_bytes(2, "big") + first[2:] + GONE[2:]
    for how, first in ((b"\0", A), (b"\2", AAAA), (b"\1", A), (b"\0", CNAME), (b"\4", GONE), (b"\x08", A), (b"\5", A))
)
PING = b"\0\0\0\0\0\0\0\1cadence-exporter"

TARGETS = (
    Target(
        "echo",
        "the one address in the documented form, of the family asked for, that round-trips through its text; else ProbeFailed",
        echo,
        (
            b"\x0093.184.216.34\n",
            b"\x012a01:4f8::1",
            b"\x02h=1.1.1.1\nip=93.184.216.34\nwarp=off\n",
            b"\x03h=1.1.1.1\nip=2a01:4f8::1\n",
            b'\x04{"ip":"93.184.216.34"}',
            b"\x06ip=93.184.216.34\nwarp=on\n",
        ),
        (b"ip=", b"h=1.1.1.1\n", b"warp=off\n", b'{"ip":"', b"::ffff:1.2.3.4", b"%eth0", b"\x1e", b"\x0c", b"\\u0031"),
    ),
    Target(
        "natpmp",
        "what is accepted encodes back to the very same packet; else ProbeFailed",
        natpmp,
        (b"\0\x80\0\0\0\0\0\1\x5d\xb8\xd8\x22", b"\0\x80\0\3\0\0\0\1\0\0\0\0", b"\0\x80\0\2\0\0\0\1\0\0\0\0"),
        longest=64,
    ),
    Target(
        "icmp",
        "only an echo reply with our own payload counts; the rest is skipped without an error",
        ping,
        (b"\0" + PING, b"\1\x45" + b"\0" * 19 + PING, b"\2\x81" + PING[1:], b"\1\x4f" + PING),
        longest=512,
    ),
    Target(
        "doh",
        "sorted addresses of the type asked for, each of which stands in the message; none with NXDOMAIN; else ProbeFailed",
        doh,
        (b"\0" + A, b"\1" + AAAA, b"\x64" + CNAME, b"\0" + GONE, b"\0" + LOOP, b"\0" + _dns("A", rcode=2)),
        (b"\xc0\x0c", b"\0\1\0\1", b"\0\5\0\1", b"\0\x1c\0\1", b"\3vpn\7example\3com\0"),
        1024,
    ),
    Target(
        "rfc2136",
        "addresses that stand in the message; with a key nothing unsigned is believed; else ActionFailed",
        rfc2136,
        SIGNED,
        (b"\xc0\x0c", b"\0\1\0\1", b"\0\5\0\1", b"\0\xfa\0\xff", b"\3vpn\7example\3com\0", b"\x0bhmac-sha256\0"),
        1024,
    ),
)
