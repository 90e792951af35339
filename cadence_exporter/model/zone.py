"""What resolvers and providers hold for one DNS record, while it is being reconciled."""

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.value import value


@value
class TruthAnswer:
    """One resolver operator's answer. No addresses means that the name does not exist there (NXDOMAIN) or has none of this type."""

    operator: str
    addresses: tuple[IpAddress, ...]
    rcode: str
    """``NOERROR`` or ``NXDOMAIN``; anything else is a failed probe, not an answer."""
    ttl_s: int | None = None
    """Seconds for which the resolver will go on saying so."""


@value
class HeldRecord:
    """One resource record as the provider holds it."""

    content: str
    id: str | None = None
    ttl: int | None = None
    proxied: bool | None = None


@value
class RecordSet:
    """Everything the provider holds under one name that matters for one type."""

    held: tuple[HeldRecord, ...]
    """Records of the wanted name and type."""
    cname: str | None = None
    """The target of a CNAME at the same name, which forbids an address record beside it (RFC 1034 section 3.6.2)."""
