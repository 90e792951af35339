"""The kernel's messages, byte by byte; what is cut off or strange is left out."""

import socket
import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.observe.listeners.netlink_messages import (
    Address,
    DumpEnded,
    Link,
    LinkGone,
    Neighbour,
    Routes,
    dump_request,
    messages,
)

HOME6, HOME4 = ip_address("2001:db8::2"), ip_address("192.168.77.2")


def attribute(kind: int, data: bytes) -> bytes:
    padding = -len(data) % 4
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(padding)


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def link(flags: int = 0x41, *, kind: int = 16, family: int = 0, what: bytes = b"") -> bytes:
    info = attribute(18 | 0x8000, attribute(1, what)) if what else b""
    return message(kind, struct.pack("=BxHiII", family, 1, 7, flags, 0) + attribute(3, b"eth0\x00") + info)


def address(packed: bytes, flags: int = 0, *, scope: int = 0, kind: int = 20, wide: int | None = None) -> bytes:
    more = b"" if wide is None else attribute(8, struct.pack("=I", wide))
    family = socket.AF_INET6 if len(packed) == 16 else socket.AF_INET
    return message(kind, struct.pack("=BBBBI", family, 24, flags, scope, 7) + attribute(1, packed) + more)


@pytest.mark.parametrize(
    ("packet", "told"),
    [
        (link(), [Link(7, "eth0", "", running=True, loopback=False)]),
        (link(0x1), [Link(7, "eth0", "", running=False, loopback=False)]),
        (link(0x49), [Link(7, "eth0", "", running=True, loopback=True)]),
        (link(what=b"veth\x00"), [Link(7, "eth0", "veth", running=True, loopback=False)]),
        (link(kind=17), [LinkGone(7)]),
        (link(family=7), []),
        (link(family=7, kind=17), []),
        (address(HOME4.packed), [Address(7, HOME4, held=True)]),
        (address(HOME4.packed, 0x01), [Address(7, HOME4, held=True)]),
        (address(HOME4.packed, kind=21), [Address(7, HOME4, held=False)]),
        (address(HOME4.packed, scope=254), [Address(7, HOME4, held=False)]),
        (address(HOME6.packed), [Address(7, HOME6, held=True)]),
        (address(HOME6.packed, 0x01), [Address(7, HOME6, held=False)]),
        (address(HOME6.packed, 0x40), [Address(7, HOME6, held=False)]),
        (address(HOME6.packed, 0x20), [Address(7, HOME6, held=False)]),
        (address(HOME6.packed, 0x40, wide=0x100), [Address(7, HOME6, held=True)]),
        (message(24, bytes(12)), [Routes()]),
        (message(25, b""), [Routes()]),
        (message(28, bytes(12) + attribute(1, HOME4.packed) + attribute(2, b"abcdef")), [Neighbour(HOME4.packed, b"abcdef")]),
        (message(28, bytes(12) + attribute(1, HOME4.packed)), []),
        (message(3, bytes(4)), [DumpEnded()]),
        (message(2, bytes(4)), [DumpEnded(error=True)]),
        (message(99, bytes(40)), []),
        (link() + address(HOME4.packed), [Link(7, "eth0", "", running=True, loopback=False), Address(7, HOME4, held=True)]),
    ],
)  # fmt: skip
def test_what_the_kernel_says_is_understood(packet: bytes, told: list[object]) -> None:
    assert list(messages(packet)) == told


@given(st.binary(max_size=300))
def test_no_bytes_upset_it(data: bytes) -> None:
    assert len(list(messages(data))) <= len(data) / 16


@given(st.sampled_from([link(what=b"veth\x00"), address(HOME6.packed, wide=0x40)]), st.data())
def test_nor_do_messages_with_a_few_bytes_changed(packet: bytes, data: st.DataObject) -> None:
    changed = bytearray(packet)
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    list(messages(bytes(changed)))


def test_a_message_longer_than_the_packet_ends_it() -> None:
    assert list(messages(link()[:-1])) == []
    assert len(list(messages(address(HOME4.packed) + link()[:-4]))) == 1


def test_the_request_for_everything() -> None:
    assert dump_request(18) == struct.pack("=IHHIIBxxx", 20, 18, 0x301, 0, 0, 0)
