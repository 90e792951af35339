"""Every range at its edges, and one address on either side of it."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.model.ranges import RANGE_NAMES, cdn_range, special_range

# first, last, name, what lies just below, what lies just above (None: publishable; "-": there is nothing)
EDGES4 = [
    ("0.0.0.0", "0.255.255.255", "this_network", "-", None),
    ("10.0.0.0", "10.255.255.255", "private", None, None),
    ("100.64.0.0", "100.127.255.255", "cgnat", None, None),
    ("127.0.0.0", "127.255.255.255", "loopback", None, None),
    ("169.254.0.0", "169.254.255.255", "link_local", None, None),
    ("172.16.0.0", "172.31.255.255", "private", None, None),
    ("192.0.0.0", "192.0.0.255", "protocol_assignments", None, None),
    ("192.0.2.0", "192.0.2.255", "documentation", None, None),
    ("192.31.196.0", "192.31.196.255", "as112_amt", None, None),
    ("192.52.193.0", "192.52.193.255", "as112_amt", None, None),
    ("192.88.99.0", "192.88.99.255", "6to4", None, None),
    ("192.168.0.0", "192.168.255.255", "private", None, None),
    ("192.175.48.0", "192.175.48.255", "as112_amt", None, None),
    ("198.18.0.0", "198.19.255.255", "benchmark", None, None),
    ("198.51.100.0", "198.51.100.255", "documentation", None, None),
    ("203.0.113.0", "203.0.113.255", "documentation", None, None),
    ("224.0.0.0", "239.255.255.255", "multicast", None, "reserved"),
    ("240.0.0.0", "255.255.255.255", "reserved", "multicast", "-"),
]
NGU = "not_global_unicast"
EDGES6 = [
    ("::", "::", "this_network", "-", "loopback"),
    ("::1", "::1", "loopback", "this_network", NGU),
    ("64:ff9b::", "64:ff9b::ffff:ffff", "nat64", NGU, NGU),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "nat64", NGU, NGU),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique_local", NGU, NGU),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link_local", NGU, "site_local"),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site_local", "link_local", "multicast"),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast", "site_local", "-"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocol_assignments", None, None),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation", None, None),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4", None, None),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "as112_amt", None, None),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation", None, None),
]


@pytest.mark.parametrize(("first", "last", "name", "below", "above"), EDGES4 + EDGES6)
def test_a_range_begins_and_ends_where_its_rfc_says(
    first: str, last: str, name: str, below: str | None, above: str | None
) -> None:
    low, high = ip_address(first), ip_address(last)
    assert special_range(low) == name
    assert special_range(high) == name
    if below != "-":
        assert special_range(low - 1) == below
    if above != "-":
        assert special_range(high + 1) == above


@pytest.mark.parametrize(
    "address", ["1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "5f00::1", "100::1", "100:0:0:1::1", "::8.8.8.8"]
)
def test_ipv6_outside_global_unicast_is_not_published(address: str) -> None:
    assert special_range(IPv6Address(address)) == NGU


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "93.184.216.34", "81.2.69.142", "223.255.255.255", "2000::", "2606:4700:4700::1111"],
)
def test_ordinary_addresses_may_be_published(address: str) -> None:
    assert special_range(ip_address(address)) is None


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("::ffff:8.8.8.8", "ipv4_mapped"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:100.64.0.1", "cgnat"),
        ("::ffff:0.0.0.0", "this_network"),
        ("::fffe:ffff:ffff", NGU),
        ("::1:0:0:0", NGU),
    ],
)
def test_a_mapped_address_is_judged_by_the_one_inside_and_never_published(address: str, name: str) -> None:
    assert special_range(IPv6Address(address)) == name


@pytest.mark.parametrize(
    ("address", "name"), [("2606:4700::1%eth0", "scope_id"), ("fe80::1%eth0", "link_local"), ("::1%lo", "loopback")]
)
def test_a_scoped_address_is_never_published(address: str, name: str) -> None:
    assert special_range(IPv6Address(address)) == name


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_special_exactly_when_a_range_holds_it(number: int) -> None:
    address = IPv4Address(number)
    networks = [n for first, last, *_ in EDGES4 for n in _span(first, last)]
    assert (special_range(address) is not None) == any(address in network for network in networks)


@given(st.one_of(st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 2**128 - 1).map(IPv6Address)))
def test_the_names_are_a_closed_set(address: IPv4Address | IPv6Address) -> None:
    assert special_range(address) in RANGE_NAMES | {None}


@given(st.integers(0, 2**128 - 1))
def test_publishable_ipv6_lies_in_global_unicast(number: int) -> None:
    address = IPv6Address(number)
    assert special_range(address) is not None or address in IPv6Network("2000::/3")


@pytest.mark.parametrize(
    ("address", "cdn"),
    [
        ("104.15.255.255", None), ("104.16.0.0", "cloudflare"), ("104.27.255.255", "cloudflare"), ("104.28.0.0", None),
        ("162.157.255.255", None), ("162.158.0.0", "cloudflare"), ("162.159.255.255", "cloudflare"), ("162.160.0.0", None),
        ("1.1.1.1", None), ("93.184.216.34", None), ("81.2.69.142", None),
        ("2606:4700::1", "cloudflare"), ("2606:4701::1", None), ("2a06:98c7:ffff::1", "cloudflare"), ("2a06:98c8::1", None),
    ],
)  # fmt: skip
def test_the_addresses_of_the_cdn_end_where_it_says(address: str, cdn: str | None) -> None:
    assert cdn_range(ip_address(address)) == cdn
    assert special_range(ip_address(address)) is None


def _span(first: str, last: str) -> list[IPv4Network]:
    low, high = int(IPv4Address(first)), int(IPv4Address(last))
    prefix = 32 - (high - low + 1).bit_length() + 1
    return [IPv4Network((low, prefix))]
