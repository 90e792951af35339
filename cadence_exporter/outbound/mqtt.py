"""One question and its answer through an MQTT broker in the home (MQTT 3.1.1, OASIS 2014): connect, subscribe, publish, wait, leave.

No library: what is needed is five packets, and a deadline over all of them.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.outcome import ApiCall
from cadence_exporter.outbound.bounded_socket import BoundedSocket
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.dial import Dialer, Reach
from cadence_exporter.outbound.lan_http import Login
from cadence_exporter.seams import Clock

MAX_BYTES = 2_097_152
"""A list of all devices of a large Zigbee network, and what else comes on the topics asked for."""

_MOST_LENGTH_BYTES = 4
_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _SUBACK, _DISCONNECT = 0x10, 0x20, 0x30, 0x82, 0x90, 0xE0
_RETAINED, _QOS = 0x01, 0x06
_CLEAN, _WITH_USER, _WITH_PASSWORD = 0x02, 0x80, 0x40
_LEVEL_3_1_1 = 4
_KEEP_ALIVE_S = 60
_REFUSED_FROM = 0x80
_BAD_LOGIN = (4, 5)


@dataclass(frozen=True, slots=True)
class Message:
    """What came on a topic. ``retained``: it was said at some time before, to nobody in particular."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Broker:
    """Where it is, and who we are there."""

    host: str
    port: int
    login: Login | None = field(default=None, repr=False)


class Mqtt:
    """See the module. Each question has a connection of its own."""

    def __init__(self, dialer: Dialer, clock: Clock, log: CallLog, broker: Broker, service: str) -> None:
        self._dialer = dialer
        self._clock = clock
        self._log = log
        self._broker = broker
        self._service = service

    def ask(
        self,
        listen: str,
        say: tuple[str, bytes] | None,
        wanted: Callable[[Message], bool],
        deadline: Instant,
    ) -> Message:
        """Subscribe to ``listen``, then publish ``say``, and return the first message that is wanted. Raises ProbeFailed."""
        began = self._clock.monotonic()
        code = "error"
        try:
            message = self._ask(listen, say, wanted, deadline)
            code = "2xx"
        except OSError as error:
            raise ProbeFailed(FailureReason.OTHER, "the broker hung up") from error
        finally:
            self._log.add(ApiCall(self._service, code, self._clock.monotonic() - began, self._broker.host))
        return message

    def _ask(
        self, listen: str, say: tuple[str, bytes] | None, wanted: Callable[[Message], bool], deadline: Instant
    ) -> Message:
        bound = self._dialer.bound(deadline, MAX_BYTES)
        with self._dialer.connect(self._broker.host, self._broker.port, bound, reach=Reach.INSIDE) as sock:
            sock.sendall(_connect(self._broker.login))
            _accepted(*_packet(sock))
            sock.sendall(_frame(_SUBSCRIBE, struct.pack("!H", 1) + _text(listen) + b"\x00"))
            held = _until_subscribed(sock)
            if say is not None:
                sock.sendall(_frame(_PUBLISH, _text(say[0]) + say[1]))
            for message in held:  # what came before the question can only be retained
                if wanted(message):
                    return message
            while True:
                kind, body = _packet(sock)
                if kind & 0xF0 == _PUBLISH and wanted(message := _message(kind, body)):
                    sock.sendall(_frame(_DISCONNECT, b""))
                    return message


def _connect(login: Login | None) -> bytes:
    flags, payload = _CLEAN, _text("")  # the broker gives us a name
    if login is not None:
        flags |= _WITH_USER | _WITH_PASSWORD
        payload += _text(login.user) + _text(login.password)
    return _frame(_CONNECT, _text("MQTT") + struct.pack("!BBH", _LEVEL_3_1_1, flags, _KEEP_ALIVE_S) + payload)


def _accepted(kind: int, body: bytes) -> None:
    if kind != _CONNACK or len(body) != 2:  # noqa: PLR2004 - section 3.2
        raise ProbeFailed(FailureReason.CONTENT, "not an MQTT broker")
    if body[1] != 0:
        why = "wants another user or password" if body[1] in _BAD_LOGIN else f"refuses us with code {body[1]}"
        raise ProbeFailed(FailureReason.REFUSED, f"the broker {why}")


def _until_subscribed(sock: BoundedSocket) -> list[Message]:
    """Retained messages may come before the answer (section 3.8.4)."""
    held: list[Message] = []
    while True:
        kind, body = _packet(sock)
        if kind & 0xF0 == _PUBLISH:
            held.append(_message(kind, body))
        elif kind == _SUBACK:
            if len(body) != 3 or body[2] >= _REFUSED_FROM:  # noqa: PLR2004 - section 3.9
                raise ProbeFailed(FailureReason.REFUSED, "the broker does not let us listen to the device")
            return held


def _message(kind: int, body: bytes) -> Message:
    length = int.from_bytes(body[:2])
    rest = body[2 + length :]
    if kind & _QOS:
        rest = rest[2:]
    return Message(body[2 : 2 + length].decode(errors="replace"), rest, bool(kind & _RETAINED))


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def _frame(kind: int, body: bytes) -> bytes:
    """A packet with its length in groups of seven bits (section 2.2.3)."""
    length, encoded = len(body), bytearray((kind,))
    while True:
        length, digit = divmod(length, 128)
        encoded.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(encoded) + body


def _packet(sock: BoundedSocket) -> tuple[int, bytes]:
    kind = sock.receive(1)[0]
    length = 0
    for position in range(_MOST_LENGTH_BYTES):
        digit = sock.receive(1)[0]
        length |= (digit & 0x7F) << (7 * position)
        if not digit & 0x80:
            if length > MAX_BYTES:
                break
            return kind, sock.receive(length)
    raise ProbeFailed(FailureReason.CONTENT, "not an MQTT packet")
