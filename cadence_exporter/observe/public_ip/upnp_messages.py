"""What is said to a UPnP router and what it answers: SSDP, device description, SOAP, event properties. Pure.

Sources: UPnP Device Architecture 1.1 (1.3 discovery, 2.3 description, 3.1 control, 4.3 eventing), WANIPConnection:1 and :2.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.ranges import special_range
from cadence_exporter.observe.public_ip.upnp_xml import Element, parse

GATEWAY_DEVICE = "urn:schemas-upnp-org:device:InternetGatewayDevice:1"
"""Devices of version 2 answer to this, too (UDA 1.1 section 1.3.2)."""
WAN_SERVICES = (
    "urn:schemas-upnp-org:service:WANIPConnection:2",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
)
"""Best first: a router that has several uses one of them."""
MOST_SERVICES = 4
"""A router with more lines than that has no one address; without it a description could make us ask for minutes."""
DISCONNECTED = "Disconnected"
MOST_UPTIME_S = 2**32 - 1

_URL = re.compile(r"http://([0-9.]{7,15})(?::([0-9]{1,5}))?(/[!-~]*)?", re.IGNORECASE)
_PATH = re.compile(r"[!-~]{0,500}")
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Place:
    """Where at the gateway. There is no host in it: whatever a router's URLs say, nobody else is ever asked."""

    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Service:
    """One WAN connection of the router."""

    kind: str
    """One of ``WAN_SERVICES``."""
    control: Place
    events: Place | None
    """``None``: it has no events."""


@dataclass(frozen=True, slots=True)
class Status:
    """GetStatusInfo: the state of the connection, and for how many seconds it has been so."""

    connection: str
    uptime_s: int


def search(host: str) -> bytes:
    """An M-SEARCH for routers; ``host`` is where it is sent to, as ``address:port``."""
    lines = ("M-SEARCH * HTTP/1.1", f"HOST: {host}", 'MAN: "ssdp:discover"', "MX: 1", f"ST: {GATEWAY_DEVICE}", "", "")
    return "\r\n".join(lines).encode()


def location(packet: bytes, gateway: IPv4Address) -> Place:
    """Where the answer to a search says that the description is. Raises ProbeFailed (content)."""
    first, *lines = packet.decode("latin-1").split("\r\n")
    if not re.fullmatch(r"HTTP/1\.[01] 200( .*)?", first):
        raise _bad("not an answer to a search")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip(" \t"))
    if "InternetGatewayDevice" not in headers.get("st", ""):
        raise _bad("an answer of something that is no router")
    return place(headers.get("location", ""), gateway)


def place(url: str, gateway: IPv4Address) -> Place:
    """An absolute URL of the router's. Raises ProbeFailed (content) when it points anywhere else, or elsewhere than http."""
    match = _URL.fullmatch(url)
    host, port, path = match.groups() if match else ("", None, None)
    number = int(port or 80)
    if host != str(gateway) or not 0 < number <= _HIGHEST_PORT or len(path or "") > 500:  # noqa: PLR2004 - as _PATH
        raise _bad("a URL that is not at the router itself")
    return Place(number, (path or "/").partition("#")[0])


def services(document: bytes, base: Place, gateway: IPv4Address) -> tuple[Service, ...]:
    """The WAN connections in a device description that was read at ``base``, best first. Raises ProbeFailed when there is none."""
    root = parse(document)
    url_base = root.texts().get("URLBase", "")
    if url_base:
        base = place(url_base, gateway)
    found = sorted(_wan_services(root, base, gateway), key=lambda service: WAN_SERVICES.index(service.kind))
    if not found:
        raise _bad("a description without a WAN connection")
    return tuple(found[:MOST_SERVICES])


def question(service: Service, action: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a SOAP call without arguments."""
    body = (
        '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
        f'<u:{action} xmlns:u="{service.kind}"></u:{action}></s:Body></s:Envelope>\r\n'
    )
    return {"Content-Type": 'text/xml; charset="utf-8"', "SOAPAction": f'"{service.kind}#{action}"'}, body.encode()


def results(document: bytes, action: str) -> Mapping[str, str]:
    """What a SOAP call returned, by name. Raises ProbeFailed (content)."""
    root = parse(document)
    found = root.find_all(f"{action}Response")
    if root.name != "Envelope" or len(found) != 1:
        raise _bad(f"no answer to {action}")
    return found[0].texts()


def external_address(returned: Mapping[str, str]) -> IPv4Address | None:
    """GetExternalIPAddress; ``None`` where the router says that it has none (empty, or 0.0.0.0). Raises ProbeFailed (content)."""
    return address(returned.get("NewExternalIPAddress"))


def address(text: str | None) -> IPv4Address | None:
    """An address as UPnP writes it. Raises ProbeFailed (content)."""
    if text is None:
        raise _bad("no address in the answer")
    if not text:
        return None
    try:
        found = IPv4Address(text)
    except AddressValueError as error:
        raise _bad("not exactly one IPv4 address") from error
    return None if special_range(found) == "this_network" else found


def status(returned: Mapping[str, str]) -> Status:
    """GetStatusInfo. Raises ProbeFailed (content)."""
    uptime = returned.get("NewUptime", "")
    connection = returned.get("NewConnectionStatus", "")
    if not re.fullmatch(r"[0-9]{1,10}", uptime) or not re.fullmatch(r"[A-Za-z]{1,40}", connection):
        raise _bad("no connection status in the answer")
    return Status(connection, min(int(uptime), MOST_UPTIME_S))


def properties(document: bytes) -> Mapping[str, str]:
    """The variables of an event message. Raises ProbeFailed (content)."""
    root = parse(document)
    if root.name != "propertyset":
        raise _bad("not an event")
    found: dict[str, str] = {}
    for each in root.children:
        if each.name == "property":
            found |= each.texts()
    return found


def _wan_services(root: Element, base: Place, gateway: IPv4Address) -> Iterator[Service]:
    for element in root.find_all("service"):
        texts = element.texts()
        if texts.get("serviceType") in WAN_SERVICES and texts.get("controlURL"):
            events = texts.get("eventSubURL", "")
            yield Service(
                texts["serviceType"],
                _resolved(texts["controlURL"], base, gateway),
                _resolved(events, base, gateway) if events else None,
            )


def _resolved(url: str, base: Place, gateway: IPv4Address) -> Place:
    """A URL of a description, which may be relative (RFC 3986 section 5, without the dots that no router uses)."""
    if "://" in url.partition("?")[0]:
        return place(url, gateway)
    if url.startswith("//") or not _PATH.fullmatch(url):
        raise _bad("a URL that is not at the router itself")
    if url.startswith("/"):
        return Place(base.port, url)
    return Place(base.port, base.path.partition("?")[0].rpartition("/")[0] + "/" + url)


def _bad(detail: str) -> ProbeFailed:
    return ProbeFailed(FailureReason.CONTENT, detail)
