"""Mistakes that programs make with their state: at a restart, between the disk and DNS, and with files."""

from dataclasses import replace
from types import MappingProxyType

from cadence_exporter import loop
from cadence_exporter.record.state import image, state_file
from cadence_exporter.record.state import store as store_module
from cadence_exporter.record.state.state_file import StateFile
from cadence_exporter.record.state.store import SqliteStore
from cadence_exporter.simulate import disk
from tests.crash.test_crash_points import ActsWithoutIntent, TellsFirst
from tests.exhaustive.test_machines import (
    budget_starts_over,
    counters_start_over,
    intents_are_forgotten,
    phase_survives,
    verified_whatever_the_clock,
)
from tests.sensitivity.planted import Patch, Planted, attribute

memory_of, counters_of = image.memory_of, image.counters_of
checked, transact, opened = StateFile._checked, SqliteStore._transact, StateFile.open


def at_restart(name: str, forgets) -> Planted:
    """In both stores, the real one and the simulator's."""

    def plant(patch: Patch) -> None:
        patch.setattr(store_module, "memory_of", forgets)
        patch.setattr(disk, "memory_of", forgets)

    return Planted(name, "restart", plant)


def cycles_start_over(image_, now):
    return replace(memory_of(image_, now), cycle=0)


def outages_are_forgotten(image_, now):
    return replace(memory_of(image_, now), outage=None)


def changes_in_flight_are_forgotten(image_, now):
    memory = memory_of(image_, now)
    records = {key: replace(record, change=None) for key, record in memory.records.items()}
    return replace(memory, records=MappingProxyType(records))


def seconds_without_allowance(image_):
    return counters_of({key: row for key, row in image_.items() if key != ("meta", "allowance_s")} | _NO_ALLOWANCE)


_NO_ALLOWANCE = {("meta", "allowance_s"): ("0.0",)}


def not_synced(self):
    connection = checked(self)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def log_thrown_away(self):
    for companion in ("-wal", "-shm"):
        self.path.with_name(self.path.name + companion).unlink(missing_ok=True)
    return opened(self)


def always_from_the_copy(self):
    if self.copy.is_file():
        self.path.unlink(missing_ok=True)
    return opened(self)


def in_two_transactions(self, connection, wanted):
    counters = {key: row for key, row in wanted.items() if key[0] == "counter"}
    transact(self, connection, image.sealed({**self._on_disk, **counters}))
    transact(self, connection, wanted)


def no_checksum(image_):
    return image_.get(("meta", "digest"), ("",))[0]


STORE_DEFECTS = (
    at_restart("the phase is trusted over a restart", phase_survives),
    at_restart("the budget is forgotten at a restart", budget_starts_over),
    at_restart("cycles are not counted on", cycles_start_over),
    at_restart("an outage is forgotten at a restart", outages_are_forgotten),
    at_restart("a change in flight is forgotten at a restart", changes_in_flight_are_forgotten),
    attribute("recorders are told before it is on disk", "loop", loop.Loop, "_record", TellsFirst._record),
    attribute("DNS is written before the intent is on disk", "loop", loop.Loop, "_act", ActsWithoutIntent._act),
    attribute("the store keeps no intent", "store", SqliteStore, "commit_intent", intents_are_forgotten),
    attribute("a verification is as fresh as the restart", "store", image, "_not_ahead", verified_whatever_the_clock),
    attribute("counters start over", "store", store_module, "counters_of", counters_start_over),
    attribute("seconds shown before a kill are forgotten", "store", store_module, "counters_of", seconds_without_allowance),
    attribute("commits are not synced", "store", StateFile, "_checked", not_synced),
    attribute("commits share a sector", "store", state_file, "_TORN_SECTORS", "psow=1"),
    attribute("a commit is two transactions", "store", SqliteStore, "_transact", in_two_transactions),
    attribute("the write-ahead log is thrown away", "store", StateFile, "open", log_thrown_away),
    attribute("every start goes back to the copy", "store", StateFile, "open", always_from_the_copy),
    attribute("no good copy is kept", "store", StateFile, "keep_copy", lambda self, connection: None),
    attribute("no checksum of the state", "store", image, "_digest", no_checksum),
    attribute("a damaged file is taken as it is", "store", state_file, "check", lambda connection: None),
)  # fmt: skip
