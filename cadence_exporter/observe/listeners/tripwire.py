"""A cheap question to the outside every seven seconds, over one socket that stays: who answers, and which address does it see?

It notices a new address behind a router that says nothing, and a path that is dead behind a router that is alive. An answer counts only
from the server that was asked, with the 96 random bits of the question. It rings, and leaves its word for the crew; its word has no
vote. STUN binding (RFC 8489); no API is called.
"""

import socket
from collections.abc import Callable, Sequence
from threading import Event

from cadence_exporter.decide.tripwire import Tripping
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.hearing import Ear, Ignored
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners.listener import Report
from cadence_exporter.observe.listeners.stun_servers import Endpoint, StunServer
from cadence_exporter.observe.public_ip.last_word import LastWord
from cadence_exporter.observe.public_ip.stun_packets import TRANSACTION_BYTES, Mapped, decode, is_answer_to, request
from cadence_exporter.seams import Clock

EVERY_S = 7.0
"""A quarter of the shortest life of a UDP mapping that NATs commonly grant (30 s), so that ours stays the same one."""
EVERY_SPREAD_S = 1.0
"""Added by chance: a fleet must not ask in step."""
SENDS_AT_S = (0.0, 0.5, 1.0)
"""The question, and its repetitions; these go to every server, so that a dead one is not taken for a dead path."""
GIVE_UP_S = 2.0
SILENT_PAUSE_S = 1.0
"""While nobody answers: the end of an outage is heard within three seconds."""
IDLE_PAUSE_S = 60.0
"""When there is little to hear: UDP is blocked, or the servers are dead."""
BIGGEST_PACKET = 1500
STOP_CHECK_S = 0.5

_Asked = dict[Endpoint, tuple[StunServer, bytes]]


class Tripwire:
    """Implements ``Listener``. What it knows outlives its falls; one thread at a time."""

    name = Ear.TRIPWIRE

    def __init__(
        self, servers: Sequence[StunServer], word: LastWord, clock: Clock, random_bytes: Callable[[int], bytes]
    ) -> None:
        """``random_bytes`` must be unpredictable: they are what tells a true answer from a forged one."""
        self._servers = list(servers)
        self._word = word
        self._clock = clock
        self._random_bytes = random_bytes
        self._tripping = Tripping()
        self._mapped: dict[StunServer, Mapped] = {}

    def listen(self, report: Report, stop: Event) -> None:
        """See the protocol."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while not stop.is_set():
                for server in self._servers:
                    server.look_up_if_unknown()
                began = self._clock.monotonic()
                answer = self._ask(sock, report, stop)
                if stop.is_set():
                    return
                if answer is not None:
                    self._heard(*answer, report)
                else:
                    self._silence(began, report)
                stop.wait(self._pause_s())

    def _ask(self, sock: socket.socket, report: Report, stop: Event) -> tuple[StunServer, Mapped] | None:
        """One question with its repetitions. None when no server answered."""
        began = self._clock.monotonic()
        asked: _Asked = {}
        for at_s, next_s in zip(SENDS_AT_S, (*SENDS_AT_S[1:], GIVE_UP_S), strict=True):
            everyone = at_s > 0 or self._tripping.silent_since is not None
            for server in self._servers if everyone else self._servers[:1]:
                self._send(sock, server, asked, report)
            answer = self._wait(sock, later(began, next_s), asked, report, stop)
            if answer is not None or stop.is_set():
                return answer
        return None

    def _send(self, sock: socket.socket, server: StunServer, asked: _Asked, report: Report) -> None:
        endpoint = server.endpoint()
        if endpoint is None:
            return
        _, transaction = asked.setdefault(endpoint, (server, self._random_bytes(TRANSACTION_BYTES)))
        try:
            sock.sendto(request(transaction), (endpoint.address, endpoint.port))
        except OSError:
            return  # no route: a path that is dead, which is just what the silence will say
        report.sent()

    def _wait(
        self, sock: socket.socket, until: Instant, asked: _Asked, report: Report, stop: Event
    ) -> tuple[StunServer, Mapped] | None:
        while not stop.is_set() and (left := until - self._clock.monotonic()) > 0:
            sock.settimeout(min(left, STOP_CHECK_S))
            try:
                packet, (address, port) = sock.recvfrom(BIGGEST_PACKET)
            except TimeoutError:
                continue
            known = asked.get(Endpoint(address, port))
            if known is None:
                report.ignored(Ignored.WRONG_SENDER)
            elif not is_answer_to(packet, known[1]):
                report.ignored(Ignored.UNSOLICITED)
            else:
                try:
                    return known[0], decode(packet)
                except ProbeFailed:
                    report.ignored(Ignored.MALFORMED)
        return None

    def _heard(self, server: StunServer, mapped: Mapped, report: Report) -> None:
        now, before = self._clock.monotonic(), self._mapped.get(server)
        self._word.say(mapped.address, now)
        self._servers.sort(key=lambda each: each is not server)
        self._mapped[server] = mapped
        report.up()
        if self._tripping.heard(mapped.address, now, self._word.path_seen()):
            report.ring(Reason.TRIPWIRE)
        elif before is not None and before.address == mapped.address and before.port != mapped.port:
            report.ignored(Ignored.REMAPPED)

    def _silence(self, asked: Instant, report: Report) -> None:
        now, path = self._clock.monotonic(), self._word.path_seen()
        report.down("no STUN server answers")
        if self._tripping.silence(asked, now, path):
            report.ring(Reason.TRIPWIRE)
        elif self._tripping.refuted(now, path):
            for server in self._servers:
                server.look_up_again()

    def _pause_s(self) -> float:
        if self._tripping.silent_since is None:
            return EVERY_S + EVERY_SPREAD_S * self._random_bytes(1)[0] / 256
        hopeless = self._tripping.hopeless(self._clock.monotonic(), self._word.path_seen())
        return IDLE_PAUSE_S if hopeless else SILENT_PAUSE_S
