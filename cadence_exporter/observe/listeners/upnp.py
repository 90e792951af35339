"""The router's UPnP events: rings when one says another address or state than the last. What they say is never believed as an address."""

import contextlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from ipaddress import IPv4Address
from threading import Event

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.hearing import Ear, Ignored
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners.callback_port import CallbackPort
from cadence_exporter.observe.listeners.gena_messages import (
    Granted,
    Notify,
    granted,
    next_seq,
    renew,
    subscribe,
    unsubscribe,
)
from cadence_exporter.observe.listeners.listener import ListenerFailed, Report
from cadence_exporter.observe.public_ip import ssdp
from cadence_exporter.observe.public_ip.ssdp import own_address
from cadence_exporter.observe.public_ip.upnp import UpnpGateway
from cadence_exporter.observe.public_ip.upnp_messages import Place, properties
from cadence_exporter.outbound import gateway_http
from cadence_exporter.outbound.gateway_http import GatewayAnswer, GatewayRequest
from cadence_exporter.seams import Clock

WATCHED = ("ExternalIPAddress", "ConnectionStatus")
RENEW_S = 60.0
"""A router that rebooted has forgotten its subscribers without a word; it says so when the subscription is renewed. One call a minute."""
PROOF_S = 5.0
"""The first event follows a subscription within 50 ms; one that never comes tells that none will."""
FIND_S = 8.0
GOODBYE_S = 0.5
_SLICE_S = 1.0
_LONGEST_VALUE = 64


class UpnpEvents:
    """Implements ``Listener``."""

    name = Ear.UPNP

    def __init__(self, gateway: Callable[[], IPv4Address | None], clock: Clock, port: int = ssdp.PORT) -> None:
        """``gateway`` is asked anew with every renewal; ``port`` is where SSDP is spoken."""
        self._gateway = gateway
        self._clock = clock
        self._upnp = UpnpGateway(clock, port, rest_s=0.0)
        self._known_of: IPv4Address | None = None
        self._known: dict[str, str] = {}
        """The last words of the gateway; they outlive a subscription, so that what was missed in between is noticed."""

    def listen(self, report: Report, stop: Event) -> None:
        """See the protocol."""
        while not stop.is_set():
            gateway = self._gateway()
            if gateway is None:
                raise ListenerFailed("no IPv4 gateway to subscribe at")
            if gateway != self._known_of:
                self._known_of, self._known = gateway, {}
            try:
                self._hear(gateway, report, stop)
            except ProbeFailed as failed:
                raise ListenerFailed(failed.detail) from failed

    def _hear(self, gateway: IPv4Address, report: Report, stop: Event) -> None:
        """One subscription, from its beginning until it is lost or the gateway is another. Raises ProbeFailed and OSError."""
        line = self._upnp.line(gateway, later(self._clock.monotonic(), FIND_S))
        if line.service.events is None:
            raise ListenerFailed("the router's WAN connection has no events")
        subscription = _Subscription(gateway, line.service.events, self._clock, report, self._known)
        with CallbackPort(own_address(gateway), gateway, self._clock, subscription.judge, report.ignored) as port:
            subscription.begin(port.url)
            try:
                self._attend(subscription, port, report, stop)
            finally:
                subscription.end()

    def _attend(self, subscription: "_Subscription", port: CallbackPort, report: Report, stop: Event) -> None:
        said = False
        while not stop.is_set():
            now = self._clock.monotonic()
            if now >= subscription.renew_at and not self._goes_on(subscription):
                report.down("the router has forgotten the subscription, or it is another router")
                return
            port.serve(min(_SLICE_S, subscription.renew_at - now))
            if not subscription.heard and not said and self._clock.monotonic() >= subscription.began + PROOF_S:
                said = True
                report.down("the router's events do not arrive: a firewall, or a container without the host's network")

    def _goes_on(self, subscription: "_Subscription") -> bool:
        """Raises ProbeFailed when the router does not answer at all."""
        return self._gateway() == subscription.gateway and subscription.renewed()


class _Subscription:
    """One subscription at the gateway."""

    def __init__(self, gateway: IPv4Address, place: Place, clock: Clock, report: Report, known: dict[str, str]) -> None:
        self.gateway = gateway
        self._place = place
        self._clock = clock
        self._report = report
        self._known = known
        self._granted = Granted("", 0)
        self._next_seq: int | None = None
        self.began = Instant(0.0)
        self.renew_at = Instant(0.0)
        self.heard = False
        """Whether any event has arrived."""

    def begin(self, callback: str) -> None:
        """Raises ProbeFailed and ListenerFailed."""
        answer = self._ask("SUBSCRIBE", subscribe(callback))
        if not self._take(answer):
            raise ListenerFailed(f"the router does not take the subscription: status {answer.status}")
        self.began = self._clock.monotonic()

    def renewed(self) -> bool:
        """Whether the router still knows of it. Raises ProbeFailed when the router does not answer at all."""
        return self._take(self._ask("SUBSCRIBE", renew(self._granted.sid)), self._granted.sid)

    def end(self) -> None:
        """As politeness wants it; a router that is gone does not mind."""
        with contextlib.suppress(ProbeFailed):
            self._ask("UNSUBSCRIBE", unsubscribe(self._granted.sid), GOODBYE_S)

    def judge(self, event: Notify) -> HTTPStatus:
        """What to answer to an event; rings when it is news, or when one before it was lost."""
        if event.sid != self._granted.sid:
            self._report.ignored(Ignored.UNSOLICITED)
            return HTTPStatus.PRECONDITION_FAILED
        try:
            said = properties(event.body)
        except ProbeFailed:
            self._report.ignored(Ignored.MALFORMED)
            return HTTPStatus.BAD_REQUEST
        if not self.heard:
            self.heard = True
            self._report.up()
        lost = self._next_seq is not None and event.seq > self._next_seq
        first = self._next_seq is None
        self._next_seq = next_seq(event.seq)
        if self._is_news(said) or lost:
            self._report.ring(Reason.UPNP)
        elif not first:
            self._report.ignored(Ignored.UNCHANGED)
        return HTTPStatus.OK

    def _is_news(self, said: Mapping[str, str]) -> bool:
        words = {name: said[name][:_LONGEST_VALUE] for name in WATCHED if name in said}
        news = any(name in self._known and self._known[name] != word for name, word in words.items())
        self._known.update(words)
        return news

    def _take(self, answer: GatewayAnswer, wanted_sid: str | None = None) -> bool:
        """Whether the answer grants a subscription, the wanted one if it is to be just that."""
        given = granted(answer.headers) if answer.status == HTTPStatus.OK else None
        if given is None or wanted_sid not in (None, given.sid):
            return False
        self._granted = given
        self._plan()
        return True

    def _plan(self) -> None:
        self.renew_at = later(self._clock.monotonic(), min(RENEW_S, self._granted.seconds / 2))

    def _ask(self, method: str, headers: dict[str, str], patience_s: float = FIND_S) -> GatewayAnswer:
        self._report.sent()
        request = GatewayRequest(self._place.port, self._place.path, method, headers)
        return gateway_http.call(self.gateway, request, self._clock, later(self._clock.monotonic(), patience_s))
