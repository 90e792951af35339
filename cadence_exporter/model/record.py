"""The DNS records that Cadence keeps, as the user asked for them."""

from dataclasses import dataclass

from cadence_exporter.model.address import Family, RecordType


@dataclass(frozen=True, slots=True)
class RecordKey:
    """What identifies a record: lower-case ASCII (punycode) name without trailing dot, and type."""

    name: str
    type: RecordType

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
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
