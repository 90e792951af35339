"""Bodies of echo services, good and bad."""

import json
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.observe.public_ip.echo_body import parse

TEXT = "https://api.ipify.org"
JSON = "https://api.ipify.org?format=json"
TRACE = "https://1.1.1.1/cdn-cgi/trace"
TRACE6 = "https://[2606:4700:4700::1111]/cdn-cgi/trace"
PAGE = b"fl=1f1\nh=1.1.1.1\nip=93.184.216.34\nts=1.5\nvisit_scheme=https\nuag=x\ncolo=FRA\nhttp=http/1.1\nwarp=off\ngateway=off\n"
V4 = "93.184.216.34"
V6 = "2606:2800:220:1:248:1893:25c8:1946"


def read(url: str, body: bytes, family: Family = Family.IPV4, *, status: int = 200) -> IpAddress:
    return parse(url, status, body, family)


@pytest.mark.parametrize(
    ("url", "body", "family", "address"),
    [
        (TEXT, b"93.184.216.34", Family.IPV4, V4),
        (TEXT, b"93.184.216.34\n", Family.IPV4, V4),
        (TEXT, b" \r\n93.184.216.34\t\r\n", Family.IPV4, V4),
        (TEXT, V6.encode(), Family.IPV6, V6),
        (TEXT, V6.upper().encode(), Family.IPV6, V6),
        (JSON, b'{"ip":"93.184.216.34"}', Family.IPV4, V4),
        (JSON, b'{"ip": "93.184.216.34", "country": "US"}\n', Family.IPV4, V4),
        ("https://ifconfig.co/json", b'{"ip": "93.184.216.34"}', Family.IPV4, V4),
        (TRACE, PAGE, Family.IPV4, V4),
        (TRACE, PAGE.replace(b"warp=off\n", b""), Family.IPV4, V4),
        (TRACE, PAGE.replace(b"\n", b"\r\n"), Family.IPV4, V4),
        ("http://127.0.0.1:8080/cdn-cgi/trace", PAGE.replace(b"1.1.1.1", b"127.0.0.1:8080"), Family.IPV4, V4),
        ("http://127.0.0.1:8080/cdn-cgi/trace", PAGE.replace(b"1.1.1.1", b"127.0.0.1"), Family.IPV4, V4),
        (TRACE6, f"h=[2606:4700:4700::1111]\nip={V6}\n".encode(), Family.IPV6, V6),
        ("https://WWW.cloudflare.com/cdn-cgi/trace", b"h=www.cloudflare.com\nip=93.184.216.34\n", Family.IPV4, V4),
    ],
)
def test_documented_forms_are_understood(url: str, body: bytes, family: Family, address: str) -> None:
    assert read(url, body, family) == ip_address(address)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"<html>93.184.216.34</html>",
        b"<!DOCTYPE html><title>Log in</title>",
        b"Your IP is 93.184.216.34",
        b"93.184.216.34\n81.2.69.142",
        b"93.184.216.34, 81.2.69.142",
        b"93.184.216.34 93.184.216.34",
        b"093.184.216.34",
        b"93.184.216.034",
        b"0x5d.184.216.34",
        b"93.184.216",
        b"1572395042",
        b"93.184.216.34:443",
        b"93.184.216.34/32",
        b"93.184.216.256",
        b"93.184.216.34.",
        b"+93.184.216.34",
        b"\x0093.184.216.34",
        b"93.184.216.34\x00",
        b"\x0b93.184.216.34",
        b"\xef\xbb\xbf93.184.216.34",
        "٩٣.184.216.34".encode(),
        "93.184.216.34\u00a0".encode(),
        V6.encode(),
        b"::ffff:93.184.216.34",
        b'{"ip":"93.184.216.34"}',
        b'"93.184.216.34"',
        PAGE,
        b" " * 5000 + b"93.184.216.34",
    ],
)
def test_anything_else_in_place_of_a_bare_address_is_bad(body: bytes) -> None:
    with pytest.raises(ProbeFailed) as caught:
        read(TEXT, body)
    assert caught.value.reason is FailureReason.CONTENT


@pytest.mark.parametrize(
    "body", [b"93.184.216.34", b"fe80::1%eth0", b"2606::1%1", b"[2606::1]", b"2606:::1", b"2606::1/64"]
)
def test_what_is_not_one_ipv6_address_is_bad(body: bytes) -> None:
    with pytest.raises(ProbeFailed):
        read(TEXT, body, Family.IPV6)


@pytest.mark.parametrize(
    "body",
    [
        b"93.184.216.34",
        b'"93.184.216.34"',
        b'["93.184.216.34"]',
        b'[{"ip":"93.184.216.34"}]',
        b"{}",
        b'{"ip":null}',
        b'{"ip":1572395042}',
        b'{"ip":["93.184.216.34"]}',
        b'{"IP":"93.184.216.34"}',
        b'{"ip":"93.184.216.34 "}',
        b'{"ip":"93.184.216.34","ip":"81.2.69.142"}',
        b'{"data":{"ip":"93.184.216.34"}}',
        b'{"ip":"93.184.216.34"',
        b'{"ip":"93.184.216.34"}{}',
        b"[" * 4000,
    ],
)
def test_other_json_is_bad(body: bytes) -> None:
    with pytest.raises(ProbeFailed) as caught:
        read(JSON, body)
    assert caught.value.reason is FailureReason.CONTENT


@pytest.mark.parametrize(
    "body",
    [
        b"93.184.216.34",
        PAGE.replace(b"ip=93.184.216.34\n", b""),
        PAGE + b"ip=81.2.69.142\n",
        PAGE + b"ip=93.184.216.34\n",
        PAGE.replace(b"h=1.1.1.1", b"h=evil.example"),
        PAGE.replace(b"h=1.1.1.1\n", b""),
        PAGE.replace(b"warp=off", b"warp=on"),
        PAGE.replace(b"warp=off", b"warp=plus"),
        PAGE.replace(b"gateway=off", b"gateway=on"),
        PAGE + b"and a line of prose\n",
        PAGE.replace(b"ip=93.184.216.34", b"ip= 93.184.216.34"),
        PAGE.replace(b"ip=93.184.216.34", b"ip="),
        PAGE.replace(b"ip=93.184.216.34", V6.encode()),
    ],
)
def test_other_trace_pages_are_bad(body: bytes) -> None:
    with pytest.raises(ProbeFailed) as caught:
        read(TRACE, body)
    assert caught.value.reason is FailureReason.CONTENT


@pytest.mark.parametrize("status", [201, 204, 206, 301, 302, 403, 404, 429, 500, 503])
def test_only_status_200_is_an_answer(status: int) -> None:
    with pytest.raises(ProbeFailed) as caught:
        read(TEXT, b"93.184.216.34", status=status)
    assert caught.value.reason is FailureReason.HTTP


def test_json_that_was_not_asked_for_is_bad() -> None:
    with pytest.raises(ProbeFailed):
        read(TEXT, b'{"ip":"93.184.216.34"}')


@pytest.mark.parametrize("page", [PAGE, PAGE.replace(b"h=1.1.1.1\n", b"")])
def test_a_trace_from_loopback_need_not_name_its_host(page: bytes) -> None:
    assert read("http://127.0.0.1:8080/cdn-cgi/trace", page) == ip_address(V4)


BODIES = st.one_of(
    st.binary(max_size=60),
    st.text('0123456789.:abcdef \n{}"ip=h', max_size=60).map(str.encode),
    st.tuples(st.text(" \n\x0b<>0x", max_size=3), st.ip_addresses().map(str), st.text(" \n.:/%0", max_size=3)).map(
        lambda parts: "".join(parts).encode()
    ),
)


@given(BODIES, st.sampled_from(Family))
def test_an_address_is_the_whole_body_and_of_the_family_asked_for(body: bytes, family: Family) -> None:
    try:
        address = read(TEXT, body, family)
    except ProbeFailed:
        return
    text = body.decode("ascii").strip(" \t\r\n")
    assert ip_address(text) == address
    assert isinstance(address, IPv4Address if family is Family.IPV4 else IPv6Address)
    assert "%" not in text


@given(
    st.recursive(
        st.one_of(st.none(), st.integers(), st.ip_addresses().map(str)),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["ip", "IP", "x"]), inner),
        max_leaves=8,
    )
)
def test_an_address_in_json_is_the_member_ip(value: object) -> None:
    try:
        address = read(JSON, json.dumps(value).encode())
    except ProbeFailed:
        return
    assert isinstance(value, dict)
    assert value["ip"] == str(address)


@given(st.binary(max_size=400))
def test_a_trace_address_is_its_ip_line(body: bytes) -> None:
    try:
        address = read(TRACE, b"h=1.1.1.1\n" + body)
    except ProbeFailed:
        return
    assert f"ip={address}" in body.decode().splitlines()
