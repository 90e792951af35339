"""The line: the router with its DHCP client and miniupnpd, and the provider who hands out addresses and takes them back."""

import contextlib
import signal
import socket
import struct
import threading
import time
from dataclasses import dataclass

from tests.lab import places
from tests.lab.namespaces import Daemon, Namespaces

WAN_MAC = "02:00:00:00:00:02"
_RENEW_S = 2.0
"""udhcpc may miss a signal while it starts a script: it is told again this often."""
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Renumbering:
    """One change of the address on the line; monotonic instants."""

    lost_at: float
    """The old address went from the router's WAN port."""
    new_at: float
    """The new one came."""
    address: str


class Line:
    """See the module."""

    def __init__(self, box: Namespaces) -> None:
        self._box = box
        self._announces = False
        self._upnp: Daemon | None = None
        self.address = places.FIRST_LEASE
        box.run("router", "ip", "link", "set", "wan0", "address", WAN_MAC)
        self.watch = AddressWatch(box)
        self._lease(self.address)
        self._provider = self._start_provider()
        self._client = box.spawn(
            "router",
            *("udhcpc", "-f", "-i", "wan0", "-s", "/run/lab/lease.sh", "-t", "3", "-T", "1", "-A", "2"),
            log="udhcpc.log",
        )
        self._dns = box.spawn(
            "router",
            *(
                "dnsmasq",
                "-k",
                "-C",
                "/dev/null",
                "-u",
                "root",
                "-R",
                "-h",
                "-S",
                places.RESOLVER,
                "-x",
                "/run/lab/dns.pid",
            ),
            *("-z", "-a", places.GATEWAY),
            log="dns.log",
        )
        self.watch.wait_for(self.address, 0.0)

    def close(self) -> None:
        """Stop watching."""
        self.watch.close()

    @property
    def daemons(self) -> list[Daemon]:
        """What must be alive."""
        return [self._provider, self._client, self._dns, *([self._upnp] if self._upnp else [])]

    def announces(self, *, wanted: bool) -> None:
        """Whether the router speaks NAT-PMP, PCP and UPnP. One that does not drops every question about them."""
        if self._upnp:
            self._upnp.end()
            self._upnp = None
        with contextlib.suppress(RuntimeError):
            self._box.run("router", "nft", "delete", "table", "ip", "silent")
        if wanted:
            self._upnp = self._box.spawn(
                "router", "miniupnpd", "-d", "-f", "/run/lab/miniupnpd.conf", "-P", "/run/lab/upnp.pid", log="upnp.log"
            )
            self._wait_for_upnp()
        else:
            rules = "udp dport { 1900, 5350, 5351 } drop; tcp dport 5000 drop;"
            chain = f"chain input {{ type filter hook input priority -10; {rules}\n}}"
            self._box.run("router", "nft", "-f", "-", stdin=f"table ip silent {{\n{chain}\n}}\n")

    def renumber(self) -> Renumbering:
        """The provider takes the address back and, when the router asks again, hands out another one."""
        began = time.monotonic()
        new = self._next()
        self._lease(new)
        self._provider.tell(signal.SIGHUP)
        give_up = began + _PATIENCE_S
        while time.monotonic() < give_up:
            if not self.watch.lost(
                began
            ):  # else it has been refused, and asks for another one after a rest of three seconds
                self._client.tell(signal.SIGUSR1)
            if self.watch.seen(new, began, _RENEW_S):
                self.address = new
                return Renumbering(self.watch.lost(began) or began, self.watch.came(new, began), new)
        raise RuntimeError(f"the router never got {new}: {self._client.output[-1000:]} {self._provider.output[-1000:]}")

    def swap(self) -> Renumbering:
        """Another address in the same moment, as a line that dials in anew within milliseconds; DHCP hears of it at its next renewal."""
        began = time.monotonic()
        new = self._next()
        self._lease(new)
        self._provider.tell(signal.SIGHUP)
        commands = f"addr flush dev wan0\naddr add {new}/24 dev wan0\nroute add default via {places.ISP_GATEWAY}\n"
        self._box.run("router", "ip", "-4", "-batch", "-", stdin=commands)
        self.watch.wait_for(new, began)
        self.address = new
        return Renumbering(self.watch.lost(began) or began, self.watch.came(new, began), new)

    def unplug(self) -> None:
        """The cable between router and modem: the router notices, and forgets its address."""
        self._box.run("modem", "ip", "link", "set", "wan", "down")
        self._client.tell(signal.SIGUSR2)

    def plug(self) -> None:
        """Back again: the router asks for an address."""
        began = time.monotonic()
        self._box.run("modem", "ip", "link", "set", "wan", "up")
        while not self.watch.seen(self.address, began, _RENEW_S):
            if time.monotonic() > began + _PATIENCE_S:
                raise RuntimeError("the router never got its address back")
            self._client.tell(signal.SIGUSR1)

    def _next(self) -> str:
        last = int(self.address.rpartition(".")[2])
        return f"81.2.69.{last + 1 if last < 250 else 20}"

    def _lease(self, address: str) -> None:
        self._box.run("isp", "nft", f"flush set ip guard leased; add element ip guard leased {{ {address} }}")
        (self._box.folder / "leases.conf").write_text(f"{WAN_MAC},{address},1h\n")

    def _start_provider(self) -> Daemon:
        (self._box.folder / "provider.conf").write_text(
            "port=0\nuser=root\ninterface=line0\nbind-interfaces\nno-ping\ndhcp-authoritative\n"
            "dhcp-range=81.2.69.0,static,255.255.255.0,1h\ndhcp-hostsfile=/run/lab/leases.conf\n"
            f"dhcp-option=option:router,{places.ISP_GATEWAY}\ndhcp-leasefile=/run/lab/leases\npid-file=/run/lab/provider.pid\n"
        )
        (self._box.folder / "miniupnpd.conf").write_text(
            "ext_ifname=wan0\nlistening_ip=br-lan\nport=5000\nenable_natpmp=yes\nenable_upnp=yes\nsecure_mode=yes\n"
            "upnp_table_name=home\nupnp_nat_table_name=home\nupnp_forward_chain=upnp_forward\nupnp_nat_chain=upnp_before\n"
            "upnp_nat_postrouting_chain=upnp_after\nuuid=9e0c2a8c-0d0e-4f49-9d3e-2a1d8a4c4f11\n"
        )
        return self._box.spawn("isp", "dnsmasq", "-k", "-C", "/run/lab/provider.conf", log="provider.log")

    def _wait_for_upnp(self) -> None:
        """Until NAT-PMP is answered (RFC 6886 section 3.2)."""
        give_up = time.monotonic() + _PATIENCE_S
        with self._box.inside("guest"), socket.socket(type=socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.05)
            asking.connect((places.GATEWAY, 5351))
            while time.monotonic() < give_up:
                with contextlib.suppress(OSError):
                    asking.send(b"\0\0")
                    asking.recv(64)
                    return
        raise RuntimeError("miniupnpd did not start")


_GROUP_IPV4_ADDRESSES = 0x10
_NEW_ADDRESS, _DELETED_ADDRESS = 20, 21
_LOCAL = 2
"""linux/rtnetlink.h, linux/if_addr.h."""


class AddressWatch:
    """Listens to the router's kernel: when an address came to its WAN port, when one went."""

    def __init__(self, box: Namespaces) -> None:
        with box.inside("router"):
            self._port = socket.if_nametoindex("wan0")
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
            self._socket.bind((0, _GROUP_IPV4_ADDRESSES))
        self._socket.settimeout(0.2)
        self._changed = threading.Condition()
        self._events: list[tuple[float, int, str]] = []
        self._over = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._over = True
        self._thread.join()
        self._socket.close()

    def seen(self, address: str, since: float, patience_s: float) -> bool:
        """Wait for an address; whether it came."""
        with self._changed:
            return self._changed.wait_for(lambda: self.came(address, since) > 0, patience_s)

    def wait_for(self, address: str, since: float) -> None:
        """The same, and it must come."""
        if not self.seen(address, since, _PATIENCE_S):
            raise RuntimeError(f"the router never got {address}")

    def came(self, address: str, since: float) -> float:
        """When it came, or 0."""
        return next(
            (at for at, kind, what in self._events if at >= since and (kind, what) == (_NEW_ADDRESS, address)), 0.0
        )

    def lost(self, since: float) -> float:
        """When an address went, or 0."""
        return next((at for at, kind, _ in self._events if at >= since and kind == _DELETED_ADDRESS), 0.0)

    def _listen(self) -> None:
        while not self._over:
            with contextlib.suppress(TimeoutError):
                packet = self._socket.recv(65536)
                with self._changed:
                    self._events += self._read(packet)
                    self._changed.notify_all()

    def _read(self, packet: bytes) -> list[tuple[float, int, str]]:
        found = []
        while len(packet) >= 16:
            length, kind = struct.unpack_from("=IH", packet)
            interface = struct.unpack_from("=I", packet, 20)[0]
            attributes = packet[24:length]
            while len(attributes) >= 4:
                size, name = struct.unpack_from("=HH", attributes)
                if name == _LOCAL and interface == self._port and kind in (_NEW_ADDRESS, _DELETED_ADDRESS):
                    found.append((time.monotonic(), kind, socket.inet_ntoa(attributes[4:8])))
                attributes = attributes[(max(size, 4) + 3) & ~3 :]
            packet = packet[(length + 3) & ~3 :]
        return found
