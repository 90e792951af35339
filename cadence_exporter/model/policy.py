"""The numbers that assess and decide go by: the settings, reduced to what the pure stages need."""

from collections.abc import Mapping
from dataclasses import field
from ipaddress import IPv4Network, IPv6Network
from types import MappingProxyType

from cadence_exporter.model.address import Family
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.model.recovery import SWITCHED_OFF, RecoveryPolicy
from cadence_exporter.model.value import value


@value
class Policy:
    """All times in seconds."""

    interval_s: float
    fast_factor: float
    slow_factor: float
    jitter_s: float
    confirmations: int
    confirm_spacing_s: float
    families: tuple[Family, ...]
    """The first one governs the state of the connection; the others only their own records."""
    quorum: int
    cross_check_s: float
    refused_networks: tuple[IPv4Network | IPv6Network, ...]
    """CDN and VPN ranges that are never home."""
    records: tuple[RecordSpec, ...]
    cache_max_age_s: float
    max_changes_per_day: int
    echo: Mapping[Family, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The echo services of each family, by URL."""
    truths: int = 2
    """DNS-over-HTTPS resolvers."""
    recovery: RecoveryPolicy = SWITCHED_OFF
    max_calls_per_hour: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """By service, as in ``ApiCall``; a service that is missing has no limit."""
