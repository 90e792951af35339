"""Mistakes that programs make when they cut power, whatever they were first planted for."""

from dataclasses import replace

from cadence_exporter.act.power.owed import Owed
from cadence_exporter.decide import ledger, pace, recovery
from cadence_exporter.loop import Loop
from cadence_exporter.model.instants import Instant, Now
from cadence_exporter.model.recovery import Suppression, Unfinished
from cadence_exporter.record.state import ledger_rows
from cadence_exporter.record.state import store as store_module
from cadence_exporter.simulate import disk
from tests.crash.test_bounce_crash_points import CutsWithoutIntent, ends_nothing_at_the_start
from tests.sensitivity.planted import Patch, Planted, attribute
from tests.simulation.power_defects import POWER_DEFECTS

PREFIX = "power: "
ledger_of, budget_left, owed = ledger_rows.ledger_of, recovery.budget_left, recovery.owed
brought_forward = pace.brought_forward
AT_A_RESTART = {
    "cooldown and budget forgotten at a restart": {"bounces": ()},
    "the doubling is reset by a restart": {"unhelped": 0, "awaiting_up": None},
    "maintenance is forgotten at a restart": {"maintenance_until": None},
    "the device met first is forgotten at a restart": {"identity": None},
    "what is unfinished is forgotten at a restart": {"unfinished": None},
}
WITHOUT_A_GUARD = {
    "the cooldown is ignored", "the budget is ignored", "the fault layer is ignored", "the boot grace is ignored",
    "no escalation delay", "cut on battery", "no grace after the mains are back", "maintenance is ignored",
}  # fmt: skip
"""The same as a guardrail that is forgotten."""
OF_THE_SWITCH = {"another device is switched", "off for twice as long", "a switch without a timer"}
OF_THE_LOOP = {"intent after the act"}


def from_all_ledgers(name: str, of) -> Planted:
    """In the real store, the simulator's and the search's."""

    def plant(patch: Patch) -> None:
        for module in (store_module, disk, ledger_rows):
            patch.setattr(module, "ledger_of", of)

    return Planted(PREFIX + name, "power at a restart", plant)


def forgetting(name: str, what) -> Planted:
    return from_all_ledgers(name, lambda *args: replace(ledger_of(*args), **what))


def ages_by_the_wall_clock(image, now, clock):
    found = ledger_of(image, now, clock)
    aged = tuple(Now(Instant(now.instant - (now.wall - each.wall)), each.wall) for each in found.bounces)
    return replace(found, bounces=aged)


def by_the_wall_clock(book, now, policy):
    recent = sum(now.wall - bounce.wall < recovery.DAY_S for bounce in book.bounces)
    return max(0, policy.max_per_day - recent)


def without(reason: Suppression) -> Planted:
    def plant(patch: Patch) -> None:
        patch.setitem(recovery.GUARDS, reason, lambda *_: None)

    return Planted(f"{PREFIX}the guardrail {reason.value} is forgotten", "power guardrails", plant)


def looks_go_on(patch: Patch) -> None:
    def as_ever(regular, memory, now, **named):
        cut = memory.recovery.unfinished
        unreal = None if cut is None else replace(cut, real=False)
        return brought_forward(
            regular, replace(memory, recovery=replace(memory.recovery, unfinished=unreal)), now, **named
        )

    patch.setattr(ledger, "_cut_at", lambda outcome: outcome.at)
    patch.setattr(Owed, "hold", lambda _self, wakeup, *_: wakeup)
    patch.setattr(pace, "brought_forward", as_ever)


def never_due(book, started, now):
    return None if book.unfinished and book.unfinished.at.instant > started else owed(book, started, now)


def no_bounce_is_counted(book, bounce, now, **_):
    return replace(book, unfinished=Unfinished(now, bounce.off_for_s, real=True))


def _kind(name: str) -> str:
    if name in OF_THE_SWITCH:
        return "power switch"
    return "power loop" if name in OF_THE_LOOP else "power decisions"


POWER = (
    *(without(reason) for reason in Suppression),
    *(
        Planted(PREFIX + defect.name, _kind(defect.name), defect.plant)
        for defect in POWER_DEFECTS
        if defect.name not in AT_A_RESTART and defect.name not in WITHOUT_A_GUARD
    ),
    *(forgetting(name, what) for name, what in AT_A_RESTART.items()),
    from_all_ledgers("ages by the wall clock at a restart", ages_by_the_wall_clock),
    attribute(PREFIX + "no bounce is counted", "power decisions", ledger, "intend", no_bounce_is_counted),
    attribute(PREFIX + "the budget goes by the wall clock", "power decisions", recovery, "budget_left", by_the_wall_clock),
    attribute(PREFIX + "nobody hears what is asked for", "power decisions", ledger, "hear", lambda book, *_: book),
    attribute(PREFIX + "what is due is never turned on", "power loop", recovery, "owed", never_due),
    attribute(PREFIX + "no intent before the act", "power loop", Loop, "_act", CutsWithoutIntent._act),
    Planted(PREFIX + "what is unfinished is left alone at the start", "power loop", ends_nothing_at_the_start),
    Planted(PREFIX + "due from the end of the act, and looks go on", "power loop", looks_go_on),
)  # fmt: skip
