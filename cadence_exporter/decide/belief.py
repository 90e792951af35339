"""How evidence becomes belief in a public address: agreeing observations in a row, and nothing else."""

from dataclasses import replace
from ipaddress import IPv4Address

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.assessment import Agreed, PublicAddress, Unchanged
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Belief
from cadence_exporter.model.policy import Policy


def weigh(
    belief: Belief,
    verdict: PublicAddress,
    router_wan: IPv4Address | None,
    now: Now,
    policy: Policy,
    outside: IPv4Address | None = None,
) -> Belief:
    """The belief after one more observation over a working path. ``router_wan`` and ``outside`` have no vote; they may vouch."""
    if isinstance(verdict, Agreed):
        return _gather(belief, verdict.ip, (router_wan, outside), now, policy)
    if isinstance(verdict, Unchanged) and is_confirmed(belief, policy) and verdict.ip == belief.confirmed:
        if verdict.by != "echo":
            return replace(belief, doubts=0) if belief.doubts else belief
        return replace(
            belief,
            doubts=0,
            agreed_at=now.instant,
            router_said=_vouches(router_wan, verdict.ip),
            outside_said=_vouches(outside, verdict.ip),
            turn=belief.turn + 1,
        )
    return replace(belief, streak=0, doubts=belief.doubts + 1, turn=belief.turn + 1)


def distrust(belief: Belief) -> Belief:
    """The belief after the path failed: the confirmations are gone."""
    return replace(belief, streak=0, doubts=0)


def is_confirmed(belief: Belief, policy: Policy) -> bool:
    """Whether the candidate may be published."""
    return belief.candidate is not None and belief.streak >= policy.confirmations


def _vouches(word: IPv4Address | None, ip: IpAddress) -> IPv4Address | None:
    """A word that is the public address itself. A router's behind another NAT stays while the address changes; so do all for IPv6."""
    return word if word == ip else None


def _gather(
    belief: Belief, ip: IpAddress, words: tuple[IPv4Address | None, IPv4Address | None], now: Now, policy: Policy
) -> Belief:
    """``words`` are the router's and the tripwire's."""
    router_wan, outside = words
    same = ip == belief.candidate
    # Beyond the number asked for, counting on would say nothing more.
    streak = min(belief.streak + 1, policy.confirmations) if same else 1
    fresh = not same or belief.candidate_since is None or (belief.streak == 0 and ip == belief.confirmed)
    newly = streak >= policy.confirmations and ip != belief.confirmed
    return replace(
        belief,
        confirmed=ip if newly else belief.confirmed,
        confirmed_at=now.wall if newly else belief.confirmed_at,
        router_said=_vouches(router_wan, ip),
        outside_said=_vouches(outside, ip),
        candidate=ip,
        streak=streak,
        candidate_since=now if fresh else belief.candidate_since,
        doubts=0,
        agreed_at=now.instant,
        turn=belief.turn + 1,
    )
