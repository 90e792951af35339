"""The kernel's messages about links, addresses and neighbours, as bytes (rtnetlink(7), linux/rtnetlink.h). Pure: nothing is sent here."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from cadence_exporter.model.address import IpAddress

GETLINK, GETADDR, GETNEIGH = 18, 22, 30
_DONE, _ERROR = 3, 2
_NEWLINK, _DELLINK, _NEWADDR, _DELADDR, _NEWROUTE, _DELROUTE, _NEWNEIGH, _DELNEIGH = 16, 17, 20, 21, 24, 25, 28, 29
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix length, flags, scope, index
_NEIGHBOUR = struct.Struct("=BxxxiHBB")  # ndmsg

_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_INFO_KIND = 3, 18, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_NDA_DST, _NDA_LLADDR = 1, 2
_NESTED = 0x3FFF  # what remains of an attribute's type without its flag bits

_RUNNING, _LOOPBACK = 0x40, 0x8  # IFF_RUNNING: up, with a carrier; IFF_LOOPBACK
_AF_UNSPEC = 0
_TEMPORARY, _DEPRECATED, _TENTATIVE = 0x01, 0x20, 0x40  # IFA_F_*; the first one means "secondary" for IPv4
_IPV6_BYTES = 16
_GLOBAL_SCOPE = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface as it is now."""

    index: int
    name: str
    kind: str
    """``veth``, ``bridge``, ``vlan`` ...; empty for a device of its own."""
    running: bool
    loopback: bool


@dataclass(frozen=True, slots=True)
class LinkGone:
    """It is no more."""

    index: int


@dataclass(frozen=True, slots=True)
class Address:
    """An address of this host, or (not ``held``) one that is so no more, or none to rely on: temporary, tentative, link-local."""

    index: int
    address: IpAddress
    held: bool


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A machine on a link, and under which hardware address the kernel knows it."""

    address: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Routes:
    """Some route came or went."""


@dataclass(frozen=True, slots=True)
class DumpEnded:
    """The answer to ``dump_request`` is complete, or (``error``) refused."""

    error: bool = False


Message = Link | LinkGone | Address | Neighbour | Routes | DumpEnded


def dump_request(what: int) -> bytes:
    """Ask for everything there is of GETLINK, GETADDR or GETNEIGH."""
    body = struct.pack("=Bxxx", _AF_UNSPEC)
    return _HEADER.pack(_HEADER.size + len(body), what, _REQUEST_DUMP, 0, 0) + body


def messages(packet: bytes) -> Iterator[Message]:
    """What is told in one datagram. What is of no interest, or cut off, is left out."""
    while len(packet) >= _HEADER.size:
        length, kind, _, _, _ = _HEADER.unpack_from(packet)
        if not _HEADER.size <= length <= len(packet):
            return
        try:
            message = _message(kind, packet[_HEADER.size : length])
        except (struct.error, ValueError):
            message = None
        if message is not None:
            yield message
        packet = packet[_aligned(length) :]


def _message(kind: int, body: bytes) -> Message | None:
    if kind in (_NEWLINK, _DELLINK):
        return _link(body, gone=kind == _DELLINK)
    if kind in (_NEWADDR, _DELADDR):
        return _address(body, gone=kind == _DELADDR)
    if kind in (_NEWROUTE, _DELROUTE):
        return Routes()
    if kind == _NEWNEIGH:
        return _neighbour(body)
    return DumpEnded(error=kind == _ERROR) if kind in (_DONE, _ERROR) else None


def _link(body: bytes, *, gone: bool) -> Link | LinkGone | None:
    family, _, index, flags, _ = _LINK.unpack_from(body)
    if family != _AF_UNSPEC:
        return None  # a bridge's view of its port
    if gone:
        return LinkGone(index)
    told = _attributes(body[_LINK.size :])
    kind = _attributes(told.get(_IFLA_LINKINFO, b"")).get(_IFLA_INFO_KIND, b"")
    return Link(index, _text(told.get(_IFLA_IFNAME, b"")), _text(kind), bool(flags & _RUNNING), bool(flags & _LOOPBACK))


def _address(body: bytes, *, gone: bool) -> Address | None:
    _, _, flags, scope, index = _ADDRESS.unpack_from(body)
    told = _attributes(body[_ADDRESS.size :])
    packed = told.get(_IFA_LOCAL) or told.get(_IFA_ADDRESS)
    if packed is None:
        return None
    if _IFA_FLAGS in told:
        flags = int(struct.unpack("=I", told[_IFA_FLAGS])[0])
    fleeting = _DEPRECATED | _TENTATIVE | (_TEMPORARY if len(packed) == _IPV6_BYTES else 0)
    return Address(index, ip_address(packed), not gone and scope == _GLOBAL_SCOPE and not flags & fleeting)


def _neighbour(body: bytes) -> Neighbour | None:
    told = _attributes(body[_NEIGHBOUR.size :])
    address, mac = told.get(_NDA_DST), told.get(_NDA_LLADDR)
    return Neighbour(address, mac) if address and mac else None


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if not _ATTRIBUTE.size <= length <= len(data):
            break
        found[kind & _NESTED] = data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]
    return found


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _text(data: bytes) -> str:
    return data.rstrip(b"\x00").decode("ascii", "replace")
