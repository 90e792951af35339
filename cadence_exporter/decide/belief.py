"""How evidence becomes belief in a public address: agreeing observations in a row, and nothing else."""

from dataclasses import replace
from ipaddress import IPv4Address

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.assessment import Agreed, PublicAddress, Unchanged
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Belief
from cadence_exporter.model.policy import Policy


def weigh(belief: Belief, verdict: PublicAddress, router_wan: IPv4Address | None, now: Now, policy: Policy) -> Belief:
    """The belief after one more observation over a working path."""
    if isinstance(verdict, Agreed):
        return _gather(belief, verdict.ip, router_wan, now, policy)
    if isinstance(verdict, Unchanged) and is_confirmed(belief, policy) and verdict.ip == belief.confirmed:
        if verdict.by == "router":
            return replace(belief, doubts=0) if belief.doubts else belief
        said = _vouches(router_wan, verdict.ip)
        return replace(belief, doubts=0, agreed_at=now.instant, router_said=said, turn=belief.turn + 1)
    return replace(belief, streak=0, doubts=belief.doubts + 1, turn=belief.turn + 1)


def distrust(belief: Belief) -> Belief:
    """The belief after the path failed: the confirmations are gone."""
    return replace(belief, streak=0, doubts=0)


def is_confirmed(belief: Belief, policy: Policy) -> bool:
    """Whether the candidate may be published."""
    return belief.candidate is not None and belief.streak >= policy.confirmations


def _vouches(router_wan: IPv4Address | None, ip: IpAddress) -> IPv4Address | None:
    """The router's word, when it is the public address itself. Behind another NAT, and for IPv6, it stays while the address changes."""
    return router_wan if router_wan == ip else None


def _gather(belief: Belief, ip: IpAddress, router_wan: IPv4Address | None, now: Now, policy: Policy) -> Belief:
    same = ip == belief.candidate
    # Beyond the number asked for, counting on would say nothing more.
    streak = min(belief.streak + 1, policy.confirmations) if same else 1
    fresh = not same or belief.candidate_since is None or (belief.streak == 0 and ip == belief.confirmed)
    gathered = replace(
        belief,
        candidate=ip,
        streak=streak,
        candidate_since=now if fresh else belief.candidate_since,
        doubts=0,
        agreed_at=now.instant,
        router_said=_vouches(router_wan, ip),
        turn=belief.turn + 1,
    )
    if streak >= policy.confirmations and ip != belief.confirmed:
        return replace(gathered, confirmed=ip, confirmed_at=now.wall)
    return gathered
