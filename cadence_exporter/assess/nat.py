"""What stands between the router and the world: the router's own word beside what the outside sees."""

from cadence_exporter.assess.way_out import hops_beyond
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import CLEAR, Disputed, Link, Nat, PublicAddress
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Answered, Observation
from cadence_exporter.model.ranges import special_range

SETTLED_LOOKS = 4
"""Unclear looks in a row after which two different public addresses are no renumbering any more."""
UNREACHABLE = frozenset({Nat.CGNAT, Nat.DOUBLE, Nat.MISMATCH})
"""Kinds behind which nobody reaches this home from outside: port forwarding at the router does not help."""
_KINDS = {"cgnat": Nat.CGNAT, "private": Nat.DOUBLE}


# Each cycle asks for them, and Python 3.11 is slow to find a member of an enumeration.
_PATH_UP, _OPEN = Link.UP, Nat.OPEN


def judge(seen: Observation, wan: Link, public: PublicAddress | None, memory: Memory) -> Nat:
    """The kind of NAT, for IPv4; UNKNOWN while the path fails or the router does not say."""
    if wan is not _PATH_UP or not isinstance(seen.router_wan, Answered):
        return Nat.UNKNOWN
    said = seen.router_wan.value.address
    if said is None:
        return _hidden(public, memory)
    kind = special_range(said)
    if kind is not None:
        return _KINDS.get(kind, Nat.UNKNOWN)
    if isinstance(public, CLEAR):
        return _OPEN if public.ip == said else Nat.UNKNOWN
    return _contradicted(public, memory)


def _contradicted(public: PublicAddress | None, memory: Memory) -> Nat:
    """Echo services that disagree, one of them with the router, tell nothing: only a clear outside can contradict the router."""
    belief = memory.beliefs.get(Family.IPV4)
    lasts = belief is not None and belief.doubts >= SETTLED_LOOKS
    by_the_router = isinstance(public, Disputed) and public.vetoed
    return Nat.MISMATCH if lasts and by_the_router else Nat.UNKNOWN


def _hidden(public: PublicAddress | None, memory: Memory) -> Nat:
    """A router that says it has none although the path works: some do when theirs is of no use outside (RFC 6886 section 3.5).

    Then the usual path tells: the hop behind the router has an address of the same kind.
    """
    if memory.router_edge is not False or memory.usual_path is None or not isinstance(public, CLEAR):
        return Nat.UNKNOWN
    beyond = hops_beyond(memory.usual_path.hops, memory.usual_path.gateway)
    kind = special_range(beyond[0].address) if beyond else None
    return _KINDS.get(kind, Nat.UNKNOWN) if kind is not None else Nat.UNKNOWN


def router_edge(seen: Observation, wan: Link, public: PublicAddress | None) -> bool | None:
    """Whether the router is the edge of the home, by its word while the path works and the address is clear; ``None``: nothing new."""
    if wan is not _PATH_UP or not isinstance(seen.router_wan, Answered) or not isinstance(public, CLEAR):
        return None
    said = seen.router_wan.value.address
    return said is not None and special_range(said) in (None, "cgnat")
