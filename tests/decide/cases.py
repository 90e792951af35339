"""A policy and small builders for the tests of the pure stages."""

from ipaddress import ip_address
from types import MappingProxyType

from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import Agreed, Assessment, Link
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.record import RecordKey, RecordSpec

HOME = ip_address("93.184.216.34")
MOVED = ip_address("81.2.69.142")
SPEC = RecordSpec(RecordKey("vpn.example.com", RecordType.A), "cloudflare")


def make_policy(**changes) -> Policy:
    values = {
        "interval_s": 60.0,
        "fast_factor": 0.5,
        "slow_factor": 3.0,
        "jitter_s": 10.0,
        "confirmations": 2,
        "confirm_spacing_s": 3.0,
        "families": (Family.IPV4,),
        "quorum": 2,
        "cross_check_s": 3600.0,
        "refused_networks": (),
        "records": (SPEC,),
        "cache_max_age_s": 3600.0,
        "max_changes_per_day": 24,
    }
    return Policy(**{**values, **changes})


def at(seconds: float, wall: float | None = None) -> Now:
    return Now(Instant(seconds), WallTime(1_700_000_000 + seconds if wall is None else wall))


def fresh() -> Memory:
    return Memory(phase=Phase.INIT, since=at(0))


def sees(public=None, *, wan=Link.UP, lan=Link.UP, router_wan=None, v6=None, outside=None) -> Assessment:
    verdicts = {Family.IPV4: public if public is not None else Agreed(HOME, ("a", "b"))}
    if v6 is not None:
        verdicts[Family.IPV6] = v6
    return Assessment(lan, wan, MappingProxyType(verdicts), router_wan, cgnat=False, outside=outside)
