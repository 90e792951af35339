"""The pretend home: one world with an address, a router and a line, and every service that can see it. All on loopback."""

import threading
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.cloudflare import CloudflareFake
from cadence_exporter.demo.doh import NEGATIVE_TTL_S, DohFake
from cadence_exporter.demo.echo import EchoFake, EchoForm
from cadence_exporter.demo.natpmp_router import NatPmpMode, NatPmpRouter
from cadence_exporter.demo.smart_plug import MAC, SmartPlug
from cadence_exporter.demo.stun import StunFake, StunMode
from cadence_exporter.demo.tcp_port import PortMode, TcpPort
from cadence_exporter.seams import Clock

ZONE = "home.example"
ZONE_ID = "5ca1ab1e0ddba11c0ffee0decaf0cafe"
RECORD = f"vpn.{ZONE}"
TOKEN = "pretend-token-of-the-pretend-home"  # noqa: S105 - opens nothing but the fake
ADDRESS = "93.184.216.34"
"""Public-looking, as every address here: mere data that nobody ever contacts."""

ECHO_SERVICES = 4
RESOLVERS = 2
WAN_TARGETS = 2
LONGEST_TTL_S = 86400.0


class _Reachable(Protocol):
    def reachable(self, mode: PortMode) -> None: ...


class Home(Closes):
    """Everything outside the router is out of reach while the router or the modem is off, or the line is cut.

    ``longest_ttl_s`` and ``negative_ttl_s`` are caps of the resolvers' caches; low ones make a home in a hurry. With a ``plug`` the
    modem's power is behind a switch of Cadence's.
    """

    def __init__(
        self,
        address: str = ADDRESS,
        *,
        address6: str | None = None,
        clock: Clock | None = None,
        longest_ttl_s: float = LONGEST_TTL_S,
        negative_ttl_s: float = NEGATIVE_TTL_S,
        plug: bool = False,
    ) -> None:
        clock = clock or SystemClock()
        self.address = address
        self.address6 = address6
        self.outage = PortMode.REFUSED
        """What an unreachable service looks like: a refusal is quick, silence is what most real outages are."""
        self._router_on = True
        self._line_up = True
        self._modem_hangs = False
        self._modem_has_power = True
        self._applying = threading.Lock()
        self.ask_for_bounce: Callable[[], None] = _nobody_asks
        """What a person does who wants the modem's power cut; whoever runs the service knows how."""
        self.plug = SmartPlug(clock) if plug else None
        if self.plug is not None:
            self.plug.relay.switched = self._modem_power
        self.router = NatPmpRouter(lambda: self.address, clock)
        self.router_port = TcpPort()
        self.stun = StunFake(lambda: self.address)
        forms = islice(cycle(EchoForm), ECHO_SERVICES)
        self.echoes = [EchoFake(lambda: self.address, form) for form in forms]
        self.echoes6 = [
            EchoFake(lambda: self.address6 or "", host="::1") for _ in range(ECHO_SERVICES if address6 else 0)
        ]
        self.cloudflare = CloudflareFake({ZONE: ZONE_ID}, TOKEN, clock)
        self.resolvers = [
            DohFake(self.cloudflare.answer, clock, max_ttl_s=longest_ttl_s, negative_ttl_s=negative_ttl_s)
            for _ in range(RESOLVERS)
        ]
        self.wan_targets = [TcpPort() for _ in range(WAN_TARGETS)]

    def close(self) -> None:
        """Give every port back."""
        parts: Iterable[Closes] = (
            self.router,
            self.router_port,
            self.stun,
            self.cloudflare,
            *self.echoes,
            *self.echoes6,
            *self.resolvers,
            *self.wan_targets,
            *([] if self.plug is None else [self.plug]),
        )
        for part in parts:
            part.close()

    @property
    def online(self) -> bool:
        """Whether the world outside is in reach."""
        return self._router_on and self._line_up and self._modem_has_power and not self._modem_hangs

    def change_address(self, new: str) -> None:
        """The provider of the line hands out another address."""
        self.address = new

    def cut_wan(self) -> None:
        """The line is dead; the router is alive and says that it has no WAN address."""
        self._line_up = False
        self._apply()

    def restore_wan(self) -> None:
        """The line works again."""
        self._line_up = True
        self._apply()

    def modem_hangs(self) -> None:
        """The line is dead until the modem's power is cut and comes back."""
        self._modem_hangs = True
        self._apply()

    def modem_restarted(self) -> None:
        """Somebody pulls its plug and puts it in again; nothing happens when it is well."""
        self._modem_hangs = False
        self._apply()

    def router_off(self) -> None:
        """No power: the router answers nothing, and nothing beyond it is in reach."""
        self._router_on = False
        self._apply()

    def router_on(self) -> None:
        """Power again, with a new epoch."""
        self._router_on = True
        self.router.reboot()
        self._apply()

    def echo_lies(self, which: int, address: str) -> None:
        """One echo service says this address from now on."""
        self.echoes[which].lie(address)

    def echoes_honest(self) -> None:
        """All echo services say the truth again."""
        for echo in (*self.echoes, *self.echoes6):
            echo.be_honest()

    def published(self, name: str = RECORD, record_type: str = "A") -> list[str]:
        """What the provider holds for the record now."""
        return self.cloudflare.contents(name, record_type)

    def as_settings(self, state_dir: Path, listen: str = "127.0.0.1:0") -> dict[str, Any]:
        """The settings that point at this home, in the shape of the YAML file."""
        records = [_record("A")]
        public_ip: dict[str, Any] = {"echo": [echo.url for echo in self.echoes]}
        if self.address6 is not None:
            records.append(_record("AAAA"))
            public_ip |= {"families": ["ipv4", "ipv6"], "echo6": [echo.url for echo in self.echoes6]}
        return {
            "site": "pretend-home",
            "listen": listen,
            "state_dir": str(state_dir),
            "router": {
                "address": "127.0.0.1",
                "probe": "tcp",
                "tcp_port": self.router_port.port,
                "natpmp_port": self.router.port,
                "upnp": False,
            },
            "wan": {
                "targets": [f"tcp://{target.address}" for target in self.wan_targets],
                "trace": False,
                "tripwire": [self.stun.url],
            },
            "public_ip": public_ip,
            "dns": {"records": records, "truth": [resolver.url for resolver in self.resolvers]},
            "providers": {"cloudflare": {"api_token": TOKEN, "base_url": self.cloudflare.base_url}},
            **({} if self.plug is None else {"recovery": {"device": _device(self.plug)}}),
        }

    def _modem_power(self, on: bool) -> None:
        self._modem_has_power = on
        self._modem_hangs = self._modem_hangs and not on
        self._apply()

    def _apply(self) -> None:
        with self._applying:  # the plug has a thread of its own
            self._set_all()

    def _set_all(self) -> None:
        self.router.mode = NatPmpMode.ANSWER if self.online else NatPmpMode.NO_ADDRESS
        if not self._router_on:
            self.router.mode = NatPmpMode.OFF
        # A refusal would prove the router alive, so one that is off must be silent.
        self.router_port.mode = PortMode.OPEN if self._router_on else PortMode.SILENT
        self.stun.mode = StunMode.ANSWER if self.online else StunMode.OFF
        outside = PortMode.OPEN if self.online else self.outage
        services: Iterable[_Reachable] = (self.cloudflare, *self.echoes, *self.echoes6, *self.resolvers)
        for service in services:
            service.reachable(outside)
        for target in self.wan_targets:
            target.mode = outside


def _record(record_type: str) -> dict[str, Any]:
    return {"name": RECORD, "type": record_type, "ttl": 60, "proxied": False, "provider": "cloudflare"}


def _device(plug: SmartPlug) -> dict[str, Any]:
    where = urlsplit(plug.url)
    return {"type": "shelly", "host": where.hostname, "port": where.port, "identity": MAC}


def _nobody_asks() -> None:
    """Nobody is at home."""
