"""What stands in the sheet: the row of a home, and one row for each happening. Pure.

Cells are written RAW, so nothing in them is ever taken for a formula.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cadence_exporter.model.assessment import Agreed, Unchanged
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.delivery import Happening, Kind
from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.log.plain import plain

Cell = str | float
Row = tuple[Cell, ...]

STATUS_HEADER: Row = (
    "home",
    "state",
    "since",
    "uptime %",
    "address",
    "records",
    "last change",
    "last outage",
    "seen",
    "version",
)
EVENT_HEADER: Row = ("id", "time", "event", "what", "from", "to", "seconds")
HIDDEN = "(hidden)"
LONGEST_CELL = 500


@dataclass(slots=True)
class LastTimes:
    """When things last happened; ``None``: never, as far as is known. Kept by the loop's thread."""

    change: WallTime | None = None
    outage: WallTime | None = None

    def note(self, cycle: Cycle) -> None:
        """What this cycle adds."""
        if any(change.before is not None for change in cycle.decision.address_changes):
            self.change = cycle.ended.wall
        if cycle.decision.outage_ended is not None:
            self.outage = cycle.decision.outage_ended.ended.wall


def status_row(cycle: Cycle, site: str, version: str, last: LastTimes, *, show_addresses: bool) -> Row:
    """The home as it stands after ``cycle``."""
    memory = cycle.memory
    uptime = round(100.0 * memory.up_cycles / max(1, memory.cycle), 3)
    return (
        cell(site),
        str(memory.phase).upper(),
        moment(memory.since.wall),
        uptime,
        ", ".join(_addresses(cycle)) if show_addresses else HIDDEN,
        cell(", ".join(_records(cycle, show_addresses=show_addresses))),
        "" if last.change is None else moment(last.change),
        "" if last.outage is None else moment(last.outage),
        moment(cycle.ended.wall),
        version,
    )


def lasting(row: Row) -> Row:
    """The part that does not change with each cycle: when it does, the sheet is written at once."""
    state, since, _uptime, address, records = row[1:6]
    return state, since, address, records


def event_row(happening: Happening, *, show_addresses: bool) -> Row:
    """One line of the log. Its id, in the first column, is what tells whether it is there already."""
    facts = happening.facts
    before, after = str(facts.get("before", "")), str(facts.get("after", ""))
    if happening.kind is Kind.OUTAGE_ENDED:
        row = ("outage", str(facts["layer"]), moment(facts["began"]), moment(facts["ended"]))
        return cell(happening.id), moment(happening.at), *row, round(float(facts["seconds"]), 1)
    if happening.kind is Kind.BOUNCED:
        said = f"power off, {facts['asked']}: {facts['result']}"
        return cell(happening.id), moment(happening.at), "bounce", cell(said), "", "", float(facts["seconds"])
    what = str(facts.get("record", facts.get("family", "")))
    if not show_addresses:
        before, after = (HIDDEN if text else "" for text in (before, after))
    name = {Kind.ADDRESS_CHANGED: "address", Kind.DNS_CHANGED: "dns"}.get(happening.kind, str(happening.kind))
    return cell(happening.id), moment(happening.at), name, cell(what), cell(before), cell(after), ""


def moment(wall: float | str) -> str:
    """Local time with its zone, sortable as text."""
    try:
        at = datetime.fromtimestamp(float(wall), tz=UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return ""
    return at.strftime("%Y-%m-%d %H:%M:%S %z")


def cell(text: str) -> str:
    """One line that any program can show."""
    return plain(text, LONGEST_CELL)


def _addresses(cycle: Cycle) -> Iterator[str]:
    for family, public in cycle.assessment.public.items():
        if isinstance(public, Agreed | Unchanged):
            yield str(public.ip)
        else:
            belief = cycle.memory.beliefs.get(family)
            yield f"{belief.confirmed} (not confirmed now)" if belief and belief.confirmed else "not known"


def _records(cycle: Cycle, *, show_addresses: bool) -> Iterator[str]:
    for key, record in cycle.memory.records.items():
        belief = cycle.memory.beliefs.get(key.type.family)
        holds = None if belief is None or belief.confirmed is None else record.holds(belief.confirmed)
        verdict = {True: "ok", False: "wrong", None: "not verified"}[holds]
        held = f" {record.verified}" if show_addresses and record.verified is not None else ""
        yield f"{key}{held} {verdict}"
