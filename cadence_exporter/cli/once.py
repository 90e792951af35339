"""``cadence-exporter once``: look until it is known what to think, act, print. Docs: docs/decisions/003-once-looks-until-it-knows.md."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from cadence_exporter.cli.service import board_settings, export, style
from cadence_exporter.clock import SystemClock
from cadence_exporter.equipment import Surroundings
from cadence_exporter.errors import StateUnavailable
from cadence_exporter.loop import Loop
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.outcome import Outcome
from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.observe.doorbell import QueueDoorbell
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.record.faults import CountedFaults
from cadence_exporter.record.log.console import Console
from cadence_exporter.record.state.store import SqliteStore
from cadence_exporter.record.web.status import StatusBoard
from cadence_exporter.seams import Recorder, StateStore
from cadence_exporter.settings.load import load
from cadence_exporter.wiring import equipment

NOT_UP = 3
CANNOT_START = 2
SPARE_LOOKS = 2
"""Looks beyond the confirmations: one rung of the ladder, and one observation that went wrong."""


class ReadOnly:
    """A state store that is read and never written: a rehearsal leaves no trace."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def load(self, now: Now) -> Memory:  # noqa: ARG002 - of the seam
        """See the seam."""
        return self._memory

    def commit(self, cycle: Cycle) -> None:
        """Not written."""

    def commit_intent(self, memory: Memory) -> None:
        """Not written."""


class LastCycle:
    """Keeps the last cycle, and all outcomes on the way to it."""

    name = "once"

    def __init__(self) -> None:
        self.cycle: Cycle | None = None
        self.outcomes: list[Outcome] = []

    def record(self, cycle: Cycle) -> None:
        """See the seam."""
        self.cycle = cycle
        self.outcomes += cycle.outcomes


def once(config: Path | None, *, rehearse: bool, as_json: bool) -> int:
    """Returns 0 when UP, 3 when not, 2 when it cannot start. Raises SettingsError."""
    loaded = load(config, os.environ, Path.cwd())
    export(loaded.exports)
    settings, clock, calls = loaded.settings, SystemClock(), CallLog()
    console = Console(sys.stderr if as_json else sys.stdout, clock, style(settings))
    faults = CountedFaults(console)
    doorbell, last = QueueDoorbell(clock), LastCycle()
    board = StatusBoard(clock, board_settings(settings))
    try:
        store = _store(settings.state_dir, clock, faults, rehearse=rehearse)
    except StateUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    recorders: tuple[Recorder, ...] = (board, last) if as_json else (board, last, console)
    around = Surroundings(clock, doorbell, store, recorders, calls, faults, draw=lambda: 0.0, entering=console.during)
    gear = equipment(settings, clock, Https(clock, calls), faults, rehearse=rehearse)
    loop = Loop(around, gear, store.load(clock.now()), lambda: None)
    look_until_known(loop, last, settings.loop.confirmations + SPARE_LOOKS)
    if isinstance(store, SqliteStore):
        store.close(clock.now())
    if as_json:
        json.dump(
            {**board.as_dict(), "rehearsed": rehearse, "actions": [_told(each) for each in last.outcomes]},
            sys.stdout,
            indent=2,
        )
        sys.stdout.write("\n")
    return 0 if loop.memory.phase is Phase.UP else NOT_UP


def look_until_known(loop: Loop, last: LastCycle, most_looks: int) -> None:
    """Cycle for as long as the decision wants a confirming look; once UP, or once nothing is to be confirmed, all is known."""
    wakeup = Wakeup(frozenset({Reason.START}))
    for _ in range(most_looks):
        due = loop.cycle(wakeup)
        if last.cycle is None or last.cycle.decision.why != "confirm":
            return
        wakeup = loop.around.doorbell.wait(due)


def _store(state_dir: Path, clock: SystemClock, faults: CountedFaults, *, rehearse: bool) -> StateStore:
    store = SqliteStore(state_dir, clock, faults)
    if not rehearse:
        store.acquire()
        return store
    return ReadOnly(Memory(Phase.INIT, clock.now()))


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "record": outcome.action.record.key.name,
        "type": outcome.action.record.key.type,
        "address": str(outcome.action.address),
        "result": outcome.result,
        "detail": outcome.detail,
        "took_s": round(outcome.took_s, 3),
    }
