"""The histories: which rows one cycle adds, and what they look like when read back."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.assessment import Agreed, Unchanged
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import Reconcile
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.recovery import Bounce
from cadence_exporter.record.log.plain import plain
from cadence_exporter.record.metrics.convergence import arrivals
from cadence_exporter.record.state.schema import BOUNCES_SINCE, KEPT_ROWS, Damaged, version_of

HOUR_S = 3600.0
LONGEST = 200
"""Characters of one text. It is made harmless on the way in: half a character, which a device may send, cannot be written at all."""
SEEN_AGAIN_S = 600.0
"""How often "last seen" of an address is renewed: a write each cycle would be wear without use."""

Statement = tuple[str, tuple[str | float | None, ...]]


@dataclass(frozen=True, slots=True)
class AddressHeld:
    """A public address, with when it was first confirmed and last seen."""

    family: Family
    address: IpAddress
    first: WallTime
    last: WallTime


@dataclass(frozen=True, slots=True)
class OutageHeld:
    """A finished outage."""

    began: WallTime
    ended: WallTime
    seconds: float
    layer: str
    """Where it broke: host, lan, access, isp, upstream, dns or remote; lan, wan or ip when that was never found out."""


@dataclass(frozen=True, slots=True)
class DnsChangeHeld:
    """A record that was written."""

    name: str
    type: str
    before: str
    """Addresses, comma-separated; empty when there was no record."""
    after: str
    operation: str
    evidence: WallTime
    published: WallTime
    visible: WallTime | None
    """``None``: not seen by the resolvers (yet)."""


@dataclass(frozen=True, slots=True)
class TransitionHeld:
    """A step of the state machine."""

    at: WallTime
    from_state: str
    to_state: str
    why: str


@dataclass(frozen=True, slots=True)
class BounceHeld:
    """A time when the modem's power was cut, or was to be."""

    at: WallTime
    by_hand: bool
    off_for_s: float
    result: str
    detail: str
    up_after_s: float | None
    """``None``: the connection did not come up before the next one, or is not up yet."""


class Chronicler:
    """Draws history rows from cycles; remembers the newest address of each family so that none is written twice."""

    def __init__(self) -> None:
        self.newest: dict[Family, tuple[str, float]] = {}
        """Address and when it was last written."""

    def rows(self, cycle: Cycle) -> Iterator[Statement]:
        """What this cycle adds."""
        wall = cycle.ended.wall
        step = cycle.decision.transition
        if step is not None:
            sql = "INSERT INTO transition (wall, from_state, to_state, why) VALUES (?, ?, ?, ?)"
            yield sql, (wall, step.from_phase, step.to_phase, plain(step.why, LONGEST))
        over = cycle.decision.outage_ended
        if over is not None:
            sql = "INSERT INTO outage (began, ended, seconds, layer) VALUES (?, ?, ?, ?)"
            yield sql, (over.began.wall, over.ended.wall, over.seconds, over.where)
        yield from self._addresses(cycle)
        yield from _dns_changes(cycle)
        yield from _bounces(cycle)
        services = [call.service for call in cycle.calls]
        for service in sorted(set(services)):
            sql = "INSERT INTO api_call (wall, service, calls) VALUES (?, ?, ?)"
            yield sql, (wall, service, services.count(service))
        if services:
            yield "DELETE FROM api_call WHERE wall < ?", (wall - HOUR_S,)

    def _addresses(self, cycle: Cycle) -> Iterator[Statement]:
        wall = cycle.ended.wall
        for family, belief in cycle.memory.beliefs.items():
            public = cycle.assessment.public.get(family)
            if belief.confirmed is None or not isinstance(public, Agreed | Unchanged) or public.ip != belief.confirmed:
                continue
            address, written = self.newest.get(family, ("", 0.0))
            if address != str(belief.confirmed):
                sql = "INSERT INTO address (family, address, first_wall, last_wall) VALUES (?, ?, ?, ?)"
                yield sql, (family, str(belief.confirmed), wall, wall)
            elif abs(wall - written) >= SEEN_AGAIN_S:
                sql = "UPDATE address SET last_wall = ? WHERE id = (SELECT max(id) FROM address WHERE family = ?)"
                yield sql, (wall, family)
            else:
                continue
            self.newest[family] = (str(belief.confirmed), wall)


def _dns_changes(cycle: Cycle) -> Iterator[Statement]:
    for outcome in cycle.outcomes:
        action = outcome.action
        if isinstance(action, Reconcile) and outcome.wrote:
            key = action.record.key
            before = ",".join(str(ip) for ip in outcome.found)
            operation = outcome.operation or outcome.result
            times = (action.evidence_at.wall, outcome.at.wall)
            sql = "INSERT INTO dns_change (name, type, before, after, operation, evidence, published) VALUES (?, ?, ?, ?, ?, ?, ?)"
            yield sql, (key.name, key.type, before, str(action.address), operation, *times)
    for arrival in arrivals(cycle):
        if arrival.stage == "visible":
            sql = (
                "UPDATE dns_change SET visible = ? WHERE visible IS NULL"
                " AND id = (SELECT max(id) FROM dns_change WHERE name = ? AND type = ?)"
            )
            yield sql, (arrival.at.wall, arrival.record.name, arrival.record.type)


def _bounces(cycle: Cycle) -> Iterator[Statement]:
    done, awaited = cycle.power, cycle.before.recovery.awaiting_up
    if done is not None and isinstance(done.action, Bounce):
        sql = "INSERT INTO bounce (wall, by_hand, off_for, result, detail) VALUES (?, ?, ?, ?, ?)"
        what = (int(done.action.by_hand), done.action.off_for_s, done.result, plain(done.detail, LONGEST))
        yield sql, (done.at.wall, *what)
    elif awaited is not None and cycle.memory.recovery.awaiting_up is None:
        sql = "UPDATE bounce SET up_after = ? WHERE up_after IS NULL AND id = (SELECT max(id) FROM bounce)"
        yield sql, (cycle.ended.instant - awaited.instant,)


def pruning() -> Iterator[Statement]:
    """Keeps each history within bounds."""
    for table, kept in KEPT_ROWS.items():
        yield f"DELETE FROM {table} WHERE id <= (SELECT max(id) FROM {table}) - ?", (kept,)  # noqa: S608 - constant names


def addresses(connection: sqlite3.Connection, since: float = 0.0) -> tuple[AddressHeld, ...]:
    """Addresses seen at or after ``since``, oldest first."""
    rows = connection.execute(
        "SELECT family, address, first_wall, last_wall FROM address WHERE last_wall >= ? ORDER BY id", (since,)
    )
    return tuple(
        AddressHeld(Family(r[0]), ip_address(r[1]), WallTime(float(r[2])), WallTime(float(r[3]))) for r in rows
    )


def outages(connection: sqlite3.Connection, since: float = 0.0) -> tuple[OutageHeld, ...]:
    """Outages that ended at or after ``since``, oldest first."""
    rows = connection.execute("SELECT began, ended, seconds, layer FROM outage WHERE ended >= ? ORDER BY id", (since,))
    return tuple(OutageHeld(WallTime(float(r[0])), WallTime(float(r[1])), float(r[2]), str(r[3])) for r in rows)


def dns_changes(connection: sqlite3.Connection, since: float = 0.0) -> tuple[DnsChangeHeld, ...]:
    """Changes published at or after ``since``, oldest first."""
    columns = "name, type, before, after, operation, evidence, published, visible"
    rows = connection.execute(f"SELECT {columns} FROM dns_change WHERE published >= ? ORDER BY id", (since,))  # noqa: S608
    return tuple(
        DnsChangeHeld(
            name=str(r[0]),
            type=str(r[1]),
            before=str(r[2]),
            after=str(r[3]),
            operation=str(r[4]),
            evidence=WallTime(float(r[5])),
            published=WallTime(float(r[6])),
            visible=None if r[7] is None else WallTime(float(r[7])),
        )
        for r in rows
    )


def transitions(connection: sqlite3.Connection, since: float = 0.0) -> tuple[TransitionHeld, ...]:
    """Steps at or after ``since``, oldest first."""
    rows = connection.execute(
        "SELECT wall, from_state, to_state, why FROM transition WHERE wall >= ? ORDER BY id", (since,)
    )
    return tuple(TransitionHeld(WallTime(float(r[0])), *map(str, r[1:4])) for r in rows)


def bounces(connection: sqlite3.Connection, since: float = 0.0) -> tuple[BounceHeld, ...]:
    """Bounces at or after ``since``, oldest first; none in a store of an earlier version, which may be read as it is."""
    if version_of(connection) < BOUNCES_SINCE:
        return ()
    columns = "wall, by_hand, off_for, result, detail, up_after"
    rows = connection.execute(f"SELECT {columns} FROM bounce WHERE wall >= ? ORDER BY id", (since,))  # noqa: S608
    return tuple(
        BounceHeld(
            at=WallTime(float(r[0])),
            by_hand=bool(r[1]),
            off_for_s=float(r[2]),
            result=str(r[3]),
            detail=str(r[4]),
            up_after_s=None if r[5] is None else float(r[5]),
        )
        for r in rows
    )


def calls(connection: sqlite3.Connection) -> tuple[tuple[str, WallTime, int], ...]:
    """Service, time and number of the calls kept."""
    rows = connection.execute("SELECT service, wall, calls FROM api_call ORDER BY id")
    kept = tuple((str(r[0]), WallTime(float(r[1])), int(r[2])) for r in rows)
    if any(not 0 < number < KEPT_ROWS["api_call"] for _, _, number in kept):
        raise Damaged("an impossible number of calls")
    return kept


def check_rows(connection: sqlite3.Connection) -> None:
    """Read every history row once. Raises Damaged, ValueError or TypeError when one makes no sense."""
    addresses(connection)
    outages(connection)
    dns_changes(connection)
    transitions(connection)
    calls(connection)
    bounces(connection)
