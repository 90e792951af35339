"""Targets: what a router, or whoever plays one, says by UPnP."""

import re
from ipaddress import IPv4Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.ranges import special_range
from cadence_exporter.observe.listeners.gena_messages import LARGEST, BadNotify, notify
from cadence_exporter.observe.public_ip import upnp_messages
from cadence_exporter.observe.public_ip.upnp_messages import MOST_SERVICES, WAN_SERVICES, Place
from cadence_exporter.observe.public_ip.upnp_xml import DEEPEST, MOST_ELEMENTS, parse
from tests.fuzz.promises import Target, is_among, shows
from tests.servers.igd import WANIP1, WANIP2, WANPPP, answer, description, event, soap

GATEWAY = IPv4Address("192.168.0.1")
ROOT = "http://192.168.0.1:5000/rootDesc.xml"


def read(parser, *arguments):
    """What a parser makes of it; None when it refuses, as it may."""
    try:
        return parser(*arguments)
    except ProbeFailed as error:
        is_among(error.reason, {FailureReason.CONTENT})
        shows(error.detail)
        return None


def fits(place):
    """That a place can go into a request line as it is."""
    assert 0 < place.port < 65536
    assert re.fullmatch(r"/[!-~]*", place.path), place


def ssdp(data):
    place = read(upnp_messages.location, data, GATEWAY)
    if place is not None:
        fits(place)
        assert b"http://192.168.0.1" in data.lower()


def described(data):
    services = read(upnp_messages.services, data, Place(5000, "/a/rootDesc.xml"), GATEWAY)
    if services is None:
        return
    assert 1 <= len(services) <= MOST_SERVICES
    assert [each.kind for each in services] == sorted((each.kind for each in services), key=WAN_SERVICES.index)
    for each in services:
        fits(each.control)
        if each.events is not None:
            fits(each.events)
    root = parse(data)
    assert len(root.find_all("service")) < MOST_ELEMENTS
    assert depth(root) <= DEEPEST


def depth(element):
    return 1 + max((depth(child) for child in element.children), default=0)


def controlled(data):
    """The first byte picks the question."""
    if data[:1] == b"\1":
        returned = read(upnp_messages.results, data[1:], "GetStatusInfo")
        status = read(upnp_messages.status, returned) if returned is not None else None
        if status is not None:
            assert 0 <= status.uptime_s < 2**32
            shows(status.connection)
        return
    returned = read(upnp_messages.results, data[1:], "GetExternalIPAddress")
    address = read(upnp_messages.external_address, returned) if returned is not None else None
    if address is not None:
        assert special_range(address) != "this_network"
        assert returned["NewExternalIPAddress"] == str(address)


def notified(data):
    """The first byte: whether the sender has finished."""
    ended, raw = bool(data[:1] and data[0] & 1), data[1:]
    try:
        found = notify(raw, ended=ended)
    except BadNotify as bad:
        is_among(bad.status, {400, 405, 412, 413, 501})
        return
    if found is None:
        assert not ended
        return
    assert found.sid.encode() in raw
    assert 0 <= found.seq < 2**32
    assert found.body in raw
    if len(raw) < LARGEST - 1 and b"\r\ncontent-length:" in raw.partition(b"\r\n\r\n")[0].lower():
        assert notify(raw + b"x", ended=ended) == found, "what follows an event is none of it"
    said = read(upnp_messages.properties, found.body)
    assert said is None or all(isinstance(text, str) for text in said.values())


EVENT = event(ExternalIPAddress="93.184.216.34", ConnectionStatus="Connected")
HEAD = b"NOTIFY / HTTP/1.1\r\nHost: 192.168.0.2\r\nNT: upnp:event\r\nNTS: upnp:propchange\r\nSID: uuid:1\r\nSEQ: 0\r\n"
BOMB = b'<!DOCTYPE a [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><a>&c;</a>'

TARGETS = (
    Target(
        "ssdp",
        "a place at the gateway itself that fits into a request line; else ProbeFailed",
        ssdp,
        (
            answer(ROOT),
            answer("http://192.168.0.1/"),
            answer("http://192.168.0.2:5000/"),
            answer(ROOT, "upnp:rootdevice"),
            b"",
        ),
        (b"\r\nLOCATION: ", b"http://192.168.0.1", b":5000", b"@", b"#", b"InternetGatewayDevice", b"\r\n", b" 200 OK"),
        1024,
    ),
    Target(
        "description",
        "up to four WAN connections, best first, each at the gateway itself; a tree no deeper and larger than its bounds; else ProbeFailed",
        described,
        (
            description((WANIP2, "/ctl", "/evt")),
            description((WANPPP, "ctl?a=b", ""), (WANIP1, "http://192.168.0.1:80/c", "e"), url_base="http://192.168.0.1/"),
            description((WANIP1, "http://192.168.0.9/", "")),
            BOMB,
        ),
        (b"<service>", b"</service>", b"<controlURL>", b"<serviceType>", WANIP1.encode(), b"<URLBase>http://192.168.0.1:1/", b"<!DOCTYPE",
         b"<!ENTITY", b"&a;", b"&#10;", b"<![CDATA[", b'encoding="utf-16"', b"//", b"://"),
    ),
    Target(
        "soap",
        "the address as it stands in the answer and none of 0.0.0.0/8, a status that a log can show; else ProbeFailed",
        controlled,
        (
            b"\0" + soap("GetExternalIPAddress", NewExternalIPAddress="93.184.216.34"),
            b"\0" + soap("GetExternalIPAddress", NewExternalIPAddress=""),
            b"\0" + soap("GetExternalIPAddress", NewExternalIPAddress="0.0.0.0"),
            b"\1" + soap("GetStatusInfo", NewConnectionStatus="Connected", NewUptime=7),
            b"\0" + BOMB,
        ),
        (b"<NewExternalIPAddress>", b"Response", b"Envelope", b"<NewUptime>", b"&#48;", b"<!DOCTYPE", b"100.64.0.1", b"::1"),
        2048,
    ),
    Target(
        "notify",
        "an event whose id and body stand in what was sent and that nothing after it changes; else a status of the specification",
        notified,
        (
            b"\0" + HEAD + b"Content-Length: %d\r\n\r\n" % len(EVENT) + EVENT,
            b"\1" + HEAD + b"\r\n" + EVENT,
            b"\0" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
            b"\0" + HEAD.replace(b"NTS", b"ABC") + b"Content-Length: 0\r\n\r\n",
            b"\0GET / HTTP/1.1\r\n\r\n",
            b"\0" + HEAD + b"Content-Length: 2\r\n\r\n<a",
        ),
        (b"\r\n", b"\r\n\r\n", b"SID: ", b"SEQ: ", b"NT: ", b"Content-Length: ", b"4294967296", b"<e:property>", b"<!DOCTYPE", b"-1"),
        2048,
    ),
)  # fmt: skip
