"""Which public address can be believed. Votes count per operator: two services of one operator are one voice."""

from collections.abc import Mapping
from ipaddress import IPv4Address

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.assessment import Agreed, Disputed, NotPublic, PublicAddress, Unchanged, Unknown
from cadence_exporter.model.memory import EchoPlan
from cadence_exporter.model.observation import Answered, EchoRound, Failed
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.ranges import cdn_range, special_range


def judge(
    echo: EchoRound,
    router_wan: IPv4Address | None,
    plan: EchoPlan | None,
    policy: Policy,
) -> PublicAddress:
    """The verdict on one family. ``router_wan`` has no vote; a public address of its own that differs is a veto."""
    expected = plan.expected if plan else None
    if echo.spared and plan and plan.meanwhile:
        return plan.meanwhile
    if echo.spared:
        return _spared(plan, router_wan)
    votes = _votes(echo)
    if not votes:
        return Unknown(_silence(echo))
    winner = _winner(votes, policy.quorum)
    if winner is None:
        return _undecided(votes, echo, expected, router_wan, policy.quorum)
    name = not_publishable(winner, policy)
    if name:
        return NotPublic(winner, name)
    if _vetoed(winner, router_wan):
        return _veto(winner, router_wan)
    return Agreed(winner, tuple(sorted(votes[winner])))


def _spared(plan: EchoPlan | None, router_wan: IPv4Address | None) -> PublicAddress:
    """Nobody was asked: who vouches that nothing changed, the router or the tripwire?"""
    if plan is None or plan.expected is None:
        return Unknown("no echo service was asked")
    if plan.spare_if_outside_says is None or router_wan == plan.expected:
        return Unchanged(plan.expected, "router")
    # The tripwire vouches alone. A router that names another public address may still veto.
    return (
        _veto(plan.expected, router_wan) if _vetoed(plan.expected, router_wan) else Unchanged(plan.expected, "tripwire")
    )


def not_publishable(address: IpAddress, policy: Policy) -> str | None:
    """The reason why an address must never stand in DNS, or None."""
    name = special_range(address)
    if name:
        return name
    cdn = cdn_range(address)
    if cdn:
        return cdn
    return "refused" if any(address in network for network in policy.refused_networks) else None


def behind_another_nat(router_wan: IPv4Address | None) -> bool:
    """Whether the router's own WAN address is one that nobody can reach from outside."""
    return router_wan is not None and special_range(router_wan) in {"cgnat", "private"}


def _votes(echo: EchoRound) -> Mapping[IpAddress, set[str]]:
    """Who said what. An operator that contradicts itself speaks for each of its addresses, and so settles none."""
    votes: dict[IpAddress, set[str]] = {}
    for reading in echo.readings:
        if isinstance(reading, Answered):
            votes.setdefault(reading.value.address, set()).add(reading.value.operator)
    return votes


def _winner(votes: Mapping[IpAddress, set[str]], quorum: int) -> IpAddress | None:
    """The one address with a quorum of its own and more voices than all others together; None when there is none."""
    best = max(votes, key=lambda address: len(votes[address]))
    dissenters = {operator for address, operators in votes.items() if address != best for operator in operators}
    loyal = votes[best] - dissenters
    return best if len(loyal) >= quorum and len(loyal) > len(dissenters) else None


def _undecided(
    votes: Mapping[IpAddress, set[str]],
    echo: EchoRound,
    expected: IpAddress | None,
    router_wan: IPv4Address | None,
    quorum: int,
) -> PublicAddress:
    if len(votes) > 1:
        return Disputed(tuple(sorted(votes, key=str)), "echo services name different addresses")
    (address,) = votes
    asked_a_few = len(echo.readings) < echo.configured
    all_answered = all(isinstance(reading, Answered) for reading in echo.readings)
    if address == expected and asked_a_few and all_answered:
        if _vetoed(address, router_wan):
            return _veto(address, router_wan)
        return Unchanged(address, "echo")
    return Unknown(f"only {len(votes[address])} of {quorum} independent voices; {_silence(echo)}")


def _vetoed(address: IpAddress, router_wan: IPv4Address | None) -> bool:
    """A private address at the router is another NAT, no contradiction; a public one that differs is."""
    return router_wan is not None and router_wan != address and special_range(router_wan) is None


def _veto(address: IpAddress, router_wan: IPv4Address | None) -> Disputed:
    ips: tuple[IpAddress, ...] = (address,) if router_wan is None else (address, router_wan)
    return Disputed(ips, "the router names another public address", vetoed=True)


def _silence(echo: EchoRound) -> str:
    """Why the services that failed did, in one line for people."""
    reasons = [f"{reading.source}: {reading.reason}" for reading in echo.readings if isinstance(reading, Failed)]
    return "; ".join(reasons) if reasons else "no echo service answered"
