"""A pretend MQTT 3.1.1 broker with one plug behind it: enough of the protocol for one client at a time, and every fault of the plug."""

import json
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Protocol

from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.device_faults import BEFORE, RESTARTS, DeviceFault, FaultPlan
from cadence_exporter.demo.plug_relay import PlugRelay
from cadence_exporter.demo.tcp_port import TcpPort
from cadence_exporter.seams import Clock
from tests.fakes.tasmota import TasmotaPlug

Said = tuple[str, bytes]


class Behind(Protocol):
    """A device behind a broker."""

    relay: PlugRelay
    faults: FaultPlan

    def restart(self) -> None: ...
    def hears(self, topic: str, payload: bytes) -> list[Said]:
        """What it publishes when it hears this."""
        ...

    def retained(self) -> list[Said]: ...


class TasmotaBehind(TasmotaPlug):
    topic = "modem"

    def hears(self, topic: str, payload: bytes) -> list[Said]:
        head, _, command = topic.rpartition("/")
        if head != f"cmnd/{self.topic}":
            return []
        words = payload.decode()
        suffix = f"STATUS{words}" if command == "Status" else "RESULT"
        reply = json.dumps(self.command(f"{command} {words}")).encode()
        # Somebody else's answer comes along in between, as it does in a busy home.
        others = [] if command == "Status" else [(f"stat/{self.topic}/RESULT", b'{"Dimmer":50}')]
        return [*others, (f"stat/{self.topic}/{suffix}", reply)]

    def retained(self) -> list[Said]:
        return [(f"stat/{self.topic}/RESULT", b'{"POWER":"ON"}')]


class ZigbeePlug:
    """As Zigbee2MQTT shows it."""

    name = "modem plug"

    def __init__(self, clock: Clock) -> None:
        self.relay = PlugRelay(clock)
        self.faults = FaultPlan()
        self.ieee_address = "0x00158d0001a2b3c4"

    def restart(self) -> None:
        """Told to with ``power_on_behavior: on``."""
        self.relay.restart(on=True)

    def hears(self, topic: str, payload: bytes) -> list[Said]:
        said = json.loads(payload)
        match topic.removeprefix(f"zigbee2mqtt/{self.name}/"), said.get("state"):
            case "set", ("ON" | "OFF") as state:
                self.relay.set(on=state == "ON")
            case "get", _:
                pass
            case _:
                return []
        state = json.dumps({"state": "ON" if self.relay.says_on else "OFF", "linkquality": 120}).encode()
        return [(f"zigbee2mqtt/{self.name}", b"not json"), (f"zigbee2mqtt/{self.name}", state)]

    def retained(self) -> list[Said]:
        listed = [
            {"friendly_name": "Coordinator", "ieee_address": "0x00124b0001", "definition": None},
            {"friendly_name": self.name, "ieee_address": self.ieee_address, "definition": {"model": "TS011F_plug_1"}},
        ]
        return [
            ("zigbee2mqtt/bridge/devices", json.dumps(listed).encode()),
            (f"zigbee2mqtt/{self.name}", b'{"state":"ON"}'),
        ]


class BrokerFake(Closes):
    def __init__(self, device: Behind, password: str | None = None) -> None:
        self.device = device
        self.relay, self.faults = device.relay, device.faults
        self._password = password
        self.port = TcpPort(self._serve)

    def close(self) -> None:
        self.port.close()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # several small packets in a row
        packets = read_packets(connection)
        kind, body = next(packets)
        assert (kind, body[:7]) == (0x10, b"\x00\x04MQTT\x04")
        admitted = self._password is None or body.endswith(text(self._password))
        connection.sendall(bytes((0x20, 2, 0, 0 if admitted else 5)))
        topic = ""
        for kind, body in packets:
            if not admitted or kind == 0xE0:
                return
            if kind == 0x82:
                topic = topic_of(body[2:])[0]
                if not self._subscribe(connection, topic, body[:2]):
                    return
            if kind & 0xF0 == 0x30 and not self._deliver(connection, topic, *topic_of(body)):
                return

    def _subscribe(self, connection: socket.socket, topic: str, number: bytes) -> bool:
        """The list of devices is an answer in itself, so it can fail as one."""
        fault = self.faults.next() if topic == "zigbee2mqtt/bridge/devices" else None
        if fault in RESTARTS:
            self.device.restart()
        if fault is None:
            self._publish(connection, topic, self.device.retained(), retained=True)
            connection.sendall(bytes((0x90, 3, *number, 0)))
        return fault in (None, DeviceFault.SILENT_AFTER)

    def _deliver(self, connection: socket.socket, listening: str, topic: str, payload: bytes) -> bool:
        fault = self.faults.next()
        said = [] if fault in BEFORE else self.device.hears(topic, payload)
        if fault in RESTARTS:
            self.device.restart()
        if fault is DeviceFault.GARBAGE_AFTER:
            connection.sendall(b"\x30\xff\xff\xff\xff\xff")
            return False
        if fault is None:
            self._publish(connection, listening, said, retained=False)
        return fault is None or fault is DeviceFault.SILENT_AFTER

    def _publish(self, connection: socket.socket, listening: str, said: list[Said], *, retained: bool) -> None:
        for topic, payload in said:
            if topic == listening:
                connection.sendall(frame(0x31 if retained else 0x30, text(topic) + payload))


def read_packets(connection: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Until the other side hangs up."""
    stream = connection.makefile("rb")
    while first := stream.read(1):
        length = shift = 0
        while True:
            digit = stream.read(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        yield first[0], stream.read(length)


def topic_of(body: bytes) -> tuple[str, bytes]:
    (length,) = struct.unpack_from("!H", body)
    return body[2 : 2 + length].decode(), body[2 + length :]


def text(words: str) -> bytes:
    return struct.pack("!H", len(words.encode())) + words.encode()


def frame(kind: int, body: bytes) -> bytes:
    length, head = len(body), bytearray((kind,))
    while True:
        length, digit = divmod(length, 128)
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


class DeviceAtBroker(Closes):
    """The device as a client of a real broker."""

    def __init__(
        self, device: Behind, port: int, login: tuple[str, str], listen: str, started: Callable[[], None]
    ) -> None:
        self.device = device
        self._connection = socket.create_connection(("127.0.0.1", port), 5)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        user, password = login
        self._connection.sendall(
            frame(0x10, text("MQTT") + b"\x04\xc2\x00\x3c" + text("plug") + text(user) + text(password))
        )
        self._packets = read_packets(self._connection)
        assert next(self._packets) == (0x20, b"\x00\x00")
        self._connection.sendall(frame(0x82, b"\x00\x01" + text(listen) + b"\x00"))
        assert next(self._packets)[0] == 0x90
        for topic, payload in device.retained():
            self._connection.sendall(frame(0x31, text(topic) + payload))
        self._connection.settimeout(None)
        started()

    def serve(self) -> None:
        """Answer until the connection is cut."""
        for kind, body in self._packets:
            if kind & 0xF0 == 0x30:
                for topic, payload in self.device.hears(*topic_of(body)):
                    self._connection.sendall(frame(0x30, text(topic) + payload))

    def close(self) -> None:
        self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
