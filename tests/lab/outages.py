"""Everything that can break in the lab, each for as long as its block lasts."""

import contextlib
from collections.abc import Callable, Iterator

from tests.lab import places
from tests.lab.internet import Internet
from tests.lab.line import Line
from tests.lab.namespaces import Namespaces

# Before connection tracking and address translation, so that live connections die too.
_EARLY = "type filter hook prerouting priority -350;"
_OWN = "type filter hook output priority -350;"
_LAST = "type filter hook forward priority 300;"


class Outages:
    """``of(name)`` is a context manager for each of ``names``."""

    def __init__(self, box: Namespaces, line: Line, internet: Internet) -> None:
        self._box = box
        self._line = line
        self._internet = internet
        echoes, resolvers = ", ".join(places.ECHOES.values()), ", ".join(places.RESOLVERS.values())
        api, stun = ", ".join(places.API.values()), ", ".join(places.STUN.values())
        rules: dict[str, tuple[str, str]] = {
            # The first router beyond the line is dead, and says nothing itself.
            "gateway": (
                "isp",
                f"chain a {{ {_EARLY} udp dport 67 accept; drop; }} chain b {{ {_OWN} udp sport 67 accept; drop; }}",
            ),
            # It lives, but nothing is carried on behind it.
            "isp": ("isp", f'chain a {{ {_LAST} oifname "up0" drop; }}'),
            # Another two networks on, the path ends.
            "upstream": ("transit", f'chain a {{ {_LAST} oifname "up0" drop; }}'),
            "noping": ("router", f"chain a {{ {_EARLY} icmp type {{ echo-request, echo-reply }} drop; }}"),
            "dns": ("router", f"chain a {{ {_EARLY} udp dport 53 drop; tcp dport 53 drop; }}"),
            "doh": ("internet", f"chain a {{ {_EARLY} ip daddr {{ {resolvers} }} drop; }}"),
            "provider": ("internet", f"chain a {{ {_EARLY} ip daddr {{ {api} }} drop; }}"),
            "stun": ("internet", f"chain a {{ {_EARLY} ip daddr {{ {stun} }} drop; }}"),
            # Every TCP connection is refused by somebody in the way, all else goes nowhere; DNS still answers.
            "captive": (
                "router",
                f'chain a {{ {_LAST} iifname "br-lan" ip protocol tcp reject with tcp reset; iifname "br-lan" drop; }}',
            ),
        }
        self._echo_rules = ("internet", f"chain a {{ {_EARLY} ip daddr {{ {echoes} }} drop; }}")
        self._ways: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
            name: lambda name=name, where=where, text=text: self._rules(name, where, text)
            for name, (where, text) in rules.items()
        }
        self._ways |= {
            "echo": self._echo,
            "link": self._link,
            "access": self._access,
            "lan": self._lan,
            "hang": self._hang,
            "host": self._host,
        }
        self.names = frozenset(self._ways)

    def of(self, name: str) -> contextlib.AbstractContextManager[None]:
        """See the class."""
        return self._ways[name]()

    @contextlib.contextmanager
    def _rules(self, name: str, where: str, text: str) -> Iterator[None]:
        chains = text.replace("; }", ";\n}\n")  # nft wants a line's end after a block
        self._box.run(where, "nft", "-f", "-", stdin=f"table ip out_{name} {{\n{chains}}}\n")
        try:
            yield
        finally:
            self._box.run(where, "nft", "delete", "table", "ip", f"out_{name}")

    @contextlib.contextmanager
    def _echo(self) -> Iterator[None]:
        """No echo service answers, nor the trace page, which lives at the address of a WAN target."""
        self._internet.trace_works = False
        try:
            with self._rules("echo", *self._echo_rules):
                yield
        finally:
            self._internet.trace_works = True

    @contextlib.contextmanager
    def _link(self) -> Iterator[None]:
        """The cable between router and modem."""
        self._line.unplug()
        try:
            yield
        finally:
            self._line.plug()

    @contextlib.contextmanager
    def _access(self) -> Iterator[None]:
        """The modem has lost the line: the router has its cable and its address, and nobody behind them."""
        with self._down("modem", "line"):
            yield

    @contextlib.contextmanager
    def _lan(self) -> Iterator[None]:
        """No carrier at the host's port."""
        with self._down("router", "lan0"):
            yield

    @contextlib.contextmanager
    def _hang(self) -> Iterator[None]:
        """The router answers nobody on the LAN; its ports still have a carrier."""
        with self._down("router", "br-lan"):
            yield

    @contextlib.contextmanager
    def _host(self) -> Iterator[None]:
        """The host's own port is switched off."""
        with self._down("home", "eth0"):
            yield
        self._box.run("home", "ip", "route", "replace", "default", "via", places.GATEWAY)

    @contextlib.contextmanager
    def _down(self, where: str, interface: str) -> Iterator[None]:
        self._box.run(where, "ip", "link", "set", interface, "down")
        try:
            yield
        finally:
            self._box.run(where, "ip", "link", "set", interface, "up")
