"""ICMP complaints as the kernel hands them over, and what is none of them."""

import socket
import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.observe.hop_errors import IP_RECVERR, IPV6_RECVERR, complainer


def error(origin, kind, by, code=0):
    packed = ip_address(by).packed
    name = struct.pack("=HH", 2, 0) + packed if len(packed) == 4 else struct.pack("=HHI", 10, 0, 0) + packed + bytes(4)
    return struct.pack("=IBBBBII", 113, origin, kind, code, 0, 0, 0) + name + bytes(8)


def of_ipv4(data):
    return [(socket.IPPROTO_IP, IP_RECVERR, data)]


@pytest.mark.parametrize(
    ("ancillary", "found"),
    [
        (of_ipv4(error(2, 11, "81.2.69.1")), ip_address("81.2.69.1")),
        (of_ipv4(error(2, 3, "192.168.77.1", 1)), ip_address("192.168.77.1")),
        (
            [(socket.IPPROTO_IPV6, IPV6_RECVERR, error(3, 3, "2a01:4f8::1"))],
            ip_address("2a01:4f8::1"),
        ),
        (of_ipv4(error(1, 0, "127.0.0.1")), None),
        (of_ipv4(error(2, 5, "81.2.69.1")), None),
        (of_ipv4(error(2, 11, "0.0.0.0")), None),
        (of_ipv4(error(2, 11, "81.2.69.1")[:18]), None),
        (of_ipv4(b""), None),
        ([(socket.IPPROTO_IP, socket.IP_TTL, error(2, 11, "81.2.69.1"))], None),
        ([], None),
    ],
)
def test_only_icmp_errors_are_complaints(ancillary, found):
    assert complainer(ancillary) == found


@given(st.binary(max_size=64))
def test_no_bytes_hurt(data):
    for ancillary in (of_ipv4(data), [(socket.IPPROTO_IPV6, IPV6_RECVERR, data)]):
        complainer(ancillary)
