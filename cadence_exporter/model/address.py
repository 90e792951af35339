"""Address families and what goes with each."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

IpAddress = IPv4Address | IPv6Address


class Family(StrEnum):
    """An IP version, spelt as in the settings and in metric labels."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"

    @property
    def record_type(self) -> "RecordType":
        """The DNS record type that holds an address of this family (RFC 1035, RFC 3596)."""
        return RecordType.A if self is Family.IPV4 else RecordType.AAAA


class RecordType(StrEnum):
    """The DNS record types that Cadence publishes."""

    A = "A"
    AAAA = "AAAA"

    @property
    def family(self) -> Family:
        """The family of the address that a record of this type holds."""
        return _HELD_BY[self]


_HELD_BY = {RecordType.A: Family.IPV4, RecordType.AAAA: Family.IPV6}


def family_of(address: IpAddress) -> Family:
    """The family of an address."""
    return Family.IPV4 if address.version == 4 else Family.IPV6  # noqa: PLR2004 - the IP version number itself
