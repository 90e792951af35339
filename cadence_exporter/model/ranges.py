"""Which addresses must never be published, and why: one explicit table of special-purpose ranges.

The standard library's ``is_global`` changed its mind between patch releases and calls multicast global, so it is not asked.
Sources: the IANA special-purpose address registries (RFC 6890) and the RFC named beside each line.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from cadence_exporter.model.address import IpAddress

_IPV4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), name)
    for network, name in (
        ("0.0.0.0/8", "this_network"),  # RFC 791; blocking resolvers answer 0.0.0.0
        ("10.0.0.0/8", "private"),  # RFC 1918
        ("100.64.0.0/10", "cgnat"),  # RFC 6598
        ("127.0.0.0/8", "loopback"),  # RFC 1122
        ("169.254.0.0/16", "link_local"),  # RFC 3927
        ("172.16.0.0/12", "private"),  # RFC 1918
        ("192.0.0.0/24", "protocol_assignments"),  # RFC 6890
        ("192.0.2.0/24", "documentation"),  # RFC 5737
        ("192.31.196.0/24", "as112_amt"),  # RFC 7535
        ("192.52.193.0/24", "as112_amt"),  # RFC 7450
        ("192.88.99.0/24", "6to4"),  # RFC 7526
        ("192.168.0.0/16", "private"),  # RFC 1918
        ("192.175.48.0/24", "as112_amt"),  # RFC 7534
        ("198.18.0.0/15", "benchmark"),  # RFC 2544
        ("198.51.100.0/24", "documentation"),  # RFC 5737
        ("203.0.113.0/24", "documentation"),  # RFC 5737
        ("224.0.0.0/4", "multicast"),  # RFC 5771
        ("240.0.0.0/4", "reserved"),  # RFC 1112; holds the limited broadcast address too
    )
)

# Everything outside 2000::/3 is unpublishable; the ranges listed first merely have a name that helps people.
_IPV6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("::/128", "this_network"),  # RFC 4291
        ("::1/128", "loopback"),  # RFC 4291
        ("64:ff9b::/96", "nat64"),  # RFC 6052
        ("64:ff9b:1::/48", "nat64"),  # RFC 8215
        ("fc00::/7", "unique_local"),  # RFC 4193
        ("fe80::/10", "link_local"),  # RFC 4291
        ("fec0::/10", "site_local"),  # RFC 3879
        ("ff00::/8", "multicast"),  # RFC 4291
        ("2001::/23", "protocol_assignments"),  # RFC 2928: Teredo, ORCHID, anycast singles
        ("2001:db8::/32", "documentation"),  # RFC 3849
        ("2002::/16", "6to4"),  # RFC 3056
        ("2620:4f:8000::/48", "as112_amt"),  # RFC 7534
        ("3fff::/20", "documentation"),  # RFC 9637
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")

# The closed set of answers, for metric labels and documents.
RANGE_NAMES = frozenset(name for _, name in _IPV4) | {name for _, name in _IPV6}
RANGE_NAMES |= {"ipv4_mapped", "scope_id", "not_global_unicast"}


# Public, and nobody's home: published at https://www.cloudflare.com/ips-v4 and /ips-v6; the same in a mirror of 2026-02-11.
# A DDNS client wrote such an address into its user's zone, because its echo service was asked through WARP.
_CLOUDFLARE: tuple[IPv4Network | IPv6Network, ...] = (
    *(
        IPv4Network(network)
        for network in (
            "173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18",
            "108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17",
            "162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22",
        )
    ),
    *(
        IPv6Network(network)
        for network in (
            "2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29",
            "2c0f:f248::/32",
        )
    ),
)  # fmt: skip
CDN_NAMES = frozenset({"cloudflare"})


@lru_cache(maxsize=256)
def cdn_range(address: IpAddress) -> str | None:
    """The CDN (one of ``CDN_NAMES``) that the address belongs to; None when to none that is known."""
    return (
        "cloudflare"
        if any(address in network for network in _CLOUDFLARE if network.version == address.version)
        else None
    )


def special_range(address: IpAddress) -> str | None:
    """The name of the special-purpose range that ``address`` lies in (one of ``RANGE_NAMES``); None when it may be published.

    An IPv4-mapped IPv6 address is judged by the IPv4 address inside and is never publishable itself (RFC 4291 section 2.5.5.2).
    """
    if isinstance(address, IPv4Address):
        return _special_ipv4(int(address))
    return _special_ipv6(address)


@lru_cache(maxsize=256)
def _special_ipv4(number: int) -> str | None:
    """By its number, for that hashes faster: each cycle asks about the router's word."""
    address = IPv4Address(number)
    return next((name for network, name in _IPV4 if address in network), None)


@lru_cache(maxsize=256)
def _special_ipv6(address: IPv6Address) -> str | None:
    if address.ipv4_mapped is not None:
        return special_range(address.ipv4_mapped) or "ipv4_mapped"
    for network, name in _IPV6:
        if IPv6Address(int(address)) in network:
            return name
    if address.scope_id is not None:
        return "scope_id"
    return None if address in _GLOBAL_UNICAST else "not_global_unicast"
