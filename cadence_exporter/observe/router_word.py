"""The router's own word on its WAN address: by NAT-PMP, and by UPnP where NAT-PMP is off or was not answered.

Who was silent is asked again in every cycle, but not waited for: it joins in again as soon as it speaks.
"""

from collections.abc import Callable
from ipaddress import IPv4Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import Answered, Reading, RouterProtocol, RouterWan
from cadence_exporter.observe.gateway import Gateway
from cadence_exporter.observe.probe_lanes import Pending, ProbeLanes
from cadence_exporter.observe.public_ip import natpmp
from cadence_exporter.observe.public_ip.upnp import UpnpGateway
from cadence_exporter.seams import Clock
from cadence_exporter.settings.router_section import RouterSettings

# Long enough for a refusal, or for the first word of one who was silent so far.
_GLANCE_S = 0.05

Ask = Callable[[IPv4Address, Instant], RouterWan]


class RouterWords:
    """Asks the gateway of the moment. Used by the deciding thread; the lanes only note who spoke."""

    def __init__(self, settings: RouterSettings, lanes: ProbeLanes, clock: Clock) -> None:
        self._lanes = lanes
        self._clock = clock
        self._gateway: IpAddress | None = None
        self._natpmp = self._upnp = None
        if settings.natpmp:
            port = settings.natpmp_port
            self._natpmp = _Protocol(RouterProtocol.NATPMP, lambda gateway, by: natpmp.ask(gateway, port, clock, by))
        if settings.upnp:
            self._upnp = _Protocol(RouterProtocol.UPNP, UpnpGateway(clock, settings.upnp_port).ask)

    def start(self, gateway: Gateway | None, deadline: Instant) -> "Word | None":
        """Begin to ask; ``None`` when there is nobody to ask. Only IPv4 gateways have a word."""
        if gateway is None or not isinstance(gateway.address, IPv4Address):
            return None
        spoken = [each for each in (self._natpmp, self._upnp) if each is not None]
        if gateway.address != self._gateway:
            self._gateway = gateway.address
            for each in spoken:
                each.speaks = None
        if self._natpmp is not None and self._natpmp.speaks:
            spoken = [self._natpmp]
        address = gateway.address
        asked = [(each.speaks is not False, self._start(each, address, deadline)) for each in spoken]
        return Word(asked, self._clock) if asked else None

    def _start(self, protocol: "_Protocol", gateway: IPv4Address, deadline: Instant) -> Pending[RouterWan]:
        return self._lanes.start(protocol.name, protocol.name, lambda: protocol.question(gateway, deadline))


class Word:
    """A word that was asked for."""

    def __init__(self, asked: list[tuple[bool, Pending[RouterWan]]], clock: Clock) -> None:
        """Each with whether it is worth waiting for, the better one first."""
        self._asked = sorted(asked, key=lambda each: not each[0])
        self._clock = clock

    def reading(self, deadline: Instant) -> Reading[RouterWan]:
        """The word, when there is one by ``deadline``; else why the first has none. May be asked again later."""
        glance = Instant(min(deadline, later(self._clock.monotonic(), _GLANCE_S)))
        failed: list[Reading[RouterWan]] = []
        for patient, pending in self._asked:
            reading = pending.reading(deadline if patient else glance)
            if isinstance(reading, Answered):
                return reading
            failed.append(reading)
        return failed[0]


class _Protocol:
    """One of the two, at the gateway of the moment."""

    def __init__(self, name: RouterProtocol, ask: Ask) -> None:
        self.name = name
        self._ask = ask
        self.speaks: bool | None = None
        """What came of the last question; ``None``: never asked."""

    def question(self, gateway: IPv4Address, deadline: Instant) -> RouterWan:
        """Ask, and note whether it speaks. Raises ProbeFailed."""
        try:
            wan = self._ask(gateway, deadline)
        except ProbeFailed:
            self.speaks = False
            raise
        self.speaks = True
        return wan
