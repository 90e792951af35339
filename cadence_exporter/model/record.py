"""The DNS records that Cadence keeps, as the user asked for them."""

from typing import NamedTuple

from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.value import value


class RecordKey(NamedTuple):
    """What identifies a record: lower-case ASCII (punycode) name without trailing dot, and type.

    A tuple, for it is looked up in many mappings: tuples hash fast.
    """

    name: str
    type: RecordType

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@value
class RecordSpec:
    """One record to keep. ``None`` for ttl, proxied or id means: left as the user has it at the provider."""

    key: RecordKey
    provider: str
    ttl: int | None = None
    """Seconds; 1 means automatic at Cloudflare."""
    proxied: bool | None = None
    id: str | None = None
    """The provider's own id of the record, when the user pinned one."""
    create: bool = True
    """Whether a missing record may be created."""

    @property
    def family(self) -> Family:
        """The family of the address this record holds."""
        return self.key.type.family
