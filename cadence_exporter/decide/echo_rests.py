"""Echo services that keep failing have a rest: each for itself, longer each time, and never so many that a quorum could not be had."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from cadence_exporter.decide.pace import spread
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, Now, later
from cadence_exporter.model.memory import Rest
from cadence_exporter.model.operators import operator_of

Rests = Mapping[tuple[Family, str], Rest]

PATIENCE = 3
"""Failures in a row before the first rest: a service that merely blinks is worth asking again at once."""
FIRST_REST_S = 30.0
LONGEST_REST_S = 900.0
"""Before its spread. A service that is dead for days is asked four times an hour."""
NONE: Rests = MappingProxyType({})


def after(rests: Rests, asked: Mapping[tuple[Family, str], bool], draw: float, now: Now, *, path_works: bool) -> Rests:
    """What is known of the services after one observation. ``asked`` says who answered; ``draw`` is uniform in [0, 1).

    A path that fails says nothing of the services: when it is back they are all asked. So they are, when one answers again after all
    that were asked had failed for some time: then it was no service that was dead.
    """
    if not path_works:
        return NONE
    if not asked:
        return rests
    answered = {family for (family, _), answers in asked.items() if answers}
    for family in answered:
        if all((family, url) in rests for of, url in asked if of is family):
            rests = {key: rest for key, rest in rests.items() if key[0] is not family}
    known = dict(rests)
    for key, answers in asked.items():
        if answers:
            known.pop(key, None)
        else:
            failures = known[key].failures + 1 if key in known else 1
            known[key] = Rest(failures, later(now.instant, _rest_s(failures, draw)))
    return MappingProxyType(known) if known else NONE


def resting(rests: Rests, family: Family, urls: Sequence[str], quorum: int, now: Instant) -> frozenset[str]:
    """Who is not asked now. At least ``quorum`` operators are, those whose rest is over soonest."""
    if not rests:
        return frozenset()
    tired = {url: rests[family, url].until for url in urls if (family, url) in rests and rests[family, url].until > now}
    awake = {operator_of(url) for url in urls if url not in tired}
    for url in sorted(tired, key=lambda each: tired[each]):
        if len(awake) >= quorum:
            break
        awake.add(operator_of(url))
        del tired[url]
    return frozenset(tired)


def _rest_s(failures: int, draw: float) -> float:
    if failures < PATIENCE:
        return 0.0
    growth: float = 2.0 ** min(failures - PATIENCE, 10)
    return spread(min(FIRST_REST_S * growth, LONGEST_REST_S), draw)
