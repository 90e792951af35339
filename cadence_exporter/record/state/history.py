"""What the store remembers, for people. Reads while the service runs and writes nothing."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.state import chronicle
from cadence_exporter.record.state.chronicle import AddressHeld, BounceHeld, DnsChangeHeld, OutageHeld, TransitionHeld
from cadence_exporter.record.state.image import read_table
from cadence_exporter.record.state.schema import Damaged
from cadence_exporter.record.state.state_file import NAME, open_for_reading
from cadence_exporter.record.state.watched import WatchedHeld, watched_of


@dataclass(frozen=True, slots=True)
class HistoryView:
    """Everything since a moment, oldest first."""

    addresses: tuple[AddressHeld, ...] = ()
    outages: tuple[OutageHeld, ...] = ()
    dns_changes: tuple[DnsChangeHeld, ...] = ()
    transitions: tuple[TransitionHeld, ...] = ()
    bounces: tuple[BounceHeld, ...] = ()
    watched: tuple[WatchedHeld, ...] = ()
    """When Cadence ran; the connection's state at any other time is not known."""


def has_begun(state_dir: Path) -> bool:
    """Whether there is a state store. One that may not be looked for is none of "nothing has happened yet"."""
    try:
        return (state_dir / NAME).exists()
    except OSError:
        return True


def read(state_dir: Path, since_wall: WallTime) -> HistoryView:
    """The history since ``since_wall``. Raises StateUnavailable when it cannot be read."""
    with closing(open_for_reading(state_dir)) as connection:
        try:
            connection.execute("BEGIN")  # all tables as of one moment
            return HistoryView(
                chronicle.addresses(connection, since_wall),
                chronicle.outages(connection, since_wall),
                chronicle.dns_changes(connection, since_wall),
                chronicle.transitions(connection, since_wall),
                chronicle.bounces(connection, since_wall),
                tuple(each for each in watched_of(read_table(connection, "meta")) if each.ended >= since_wall),
            )
        except (sqlite3.Error, Damaged, ValueError, TypeError) as error:
            raise StateUnavailable(f"the history in {state_dir} cannot be read: {error}") from error
