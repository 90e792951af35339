"""The question and the answers of RFC 8489, the test vector of RFC 5769 among them."""

from ipaddress import IPv4Address

import pytest

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.observe.public_ip.stun_packets import Mapped, decode, is_answer_to, request

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
RFC5769 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
"""Section 2.2: an IPv4 response with SOFTWARE, XOR-MAPPED-ADDRESS 192.0.2.1:32853, MESSAGE-INTEGRITY and FINGERPRINT."""


def header(kind=0x0101, length=0, cookie=0x2112A442, transaction=TRANSACTION):
    return kind.to_bytes(2) + length.to_bytes(2) + cookie.to_bytes(4) + transaction


def answer(*attributes):
    body = b"".join(attributes)
    return header(length=len(body)) + body


PLAIN = bytes.fromhex("0001000800015a8e5db8d822")
XORED = bytes.fromhex("002000080001a147e112a643")


def test_the_question_is_twenty_bytes():
    assert request(TRANSACTION) == bytes.fromhex("000100002112a442") + TRANSACTION


def test_the_answer_of_rfc_5769_is_understood():
    assert is_answer_to(RFC5769, TRANSACTION)
    assert decode(RFC5769) == Mapped(IPv4Address("192.0.2.1"), 32853)


def test_an_old_server_says_it_plainly_and_a_new_one_is_believed_first():
    plain = Mapped(IPv4Address("93.184.216.34"), 23182)
    assert decode(answer(PLAIN)) == plain
    assert decode(answer(PLAIN, XORED)) == decode(answer(XORED)) == Mapped(IPv4Address("192.0.2.1"), 32853)
    assert decode(answer(bytes.fromhex("7fff0001aa000000"), PLAIN)) == plain  # an attribute of the future, padded


def test_what_is_repeated_is_passed_over():
    assert decode(answer(PLAIN, PLAIN[:-1] + b"\x01")).address == IPv4Address("93.184.216.34")


@pytest.mark.parametrize(
    "packet",
    [
        header(kind=0x0111),  # an error is an answer, too
        header(),
    ],
)
def test_whose_answer_it_is_shows_in_the_transaction(packet):
    assert is_answer_to(packet, TRANSACTION)
    assert not is_answer_to(packet, bytes(12))


@pytest.mark.parametrize(
    "packet",
    [b"", header()[:19], header(kind=0x0001), header(cookie=1), header(kind=0x0101, transaction=bytes(12))],
)
def test_anything_else_is_no_answer_to_ours(packet):
    assert not is_answer_to(packet, TRANSACTION)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        header()[:19],
        header(),  # no attribute at all
        header(kind=0x0111),
        header(cookie=0x2112A443),
        header(length=4),  # says more than it has
        answer(PLAIN) + b"\x00",
        answer(PLAIN[:-1] + b"", b"\x00\x00\x00"),  # cut off and not padded to its length
        answer(bytes.fromhex("0020ffff")),
        answer(bytes.fromhex("002000040001a147")),
        answer(bytes.fromhex("002000140002a147" + "00" * 16)),  # IPv6
        answer(bytes.fromhex("002000080002a147e112a643")),  # IPv6 in the size of IPv4
    ],
)
def test_what_is_not_an_answer_as_documented_is_refused(packet):
    with pytest.raises(ProbeFailed) as failed:
        decode(packet)
    assert failed.value.reason == "content"


def test_every_cut_and_every_flipped_byte_is_an_address_or_a_refusal():
    for at in range(len(RFC5769)):
        for packet in (RFC5769[:at], *(RFC5769[:at] + bytes([value]) + RFC5769[at + 1 :] for value in range(256))):
            try:
                decode(packet)
            except ProbeFailed:
                continue
