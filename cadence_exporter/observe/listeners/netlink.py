"""What happens to this host's own network: a cable, an address, the way to the router, the router itself. Told by the kernel (rtnetlink).

No privilege is needed. In a container only its own network is seen.
"""

import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.hearing import Ear
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.gateway import Gateway
from cadence_exporter.observe.listeners.burst import Burst
from cadence_exporter.observe.listeners.listener import ListenerFailed, Report
from cadence_exporter.observe.listeners.netlink_messages import (
    GETADDR,
    GETLINK,
    GETNEIGH,
    Address,
    DumpEnded,
    Link,
    LinkGone,
    Message,
    Neighbour,
    dump_request,
    messages,
)
from cadence_exporter.seams import Clock

# linux/rtnetlink.h, RTMGRP_*: link, neigh, ipv4_ifaddr, ipv4_route, ipv6_ifaddr, ipv6_route
_GROUPS = 0x1 | 0x4 | 0x10 | 0x40 | 0x100 | 0x400
_BIGGEST_PACKET = 65536
_DUMP_PATIENCE_S = 2.0
# What containers, tunnels and tests make and drop all day. One that leads to the router counts all the same.
_VIRTUAL = frozenset({"veth", "bridge", "dummy", "tun", "wireguard", "ifb", "vxlan", "geneve", "gre", "ipip", "sit"})
_MOST_NEIGHBOURS = 4096


@dataclass(frozen=True, slots=True)
class Sight:
    """What of the network matters."""

    links: frozenset[tuple[int, str]]
    """The links that are up and have a carrier."""
    addresses: frozenset[tuple[int, IpAddress]]
    gateway: Gateway | None
    gateway_mac: bytes | None
    """None: not known at the moment, which is no change."""

    def differs_from(self, before: "Sight") -> bool:
        """Whether somebody should look."""
        swapped = self.gateway_mac is not None and before.gateway_mac not in (None, self.gateway_mac)
        here = (self.links, self.addresses, self.gateway)
        return swapped or here != (before.links, before.addresses, before.gateway)


@dataclass(slots=True)
class Network:
    """Everything that the kernel told."""

    links: dict[int, Link] = field(default_factory=dict)
    addresses: set[tuple[int, IpAddress]] = field(default_factory=set)
    macs: dict[bytes, bytes] = field(default_factory=dict)
    """By the bytes of the address. Kept when the kernel forgets them: a router that comes back as another one is noticed."""

    def take(self, message: Message) -> None:
        """Bring it up to date."""
        match message:
            case Link():
                self.links[message.index] = message
            case LinkGone():
                self.links.pop(message.index, None)
                self.addresses = {each for each in self.addresses if each[0] != message.index}
            case Address(index, address, held):
                (self.addresses.add if held else self.addresses.discard)((index, address))
            case Neighbour(address, mac) if address in self.macs or len(self.macs) < _MOST_NEIGHBOURS:
                self.macs[address] = mac
            case _:
                pass

    def sight(self, gateway: Gateway | None) -> Sight:
        """What matters, with ``gateway`` the router of the moment."""
        real = {link.index: link for link in self.links.values() if _is_real(link, gateway)}
        return Sight(
            links=frozenset((link.index, link.name) for link in real.values() if link.running),
            addresses=frozenset(each for each in self.addresses if each[0] in real),
            gateway=gateway,
            gateway_mac=self.macs.get(gateway.address.packed) if gateway else None,
        )


class Netlink:
    """Implements ``Listener``. It rings when what matters is another than before, not whenever the kernel speaks."""

    name = Ear.NETLINK

    def __init__(self, gateway: Callable[[], Gateway | None], clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock

    def listen(self, report: Report, stop: Event) -> None:
        """See the protocol."""
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
            sock.bind((0, _GROUPS))
            network = _read_all(sock)
            before = network.sight(self._gateway())
            report.up()
            burst = Burst()
            while not stop.is_set():
                sock.settimeout(burst.patience_s(self._clock.monotonic()))
                try:
                    heard = _receive(sock)
                except TimeoutError:
                    heard = []
                except _Overrun:
                    network = _read_all(sock)
                    report.ring(Reason.NETLINK)
                    heard = []
                for message in heard:
                    network.take(message)
                if heard:
                    burst.news(self._clock.monotonic())
                if burst.rings(self._clock.monotonic()):
                    now = network.sight(self._gateway())
                    if now.differs_from(before):
                        report.ring(Reason.NETLINK)
                    before = now


class _Overrun(Exception):
    """More was told than the socket could hold: what is known may be wrong."""


def _receive(sock: socket.socket) -> list[Message]:
    """Raises TimeoutError, OSError or _Overrun. Only the kernel itself is listened to."""
    try:
        packet, (port, _) = sock.recvfrom(_BIGGEST_PACKET)
    except OSError as error:
        if error.errno == errno.ENOBUFS:
            raise _Overrun from error
        raise
    return list(messages(packet)) if port == 0 else []


def _read_all(sock: socket.socket) -> Network:
    """Everything from the start; what is told meanwhile is in it."""
    network = Network()
    sock.settimeout(_DUMP_PATIENCE_S)
    for what in (GETLINK, GETADDR, GETNEIGH):
        sock.send(dump_request(what))
        ended = False
        while not ended:
            try:
                heard = _receive(sock)
            except TimeoutError as error:
                raise ListenerFailed("the kernel does not answer") from error
            except _Overrun:
                continue
            for message in heard:
                network.take(message)
                if isinstance(message, DumpEnded):
                    if message.error:
                        raise ListenerFailed("the kernel does not tell about its network")
                    ended = True
    return network


def _is_real(link: Link, gateway: Gateway | None) -> bool:
    if gateway is not None and gateway.interface == link.name:
        return True
    return not link.loopback and link.kind not in _VIRTUAL
