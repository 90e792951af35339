"""Settings -> the real thing. The only file that names concrete classes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from types import MappingProxyType

from cadence_exporter import __version__
from cadence_exporter.act.dns.cloudflare import Cloudflare
from cadence_exporter.act.dns.doh_truth import DohTruth
from cadence_exporter.act.dns.file import HostsFile
from cadence_exporter.act.dns.reconcile import Reconciler
from cadence_exporter.act.dns.rfc2136 import Rfc2136, tsig_key
from cadence_exporter.act.hands import Hands
from cadence_exporter.act.power.choose import power_switch
from cadence_exporter.act.power.hand import PowerHand
from cadence_exporter.clock import SystemClock
from cadence_exporter.equipment import Equipment
from cadence_exporter.model.address import Family
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.recovery import SWITCHED_OFF, RecoveryPolicy
from cadence_exporter.observe.crew import ProbeCrew
from cadence_exporter.observe.gateway import default_gateway, gateway_of
from cadence_exporter.observe.listeners.listener import Listener
from cadence_exporter.observe.listeners.natpmp_announcements import NatPmpAnnouncements
from cadence_exporter.observe.listeners.netlink import Netlink
from cadence_exporter.observe.listeners.resume import Resume
from cadence_exporter.observe.listeners.router_watch import RouterWatch
from cadence_exporter.observe.listeners.stun_servers import StunServer
from cadence_exporter.observe.listeners.tripwire import Tripwire
from cadence_exporter.observe.listeners.upnp import UpnpEvents
from cadence_exporter.observe.power_watch import PowerGear
from cadence_exporter.observe.public_ip.last_word import LastWord
from cadence_exporter.observe.ups import UpsProbe
from cadence_exporter.outbound.call_log import Unlogged
from cadence_exporter.outbound.child import FewAtOnce, run_child
from cadence_exporter.outbound.https import Https
from cadence_exporter.record.heartbeat import CHANNEL as HEARTBEAT_CHANNEL
from cadence_exporter.record.heartbeat import Heartbeat
from cadence_exporter.record.notify.messenger import Addressee, Messenger
from cadence_exporter.record.sheets.account import FIND_SCOPE, SCOPE, Account, Tokens
from cadence_exporter.record.sheets.api import SheetsApi
from cadence_exporter.record.sheets.rows import LastTimes
from cadence_exporter.record.sheets.sheet import CHANNEL as SHEETS_CHANNEL
from cadence_exporter.record.sheets.sheet import Sheet, SheetPlace, id_in
from cadence_exporter.record.sinks.courier import Sink
from cadence_exporter.record.sinks.outbox import Channel, Outbox
from cadence_exporter.seams import Clock, DnsProvider, Faults, PowerSwitch
from cadence_exporter.settings.device_rules import is_usable
from cadence_exporter.settings.endpoints import parse_stun
from cadence_exporter.settings.schema import Settings
from cadence_exporter.settings.sink_sections import DEFAULT_WORKSHEET

POWER_TIMEOUT_S = 20.0
"""For one bounce, every look at the relay included: a plug on a weak Wi-Fi takes seconds for each answer."""
MOST_MESSENGERS = 2
"""Children at once that deliver messages: each takes 50 MiB, and the unit and the container allow 256 for everything."""
LAST_WORD_S = 0.9
"""To turn the power on before the process ends: a stop takes two seconds at most, and the device's own timer runs on anyway."""


def policy(settings: Settings) -> Policy:
    """The numbers that assess and decide go by."""
    loop, public_ip, dns = settings.loop, settings.public_ip, settings.dns
    return Policy(
        interval_s=loop.interval,
        fast_factor=loop.fast_factor,
        slow_factor=loop.slow_factor,
        jitter_s=loop.jitter,
        confirmations=loop.confirmations,
        confirm_spacing_s=loop.confirm_spacing,
        families=public_ip.families,
        quorum=public_ip.quorum,
        cross_check_s=public_ip.cross_check,
        refused_networks=public_ip.refuse,
        records=settings.record_specs(),
        cache_max_age_s=dns.cache_max_age,
        max_changes_per_day=dns.max_changes_per_day,
        echo=MappingProxyType({family: settings.echo_services(family) for family in public_ip.families}),
        truths=len(dns.truth),
        recovery=recovery_policy(settings),
        max_calls_per_hour=MappingProxyType(call_budgets(settings)),
    )


def recovery_policy(settings: Settings) -> RecoveryPolicy:
    """What the guardrails go by; the one value for a home without a switch and a UPS."""
    recovery, ups = settings.recovery, settings.ups.server is not None
    switch = is_usable(recovery)
    if not switch and not ups:
        return SWITCHED_OFF
    return RecoveryPolicy(
        enabled=recovery.enabled,
        device=recovery.device.type,
        escalation_s=recovery.expected_recovery + recovery.buffer,
        off_for_s=recovery.off_for,
        cooldown_s=recovery.cooldown,
        max_per_day=recovery.max_per_day,
        boot_grace_s=recovery.boot_grace,
        modem_boot_s=recovery.modem_boot,
        ups=ups,
        identity=recovery.device.identity,
        switch=switch,
    )


def call_budgets(settings: Settings) -> dict[str, int]:
    """Calls an hour by service, as calls are counted. RFC 2136 is no API that counts."""
    budget = settings.budget
    return {
        "ip_echo": budget.ip_echo * len(settings.public_ip.families),
        "doh": budget.doh,
        "cloudflare": budget.provider,
    }


@dataclass(frozen=True, slots=True)
class Kept:
    """What lives longer than one set of equipment."""

    word: LastWord | None = None
    """The tripwire's last one."""
    identity: str | None = None
    """The power switch that was met first."""
    bounce_asked: Callable[[], bool] = lambda: False
    """Whether a person wants a bounce in the cycle under way."""


def equipment(
    settings: Settings, clock: Clock, https: Https, faults: Faults, *, rehearse: bool, kept: Kept | None = None
) -> Equipment:
    """Probes, hands and policy for these settings."""
    kept = kept or Kept()
    truths = [DohTruth(url, https) for url in settings.dns.truth]
    reconciler = Reconciler(
        clock, truths, providers(settings, clock, https), rehearse=rehearse, call_timeout_s=settings.loop.probe_timeout
    )
    switch = None if rehearse else switch_of(settings, clock, kept.identity)
    ups = settings.ups
    source = UpsProbe(https.dialer, ups.server, ups.port, ups.name) if ups.server is not None else None
    gear = PowerGear(switch, settings.recovery.enabled, source, kept.bounce_asked)
    crew = ProbeCrew(clock, settings, https, faults, kept.word, gear=gear)
    goes_by = policy(settings)
    if switch is None:
        goes_by = replace(goes_by, recovery=replace(goes_by.recovery, switch=False, enabled=False))

    def retire() -> None:
        crew.close()
        reconciler.close()

    hands = Hands(reconciler, faults, clock)
    if switch is None:
        return Equipment(crew, hands.perform, goes_by, retire)
    power = PowerHand(switch, clock, faults, POWER_TIMEOUT_S)
    last = PowerHand(switch, clock, faults, LAST_WORD_S)
    return Equipment(crew, hands.perform, goes_by, retire, power.perform, last.perform)


def switch_of(settings: Settings, clock: Clock, known: str | None) -> PowerSwitch | None:
    """The switch, when there is one. Calls to it stay in the home, so they are no part of what is counted as having left it."""
    if not is_usable(settings.recovery):
        return None
    log = Unlogged()
    return power_switch(settings.recovery.device, clock, Https(clock, log), log, known)


def listeners(
    settings: Settings, clock: SystemClock, word: LastWord, random_bytes: Callable[[int], bytes]
) -> tuple[Listener, ...]:
    """Everyone who is to ring the doorbell. Nobody listens yet. ``random_bytes`` must be unpredictable."""
    router, gateway = settings.router, gateway_of(settings.router.address)

    def gateway4() -> IPv4Address | None:
        found = gateway()
        return found.address if found and isinstance(found.address, IPv4Address) else None

    # The kernel speaks of this host's own routes, whatever router is configured.
    made: list[Listener] = [Netlink(default_gateway, clock), Resume(clock.asleep_s)]
    if router.natpmp:
        made.append(NatPmpAnnouncements(gateway, clock))
    if router.natpmp and router.watch:
        made.append(RouterWatch(gateway, router.natpmp_port, router.watch, clock))
    if router.upnp:
        made.append(UpnpEvents(gateway4, clock, router.upnp_port))
    wire = tripwire(settings, clock, word, random_bytes)
    return (*made, wire) if wire else tuple(made)


def tripwire(settings: Settings, clock: Clock, word: LastWord, random_bytes: Callable[[int], bytes]) -> Tripwire | None:
    """The listener that asks STUN servers; None when it is switched off, or when no IPv4 address is watched."""
    servers = [StunServer(*parse_stun(url), clock) for url in settings.wan.tripwire]
    if not servers or Family.IPV4 not in settings.public_ip.families:
        return None
    return Tripwire(servers, word, clock, random_bytes)


def providers(settings: Settings, clock: Clock, https: Https) -> dict[str, DnsProvider]:
    """The providers that records name, ready to be asked."""
    wanted = {spec.provider for spec in settings.record_specs()}
    made: dict[str, DnsProvider] = {}
    cloudflare, rfc2136 = settings.providers.cloudflare, settings.providers.rfc2136
    if "cloudflare" in wanted and cloudflare.api_token is not None:
        made["cloudflare"] = Cloudflare(
            https,
            clock,
            api_token=cloudflare.api_token.get_secret_value(),
            zone_id=cloudflare.zone_id,
            base_url=cloudflare.base_url,
        )
    if "rfc2136" in wanted and rfc2136.server is not None and rfc2136.zone is not None:
        key = None
        if rfc2136.tsig_name and rfc2136.tsig_key:
            key = tsig_key(rfc2136.tsig_name, rfc2136.tsig_key.get_secret_value(), rfc2136.tsig_algorithm)
        made["rfc2136"] = Rfc2136(clock, server=rfc2136.server, port=rfc2136.port, zone=rfc2136.zone, key=key)
    if "file" in wanted:
        made["file"] = HostsFile(settings.hosts_file())
    return made


@dataclass(frozen=True, slots=True)
class Post:
    """What sinks work with."""

    clock: Clock
    https: Https
    outbox: Outbox
    last: LastTimes


def sinks(settings: Settings, post: Post) -> tuple[tuple[Sink, Channel], ...]:
    """Every sink that is switched on, with what it wants to be told."""
    made: list[tuple[Sink, Channel]] = []
    account = settings.sheets.credentials
    if settings.sheets.enabled and settings.sheets.spreadsheet is not None and account is not None:
        made.append((_sheet(settings.sheets.spreadsheet, account.get_secret_value(), settings, post), SHEETS_CHANNEL))
    told: set[str] = set()
    run_few = FewAtOnce(run_child, MOST_MESSENGERS)
    for number, url in enumerate(settings.notify.urls, 1):
        addressee = Addressee(
            number,
            url.get_secret_value(),
            settings.site,
            settings.notify.quiet_period,
            settings.notify.show_addresses,
        )
        if addressee.channel.name in told:  # written twice: told once
            continue
        told.add(addressee.channel.name)
        made.append((Messenger(addressee, run_few, post.outbox, post.clock), addressee.channel))
    if settings.heartbeat.url is not None:
        url_ = settings.heartbeat.url.get_secret_value()
        healthy_wait_s = settings.loop.interval * settings.loop.slow_factor
        made.append((Heartbeat(url_, post.https, post.outbox, post.clock, healthy_wait_s), HEARTBEAT_CHANNEL))
    return tuple(made)


def _sheet(spreadsheet: str, account: str, settings: Settings, post: Post) -> Sheet:
    place = SheetPlace(
        spreadsheet,
        settings.sheets.worksheet or DEFAULT_WORKSHEET,
        settings.site,
        __version__,
        settings.sheets.show_addresses,
    )
    scopes = (SCOPE,) if id_in(spreadsheet) else (SCOPE, FIND_SCOPE)
    tokens = Tokens(Account.of(account), post.https, post.clock, run_child, scopes)
    api = SheetsApi(post.https, tokens, settings.sheets.base_url)
    return Sheet(place, api, post.outbox, post.clock, post.last)
