"""The ledger of power recovery as rows of the image. No wall clock, no reboot and no restart makes an age larger than it is.

Times are kept as seconds since the boot of the machine. In the same boot they are exact. After another one, what is sure to have gone
by since the last commit is no more than the time since this boot; and no more than the wall clock says, for the state directory may
have moved to a machine that was never switched off.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cadence_exporter.decide.ledger import LONGEST_MAINTENANCE_S, recalled
from cadence_exporter.model.instants import Boot, Instant, Now, WallTime, later
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.recovery import EMPTY_LEDGER, RecoveryMemory, Unfinished
from cadence_exporter.seams import Clock

LEDGER = ("meta", "recovery")
TIMES = ("meta", "recovery_times")
LEDGER_ROWS = (LEDGER, TIMES)
MOST_PER_DAY = 24
"""As many bounces as the settings may ever allow within a day: a ledger that is lost counts as one that is full."""


def ledger_rows(ledger: RecoveryMemory, clock: Clock) -> dict[tuple[str, ...], tuple[str]]:
    """As of this moment. Nothing for a home without power recovery."""
    if ledger is EMPTY_LEDGER:
        return {}
    now, boot = clock.now(), clock.since_boot()

    def on(at: Now | None) -> list[float] | None:
        return None if at is None else [boot.seconds - (now.instant - at.instant), at.wall]

    times = {
        "bounces": [on(each) for each in ledger.bounces],
        "unfinished": None if ledger.unfinished is None else on(ledger.unfinished.at),
        "awaiting_up": on(ledger.awaiting_up),
        "mains_back": on(ledger.mains_back),
        "maintenance_until": on(ledger.maintenance_until),
    }
    facts = {
        "unhelped": ledger.unhelped,
        "identity": ledger.identity,
        "on_battery": ledger.on_battery,
        "off_for_s": None if ledger.unfinished is None else ledger.unfinished.off_for_s,
        "real": ledger.unfinished is not None and ledger.unfinished.real,
    }
    rows: dict[tuple[str, ...], tuple[str]] = {LEDGER: (json.dumps(facts),)}
    if any(times.values()):
        rows[TIMES] = (json.dumps({"boot": [boot.id, boot.seconds, now.wall], **times}),)
    return rows


def ledger_of(image: Mapping[tuple[str, ...], tuple[Any, ...]], now: Now, clock: Clock) -> RecoveryMemory:
    """Raises ValueError, TypeError or KeyError when a row makes no sense. Stores of earlier versions hold none."""
    if LEDGER not in image:
        return EMPTY_LEDGER
    boot = clock.since_boot()
    facts = json.loads(str(image[LEDGER][0]))
    unhelped = int(facts["unhelped"])
    identity = facts["identity"]
    ledger = RecoveryMemory(
        unhelped=max(0, unhelped),
        identity=None if identity is None else str(identity),
        on_battery=bool(facts["on_battery"]),
    )
    if TIMES not in image:
        return ledger
    times = json.loads(str(image[TIMES][0]))
    was, seconds, wall = times["boot"]
    since = _Since(Boot(str(was), _finite(seconds)), WallTime(_finite(wall)), now, boot)
    begun = since.past(times["unfinished"])
    return replace(
        ledger,
        bounces=tuple(at for each in times["bounces"] if (at := since.past(each)) is not None),
        unfinished=None
        if begun is None
        else Unfinished(begun, max(0.0, _finite(facts["off_for_s"])), bool(facts.get("real"))),
        awaiting_up=since.past(times["awaiting_up"]),
        mains_back=since.past(times["mains_back"]),
        maintenance_until=since.coming(times["maintenance_until"]),
    )


def doubted(memory: Memory, now: Now, *, lost: bool, restored: bool = False) -> Memory:
    """What a store said of the last bounces may be missing: the power was cut just now, as far as anybody knows, and may be off.

    ``restored``: there was a copy, which is made anew after each bounce. ``lost``: there is nothing to go by at all.
    """
    if not lost and not restored:
        return memory
    bounces = (*memory.recovery.bounces, *(now,) * (MOST_PER_DAY if lost else 1))
    ledger = replace(memory.recovery, bounces=bounces, unfinished=Unfinished(now, 0.0), awaiting_up=now)
    return replace(memory, recovery=ledger)


def joined(memory: Memory | None, found: RecoveryMemory | None) -> Memory | None:
    """``memory`` with what a disk said that could be read at last: whom it met first and what was asked for is not written over."""
    if memory is None or found is None:
        return memory
    return replace(memory, recovery=recalled(memory.recovery, found))


@dataclass(frozen=True, slots=True)
class _Since:
    """The last commit, seen from now."""

    was: Boot
    wall: WallTime
    now: Now
    boot: Boot

    @property
    def elapsed_s(self) -> float:
        """What is sure to have gone by."""
        if not self.was.id or not self.boot.id:
            return 0.0
        if self.was.id == self.boot.id:
            return self.boot.seconds - self.was.seconds
        return min(self.boot.seconds, max(0.0, self.now.wall - self.wall))

    def past(self, row: Any) -> Now | None:  # noqa: ANN401 - JSON
        """The latest that it can have been."""
        if row is None:
            return None
        age_s = max(0.0, self.was.seconds - _finite(row[0]) + self.elapsed_s)
        return Now(Instant(self.now.instant - age_s), WallTime(_finite(row[1])))

    def coming(self, row: Any) -> Now | None:  # noqa: ANN401 - JSON
        """The latest that it can be; nothing that is asked for lasts longer than it may."""
        if row is None:
            return None
        left_s = min(_finite(row[0]) - self.was.seconds - self.elapsed_s, LONGEST_MAINTENANCE_S)
        return Now(later(self.now.instant, left_s), WallTime(self.now.wall + left_s))


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("a number that is none")
    return number
