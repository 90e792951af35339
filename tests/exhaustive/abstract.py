"""A finite picture of the memory: counters are capped and times are classes. ``concrete`` and ``abstract`` lead there and back."""

from functools import lru_cache
from ipaddress import ip_address
from types import MappingProxyType
from typing import NamedTuple

from cadence_exporter.decide.dns import DAY_S, VISIBLE_PATIENCE_S, writes_within_a_day
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Belief, Change, Layer, Memory, Outage, Phase, RecordMemory
from tests.decide.cases import SPEC, make_policy

NOW = Now(Instant(1_000_000.0), WallTime(1_700_000_000.0))
PRIVATE = ip_address("100.64.0.1")
HOME6, MOVED6 = ip_address("2a00:1450:4001::1"), ip_address("2a00:1450:4001::2")
CACHE_S, CROSS_CHECK_S = 3600.0, 3600.0
MOST_DOUBTS = 2
DUE, PENDING = "due", "pending"
RECENT, OLD = "recent", "old"


class BeliefState(NamedTuple):
    candidate: object = None
    streak: int = 0
    confirmed: object = None
    doubts: int = 0
    router_said: object = None
    outside_said: object = None
    agreed: str | None = None


class ChangeState(NamedTuple):
    address: object
    published: str | None = None
    look: str | None = None


class RecordState(NamedTuple):
    verified: object = None
    cache: str | None = None
    writes: int = 0
    failed: bool = False
    hold: str | None = None
    refused: bool = False
    change: ChangeState | None = None


class State(NamedTuple):
    phase: Phase = Phase.INIT
    was_up: bool = False
    outage: Layer | None = None
    beliefs: tuple[BeliefState, ...] = (BeliefState(),)
    record: RecordState = RecordState()


def before(seconds: float) -> Now:
    return Now(Instant(NOW.instant - seconds), WallTime(NOW.wall - seconds))


LONG_AGO = before(2 * DAY_S)


def abstract(memory: Memory, families: tuple[Family, ...], policy) -> State:
    record = memory.records.get(SPEC.key, RecordMemory())
    return State(
        memory.phase,
        memory.up_cycles > 0,
        memory.outage.layer if memory.outage else None,
        tuple(_belief(memory.beliefs.get(family, Belief())) for family in families),
        _record(record, policy.max_changes_per_day),
    )


@lru_cache(None)
def _belief(belief: Belief) -> BeliefState:
    agreed = None
    # When they agreed matters only to spare calls while the router or the tripwire vouches.
    vouched = belief.router_said is not None or belief.outside_said is not None
    if vouched and belief.agreed_at is not None:
        agreed = RECENT if NOW.instant - belief.agreed_at < CROSS_CHECK_S else OLD
    return BeliefState(
        belief.candidate,
        belief.streak,
        belief.confirmed,
        min(belief.doubts, MOST_DOUBTS),
        belief.router_said,
        belief.outside_said,
        agreed,
    )


@lru_cache(None)
def _record(record: RecordMemory, most: int) -> RecordState:
    cache = None
    if record.verified_at is not None:
        cache = RECENT if 0 <= NOW.wall - record.verified_at < CACHE_S else OLD
    return RecordState(
        record.verified,
        cache,
        min(writes_within_a_day(record, NOW), most),
        record.failures > 0,
        _due(record.hold_until),
        record.refusal is not None,
        None if record.change is None else _change(record.change),
    )


def _change(change: Change) -> ChangeState:
    published = None
    if change.published_at is not None:
        published = RECENT if NOW.instant - change.published_at.instant < VISIBLE_PATIENCE_S else OLD
    return ChangeState(change.address, published, _due(change.next_look))


def _due(moment: Instant | None) -> str | None:
    if moment is None:
        return None
    return PENDING if moment > NOW.instant else DUE


def concrete(state: State, families: tuple[Family, ...]) -> Memory:
    return Memory(
        phase=state.phase,
        since=LONG_AGO,
        cycle=7,
        up_cycles=int(state.was_up),
        beliefs=MappingProxyType(dict(zip(families, map(_as_belief, state.beliefs), strict=True))),
        records=MappingProxyType({SPEC.key: _as_record(state.record)}),
        outage=Outage(LONG_AGO, state.outage) if state.outage else None,
    )


@lru_cache(None)
def _as_belief(state: BeliefState) -> Belief:
    agreed = None if state.agreed is None else before(1 if state.agreed == RECENT else CROSS_CHECK_S).instant
    return Belief(
        candidate=state.candidate,
        streak=state.streak,
        candidate_since=None if state.candidate is None else before(30),
        confirmed=state.confirmed,
        confirmed_at=None if state.confirmed is None else before(30).wall,
        doubts=state.doubts,
        router_said=state.router_said,
        outside_said=state.outside_said,
        agreed_at=agreed,
    )


@lru_cache(None)
def _as_record(state: RecordState) -> RecordMemory:
    moments = {None: None, DUE: NOW.instant, PENDING: Instant(NOW.instant + 1)}
    change = None
    if state.change:
        published = {None: None, RECENT: before(1), OLD: before(VISIBLE_PATIENCE_S)}[state.change.published]
        change = Change(state.change.address, before(30), published, 1, moments[state.change.look])
    return RecordMemory(
        verified=state.verified,
        verified_at={None: None, RECENT: before(1).wall, OLD: before(CACHE_S).wall}[state.cache],
        writes=(before(1),) * state.writes,
        failures=int(state.failed),
        hold_until=moments[state.hold],
        refusal="two records of that name" if state.refused else None,
        change=change,
    )


# How time passes: what falls due during a wait.
MOMENT = frozenset()
LOOK = frozenset({"look"})
RETRY = LOOK | {"hold"}
PATIENCE = RETRY | {"published"}
HOUR = PATIENCE | {"cache"}
DAY = HOUR | {"writes"}
HELD_FOR_LONG = HOUR - {"hold"}
"""An hour of which the provider asked for more."""
CLOCK_JUMPED = frozenset({"cache"})
WAITS = (MOMENT, LOOK, RETRY, PATIENCE, HOUR, DAY, HELD_FOR_LONG, CLOCK_JUMPED)


@lru_cache(None)
def waited(record: RecordState, wait: frozenset[str]) -> RecordState:
    change = record.change
    if change is not None:
        change = ChangeState(
            change.address,
            OLD if change.published and "published" in wait else change.published,
            DUE if change.look and "look" in wait else change.look,
        )
    return record._replace(
        change=change,
        hold=DUE if record.hold and "hold" in wait else record.hold,
        cache=OLD if record.cache and "cache" in wait else record.cache,
        writes=0 if "writes" in wait else record.writes,
    )


def after_a_wait(state: State, wait: frozenset[str]) -> State:
    beliefs = state.beliefs
    if wait >= HELD_FOR_LONG and any(belief.agreed for belief in beliefs):
        beliefs = tuple(belief._replace(agreed=OLD if belief.agreed else None) for belief in beliefs)
    return state._replace(record=waited(state.record, wait), beliefs=beliefs)


def search_policy(**changes):
    return make_policy(cache_max_age_s=CACHE_S, cross_check_s=CROSS_CHECK_S, max_changes_per_day=1, **changes)
