"""What befalls those who are asked: WAN targets, echo services, resolvers and the DNS provider."""

from ipaddress import ip_address

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.operators import host_of, literal_of
from cadence_exporter.simulate.dice import Dice
from cadence_exporter.simulate.faults_line import HOUR, MINUTE, befall, renumbered
from cadence_exporter.simulate.line import fresh_address
from cadence_exporter.simulate.resolver import Malady
from cadence_exporter.simulate.services import EchoService, Lies
from cadence_exporter.simulate.world import World
from cadence_exporter.simulate.zone import Trouble

LONGEST_LAG_S = 600.0
"""Part of the fault model: an echo service that lags says what was true at most so long ago; otherwise it is a liar."""
_NETWORK = (FailureReason.TIMEOUT, FailureReason.REFUSED, FailureReason.DNS, FailureReason.TLS)


def target_down(world: World, dice: Dice) -> None:
    """One WAN target is broken itself."""
    befall(world, dice.choice(world.targets).ills, dice.choice(_NETWORK), dice.uniform(MINUTE, 6 * HOUR))


def targets_down(world: World, dice: Dice) -> None:
    """All WAN targets are broken at once, the line is not."""
    seconds = dice.uniform(5, 20 * MINUTE)
    for target in world.targets:
        befall(world, target.ills, FailureReason.TIMEOUT, seconds)


def echo_dead(world: World, dice: Dice) -> None:
    """One echo service is gone."""
    befall(world, dice.choice(world.echo).ills, dice.choice(_NETWORK), dice.uniform(MINUTE, 12 * HOUR))


def echo_blinks(world: World, dice: Dice) -> None:
    """One echo service fails for moments, over and over."""
    service = dice.choice(world.echo)
    for _ in range(10):
        world.after(dice.uniform(0, HOUR), lambda: befall(world, service.ills, FailureReason.HTTP, 30.0))


def echo_page(world: World, dice: Dice) -> None:
    """One echo service answers with a web page."""
    befall(world, dice.choice(world.echo).ills, FailureReason.CONTENT, dice.uniform(MINUTE, 6 * HOUR))


def echo_error(world: World, dice: Dice) -> None:
    """One echo service answers 503."""
    befall(world, dice.choice(world.echo).ills, FailureReason.HTTP, dice.uniform(MINUTE, 6 * HOUR))


def echo_slow(world: World, dice: Dice) -> None:
    """One echo service takes seconds."""
    befall(world, dice.choice(world.echo).slow, dice.uniform(1, 7), dice.uniform(MINUTE, 6 * HOUR))


def echo_all_dead(world: World, dice: Dice) -> None:
    """A blocking resolver or a routing accident takes all of them away."""
    seconds, reason = dice.uniform(10, 2 * HOUR), dice.choice(_NETWORK)
    for service in world.echo:
        befall(world, service.ills, reason, seconds)


def _lie(world: World, dice: Dice, address: IpAddress) -> None:
    """One operator lies, if the fault model has room for another liar: fewer than the quorum lie at any time."""
    service: EchoService = dice.choice(world.echo)
    liars = {name for name, lies in world.lies.items() if any(not each.honest for each in lies.active)}
    if len(liars | {service.operator}) < world.spec.quorum:
        lie = Lies(lambda family: address if (address.version == 4) is (family is Family.IPV4) else None)  # noqa: PLR2004
        befall(world, service.lies, lie, dice.uniform(MINUTE, 12 * HOUR))


def echo_lies(world: World, dice: Dice) -> None:
    """One operator says somebody else's address."""
    _lie(world, dice, fresh_address(dice.choice(world.families), dice))


def echo_lies_the_past(world: World, dice: Dice) -> None:
    """One operator says what was ours long ago."""
    _lie(world, dice, dice.choice(world.line.history)[2][0])


def echo_lies_the_present(world: World, dice: Dice) -> None:
    """One operator sticks to today's address, and then that changes."""
    _lie(world, dice, world.line.leased[Family.IPV4])
    world.after(dice.uniform(1, 600), lambda: renumbered(world, dice))


def echo_lies_special(world: World, dice: Dice) -> None:
    """One operator says an address that must never be published."""
    _lie(world, dice, ip_address(dice.choice(("10.0.0.7", "192.168.1.20", "100.64.9.9", "127.0.0.1", "0.0.0.0"))))  # noqa: S104


def _lag(world: World, service: EchoService, dice: Dice) -> None:
    delay = dice.uniform(1, LONGEST_LAG_S)
    lag = Lies(lambda family: world.line.egress_before(family, delay), honest=True)
    befall(world, service.lies, lag, dice.uniform(MINUTE, 6 * HOUR))


def echo_lags(world: World, dice: Dice) -> None:
    """One operator answers from a cache."""
    _lag(world, dice.choice(world.echo), dice)


def echo_all_lag(world: World, dice: Dice) -> None:
    """A transparent proxy with a cache stands in front of them all."""
    for service in world.echo:
        _lag(world, service, dice)


def _resolver(malady: Malady, world: World, dice: Dice, longest_s: float = 2 * HOUR) -> None:
    befall(world, dice.choice(world.resolvers).ills, malady, dice.uniform(10, longest_s))


def names_fail(world: World, dice: Dice) -> None:
    """The resolver of the ISP, or of the router, finds nothing: whoever is asked by name is not reached."""
    seconds = dice.uniform(30, HOUR)
    befall(world, world.isp_dns_down, "names", seconds)
    for service in world.echo:
        if literal_of(host_of(service.url)) is None:
            befall(world, service.ills, FailureReason.DNS, seconds)


def resolver_silent(world: World, dice: Dice) -> None:
    """One resolver does not answer."""
    _resolver(Malady.SILENT, world, dice)


def resolver_servfail(world: World, dice: Dice) -> None:
    """One resolver answers SERVFAIL."""
    _resolver(Malady.SERVFAIL, world, dice)


def resolver_stale(world: World, dice: Dice) -> None:
    """One resolver serves what it has, TTL or not (RFC 8767)."""
    _resolver(Malady.STALE, world, dice, HOUR)


def resolvers_stale(world: World, dice: Dice) -> None:
    """All resolvers do."""
    seconds = dice.uniform(10, HOUR)
    for resolver in world.resolvers:
        befall(world, resolver.ills, Malady.STALE, seconds)


def resolver_blocks(world: World, dice: Dice) -> None:
    """One resolver says that the name does not exist."""
    _resolver(Malady.BLOCKED, world, dice)


def resolvers_block(world: World, dice: Dice) -> None:
    """All say so."""
    seconds = dice.uniform(10, HOUR)
    for resolver in world.resolvers:
        befall(world, resolver.ills, Malady.BLOCKED, seconds)


def resolver_sinkhole(world: World, dice: Dice) -> None:
    """One resolver answers 0.0.0.0."""
    _resolver(Malady.SINKHOLE, world, dice)


def _provider(trouble: Trouble, world: World, dice: Dice) -> None:
    befall(world, world.zone.troubles, trouble, dice.uniform(5, HOUR))


def provider_5xx(world: World, dice: Dice) -> None:
    """The provider is in trouble."""
    _provider(Trouble.ERROR_500, world, dice)


def provider_429(world: World, dice: Dice) -> None:
    """The provider asks to slow down, with and without Retry-After."""
    world.zone.retry_after_s = dice.choice((None, 5.0, 60.0, 600.0))
    _provider(Trouble.SLOW_DOWN, world, dice)


def provider_says_no(world: World, dice: Dice) -> None:
    """HTTP 200 with success: false."""
    _provider(Trouble.NO_SUCCESS, world, dice)


def provider_timeout(world: World, dice: Dice) -> None:
    """No answer, and nothing done."""
    _provider(Trouble.TIMEOUT, world, dice)


def token_revoked(world: World, dice: Dice) -> None:
    """The token is not valid for a while."""
    _provider(Trouble.REVOKED, world, dice)


def answer_lost(world: World, dice: Dice) -> None:
    """Written, but the answer is lost."""
    _provider(Trouble.LOST_ANSWER, world, dice)


def written_late(world: World, dice: Dice) -> None:
    """No answer, and the write happens later."""
    _provider(Trouble.LATE, world, dice)


def not_written(world: World, dice: Dice) -> None:
    """Success is answered, nothing is done."""
    _provider(Trouble.NOT_DONE, world, dice)


def old_reads(world: World, dice: Dice) -> None:
    """The provider's reads lag behind its writes."""
    _provider(Trouble.OLD_READS, world, dice)


def hand_edit(world: World, dice: Dice) -> None:
    """Somebody sets the record to another address."""
    key = dice.choice(world.record_keys())
    world.zone.by_hand(key, (str(fresh_address(key.type.family, dice)),))


def hand_private(world: World, dice: Dice) -> None:
    """Somebody sets the record to a private address."""
    key = dice.choice(world.record_keys())
    world.zone.by_hand(key, ("192.168.1.10" if key.type.family is Family.IPV4 else "fd00::10",))


def hand_duplicate(world: World, dice: Dice) -> None:
    """Somebody adds a second record, and takes it away later."""
    key = dice.choice(world.record_keys())
    held = world.zone.contents(key)
    if held:
        world.zone.by_hand(key, (*held, str(fresh_address(key.type.family, dice))))
        world.after(dice.uniform(MINUTE, 4 * HOUR), lambda: world.zone.by_hand(key, world.zone.contents(key)[:1]))


def hand_removal(world: World, dice: Dice) -> None:
    """Somebody deletes the record."""
    world.zone.by_hand(dice.choice(world.record_keys()), ())


def hand_cname(world: World, dice: Dice) -> None:
    """Somebody puts a CNAME at the name, and takes it away later."""
    befall(world, world.zone.cnames, "elsewhere.example.net", dice.uniform(MINUTE, 2 * HOUR))


def stun_dead(world: World, dice: Dice) -> None:
    """No STUN server answers; the path is fine."""
    befall(world, world.tripwire.servers_dead, "dead", dice.uniform(5, 6 * HOUR))
