"""Asking the gateway for its WAN address by UPnP (Internet Gateway Device). Its word has no vote; it spares calls and it can veto."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import FailureReason, RouterProtocol, RouterWan
from cadence_exporter.observe.public_ip import ssdp, upnp_messages
from cadence_exporter.observe.public_ip.upnp_messages import DISCONNECTED, Place, Service, Status
from cadence_exporter.outbound import gateway_http
from cadence_exporter.outbound.gateway_http import GatewayRequest
from cadence_exporter.seams import Clock

REST_S = 300.0
"""How long after a vain search the LAN is left in peace: most routers have UPnP switched off, and will not change that this minute."""
_AGAIN_S = 30.0
"""After a search that found something: a router whose answers are refused must not be searched for in every cycle."""
_OK = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A WAN connection of the router, and what the router says of it."""

    service: Service
    wan: RouterWan


class UpnpGateway:
    """Whichever gateway is asked: found once, then asked directly, searched for again when it does not answer. For one thread."""

    def __init__(self, clock: Clock, port: int = ssdp.PORT, rest_s: float = REST_S) -> None:
        """``port`` is where SSDP is spoken."""
        self._clock = clock
        self._port = port
        self._rest_s = rest_s
        self._gateway: IPv4Address | None = None
        self._services: tuple[Service, ...] = ()
        self._search_after = Instant(0.0)

    def ask(self, gateway: IPv4Address, deadline: Instant) -> RouterWan:
        """The router's word. Raises ProbeFailed."""
        return self.line(gateway, deadline).wan

    def line(self, gateway: IPv4Address, deadline: Instant) -> Line:
        """The connection that has an address; the first that answers when none has. Raises ProbeFailed."""
        if gateway != self._gateway:
            self._gateway, self._services, self._search_after = gateway, (), Instant(0.0)
        if self._services:
            try:
                return self._best(gateway, deadline)
            except ProbeFailed:
                if self._clock.monotonic() < self._search_after:
                    raise
        self._search(gateway, deadline)
        return self._best(gateway, deadline)

    def _best(self, gateway: IPv4Address, deadline: Instant) -> Line:
        first: Line | None = None
        failure = ProbeFailed(FailureReason.OTHER, "the router has no WAN connection")
        for service in self._services:
            try:
                line = Line(service, self._wan(gateway, service, deadline))
            except ProbeFailed as failed:
                failure = failed
                continue
            if line.wan.address is not None:
                return line
            first = first or line
        if first is None:
            raise failure
        return first

    def _wan(self, gateway: IPv4Address, service: Service, deadline: Instant) -> RouterWan:
        address = upnp_messages.external_address(self._call(gateway, service, "GetExternalIPAddress", deadline))
        status = self._status(gateway, service, deadline)
        if status.connection == DISCONNECTED:
            address = None  # what it names is what it had
        return RouterWan(address, status.uptime_s, RouterProtocol.UPNP)

    def _status(self, gateway: IPv4Address, service: Service, deadline: Instant) -> Status:
        """Some routers cannot say; their address counts all the same."""
        try:
            return upnp_messages.status(self._call(gateway, service, "GetStatusInfo", deadline))
        except ProbeFailed:
            return Status("", 0)

    def _call(self, gateway: IPv4Address, service: Service, action: str, deadline: Instant) -> Mapping[str, str]:
        headers, body = upnp_messages.question(service, action)
        place = service.control
        request = GatewayRequest(place.port, place.path, "POST", headers, body)
        answer = gateway_http.call(gateway, request, self._clock, deadline)
        if answer.status != _OK:
            raise ProbeFailed(FailureReason.HTTP, f"status {answer.status} to {action}")
        return upnp_messages.results(answer.body, action)

    def _search(self, gateway: IPv4Address, deadline: Instant) -> None:
        """Raises ProbeFailed; what was found before stays, and is tried again."""
        if self._clock.monotonic() < self._search_after:
            raise ProbeFailed(FailureReason.TIMEOUT, "no UPnP router was found a few minutes ago")
        failure = ProbeFailed(FailureReason.TIMEOUT, "no UPnP router answers")
        self._search_after = later(self._clock.monotonic(), self._rest_s)
        for place in ssdp.find(gateway, self._port, self._clock, deadline):
            try:
                self._services = self._describe(gateway, place, deadline)
            except ProbeFailed as failed:
                failure = failed
            else:
                self._search_after = later(self._clock.monotonic(), min(_AGAIN_S, self._rest_s))
                return
        raise failure

    def _describe(self, gateway: IPv4Address, place: Place, deadline: Instant) -> tuple[Service, ...]:
        answer = gateway_http.call(gateway, GatewayRequest(place.port, place.path), self._clock, deadline)
        if answer.status != _OK:
            raise ProbeFailed(FailureReason.HTTP, f"status {answer.status} for the description")
        return upnp_messages.services(answer.body, place, gateway)
