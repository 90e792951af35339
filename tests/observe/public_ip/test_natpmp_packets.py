"""The NAT-PMP answer, byte by byte."""

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason, RouterWan
from cadence_exporter.observe.public_ip.natpmp_packets import REQUEST, decode, epoch_ran_back, is_announcement


def packet(result: int = 0, *, version: int = 0, opcode: int = 128, address: str = "93.184.216.34") -> bytes:
    return struct.pack("!BBHI4s", version, opcode, result, 77, IPv4Address(address).packed)


def test_the_question_is_two_zero_bytes() -> None:
    assert REQUEST == b"\x00\x00"


@pytest.mark.parametrize("address", ["93.184.216.34", "192.168.1.2", "100.64.0.9", "0.0.0.0"])
def test_whatever_the_router_says_is_a_value(address: str) -> None:
    assert decode(packet(address=address)) == RouterWan(IPv4Address(address), 77)


def test_result_3_means_that_the_router_has_no_wan_address() -> None:
    assert decode(packet(3)) == RouterWan(None, 77)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", FailureReason.CONTENT),
        (packet()[:8], FailureReason.CONTENT),
        (packet()[:11], FailureReason.CONTENT),
        (packet() + b"\x00", FailureReason.CONTENT),
        (packet()[::-1], FailureReason.CONTENT),
        (REQUEST, FailureReason.CONTENT),
        (packet(opcode=0), FailureReason.CONTENT),
        (packet(opcode=129), FailureReason.CONTENT),
        (packet(version=2), FailureReason.CONTENT),
        (packet(0x0300), FailureReason.CONTENT),
        (packet(6), FailureReason.CONTENT),
        (packet(1), FailureReason.OTHER),
        (packet(2), FailureReason.REFUSED),
        (packet(4), FailureReason.OTHER),
        (packet(5), FailureReason.OTHER),
    ],
)
def test_anything_else_is_a_failure(data: bytes, reason: FailureReason) -> None:
    with pytest.raises(ProbeFailed) as caught:
        decode(data)
    assert caught.value.reason is reason


@given(st.one_of(st.binary(max_size=20), st.binary(min_size=10, max_size=10).map(lambda rest: b"\x00\x80" + rest)))
def test_an_address_is_only_ever_taken_from_a_complete_success(data: bytes) -> None:
    try:
        wan = decode(data)
    except ProbeFailed:
        return
    assert len(data) == 12
    assert data[:2] == b"\x00\x80"
    assert data[2:4] in {b"\x00\x00", b"\x00\x03"}
    assert (wan.address.packed if wan.address else None) == (data[8:] if data[3] == 0 else None)


PCP = struct.pack("!BBxBII12x", 2, 128, 0, 0, 0)


@pytest.mark.parametrize(
    "announced", [packet(), packet(3), packet(address="0.0.0.0"), PCP, PCP + bytes(4), PCP + bytes(1076)]
)
def test_an_unasked_answer_and_a_pcp_announce_are_announcements(announced: bytes) -> None:
    assert is_announcement(announced)


@pytest.mark.parametrize(
    "other",
    [
        b"",
        REQUEST,
        packet()[:11],
        packet() + b"\x00",
        packet(version=1),
        packet(opcode=129),
        packet(2),
        PCP[:23],
        PCP + b"\x00",
        PCP + bytes(1080),
        b"\x02\x00" + PCP[2:],  # a question
        b"\x02\x81" + PCP[2:],  # the answer to a MAP
        b"\x01\x80" + PCP[2:],
    ],
)
def test_anything_else_is_none(other: bytes) -> None:
    assert not is_announcement(other)


@given(st.binary(max_size=2000))
def test_whatever_comes_is_an_announcement_or_none(data: bytes) -> None:
    assert is_announcement(data) in (True, False)


@pytest.mark.parametrize(
    ("before_s", "after_s", "elapsed_s", "back"),
    [
        (100, 200, 100.0, False),
        (100, 188, 100.0, False),  # a clock an eighth too slow
        (100, 186, 100.0, False),  # ... and rounded
        (100, 185, 100.0, True),
        (100, 0, 1.0, True),
        (1, 0, 1.0, False),  # too young to tell
        (100, 4_000_000_000, 1.0, False),
    ],
)
def test_an_epoch_ran_back_when_it_is_behind_what_the_slowest_clock_would_show(
    before_s: int, after_s: int, elapsed_s: float, back: bool
) -> None:
    assert epoch_ran_back(before_s, after_s, elapsed_s) is back
