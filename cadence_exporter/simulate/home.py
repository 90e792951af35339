"""Which home is simulated, and the policy it runs by: the defaults of the settings."""

from ipaddress import ip_network
from types import MappingProxyType

from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.recovery import SWITCHED_OFF
from cadence_exporter.settings.sections import ECHO_IPV4, BudgetSettings
from cadence_exporter.simulate.dice import Dice
from cadence_exporter.simulate.line import VPN_NETWORK
from cadence_exporter.simulate.world import RESOLVERS, HomeSpec

CALL_TIMEOUT_S = 8.0
_BUDGET = BudgetSettings()
_PROVIDER = "cloudflare"
VPN = RecordSpec(RecordKey("vpn.example.com", RecordType.A), _PROVIDER)
APEX = RecordSpec(RecordKey("example.com", RecordType.A), _PROVIDER, ttl=60)
VPN6 = RecordSpec(RecordKey("vpn.example.com", RecordType.AAAA), _PROVIDER, ttl=120)

PLAIN = HomeSpec(records=(VPN,))


def policy(spec: HomeSpec) -> Policy:
    """The defaults of the settings, and what differs between homes. The user has named the VPN's network."""
    return Policy(
        interval_s=60.0,
        fast_factor=0.5,
        slow_factor=3.0,
        jitter_s=10.0,
        confirmations=spec.confirmations,
        confirm_spacing_s=3.0,
        families=spec.families,
        quorum=spec.quorum,
        cross_check_s=3600.0,
        refused_networks=(ip_network(VPN_NETWORK),),
        records=spec.records,
        cache_max_age_s=3600.0,
        max_changes_per_day=spec.max_changes_per_day,
        echo=MappingProxyType(dict.fromkeys(spec.families, ECHO_IPV4)),
        truths=len(RESOLVERS),
        recovery=SWITCHED_OFF if spec.recovery is None else spec.recovery.policy,
        max_calls_per_hour=MappingProxyType(
            {"ip_echo": _BUDGET.ip_echo * len(spec.families), "doh": _BUDGET.doh, "cloudflare": _BUDGET.provider}
        ),
    )


def any_home(chance: Dice) -> HomeSpec:
    """One of many kinds of home."""
    two_families = chance.random() < 0.25  # noqa: PLR2004 - a quarter
    records = [VPN]
    if chance.random() < 0.3:  # noqa: PLR2004 - some keep two names
        records.append(APEX)
    if two_families:
        records.append(VPN6)
    return HomeSpec(
        records=tuple(records),
        families=(Family.IPV4, Family.IPV6) if two_families else (Family.IPV4,),
        speaks_natpmp=chance.random() < 0.6,  # noqa: PLR2004
        announces=chance.random() < 0.5,  # noqa: PLR2004
        confirmations=chance.choice((2, 2, 2, 3)),
        max_changes_per_day=chance.choice((24, 24, 24, 6)),
        born_right=chance.random() < 0.7,  # noqa: PLR2004
        tripwire=chance.random() < 0.6,  # noqa: PLR2004
    )
