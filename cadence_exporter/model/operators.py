"""Who runs an echo service. Two names of one operator are one voice: together they can be wrong, or lie, only once."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from cadence_exporter.model.address import IpAddress

CLOUDFLARE_DOMAINS = ("cloudflare.com", "one.one.one.one", "icanhazip.com", "cloudflare-dns.com")
"""Cloudflare has run icanhazip.com since 2021; counted apart from the trace page it would be one operator with two votes."""

CLOUDFLARE_RANGES: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text) for text in ("1.1.1.0/24", "1.0.0.0/24", "2606:4700::/32")
)
"""Where the literal addresses of Cloudflare's trace page lie."""

TWO_PART_SUFFIXES = frozenset(
    f"{second}.{country}"
    for country in (
        "uk",
        "au",
        "nz",
        "za",
        "jp",
        "kr",
        "br",
        "in",
        "il",
        "tr",
        "tw",
        "hk",
        "sg",
        "mx",
        "ar",
        "th",
        "cn",
    )
    for second in ("co", "com", "org", "net", "ac", "gov", "edu", "or", "ne", "go", "gob", "govt", "me")
)
"""Suffixes under which strangers register names: ``a.co.uk`` and ``b.co.uk`` are two operators."""

OPERATOR_LABELS = 2


def host_of(url: str) -> str:
    """The host of a URL, lower-case, without brackets, port, user or trailing dot (RFC 3986 section 3.2)."""
    scheme, separator, rest = url.partition("://")
    rest = rest if separator else scheme
    for end in "/?#":
        rest = rest.partition(end)[0]
    _, _, authority = rest.rpartition("@")
    host = authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]
    return host.lower().rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether ``host`` (without brackets) is this machine by its spelling: 127.0.0.0/8, ::1 or localhost (RFC 6761)."""
    address = literal_of(host)
    if address is not None:
        return address.is_loopback
    return host == "localhost" or host.endswith(".localhost")


def literal_of(host: str) -> IpAddress | None:
    """The address that ``host`` spells out, or ``None`` when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def operator_of(url: str) -> str:
    """Who runs the service at ``url``. On loopback every URL is its own operator, so that a test can have several."""
    host = host_of(url)
    if is_loopback(host):
        return url
    address = literal_of(host)
    if address is not None:
        return "cloudflare" if any(address in network for network in CLOUDFLARE_RANGES) else str(address)
    if any(host == domain or host.endswith("." + domain) for domain in CLOUDFLARE_DOMAINS):
        return "cloudflare"
    domain = _registered_domain(host)
    return "ipify" if domain == "ipify.org" else domain


def _registered_domain(host: str) -> str:
    labels = host.split(".")
    wanted = OPERATOR_LABELS + (".".join(labels[-OPERATOR_LABELS:]) in TWO_PART_SUFFIXES)
    return ".".join(labels[-wanted:])
