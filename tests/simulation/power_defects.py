"""Mistakes that programs make when they cut power, each to be found by the promises."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from cadence_exporter import loop
from cadence_exporter.act.power.guarded_switch import GuardedSwitch
from cadence_exporter.assess import power as view
from cadence_exporter.decide import ledger, power, recovery
from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.recovery import Bounce, Suppression
from cadence_exporter.simulate import disk
from cadence_exporter.simulate.account import Account
from cadence_exporter.simulate.home_power import BRAVE
from cadence_exporter.simulate.plug import PlugLine
from cadence_exporter.simulate.run import Simulation
from cadence_exporter.simulate.scenarios_power import POWER_STORIES

Patch = pytest.MonkeyPatch
HANGS = {"modem_hangs": 8.0, "line_dead": 12.0}


@dataclass(frozen=True)
class PowerDefect:
    name: str
    plant: Callable[[Patch], None]
    promise: str
    story: str = "modem-hangs"
    more: tuple[str, ...] = ()
    """Kinds of faults, eight times a day."""

    def find(self, seeds: range = range(12)) -> Account | None:
        """The first account with a broken promise."""
        for seed in seeds:
            rates = dict(POWER_STORIES[self.story].rates) | HANGS | dict.fromkeys(self.more, 8.0)
            account = Simulation(POWER_STORIES[self.story].home or BRAVE, seed, 3.0, rates).run()
            if any(self.promise in each.promise for each in account.broken):
                return account
        return None


def no_guard(*reasons: Suppression) -> Callable[[Patch], None]:
    def plant(patch: Patch) -> None:
        for reason in reasons:
            patch.setitem(recovery.GUARDS, reason, lambda *_: None)

    return plant


def forgets(**what) -> Callable[[Patch], None]:
    """At a restart."""
    real = disk.ledger_of

    def plant(patch: Patch) -> None:
        patch.setattr(disk, "ledger_of", lambda *args: replace(real(*args), **what))

    return plant


def wall_clock_trusted(patch: Patch) -> None:
    def ends(book, policy):
        if not book.bounces:
            return None
        return book.bounces[-1].wall + policy.cooldown_s

    def over(standing, now, policy):
        due = ends(standing.ledger, policy)
        return None if due is None or now.wall >= due else "cooldown"

    patch.setitem(recovery.GUARDS, Suppression.COOLDOWN, over)


def intent_after_the_act(patch: Patch) -> None:
    real = loop.Loop._act

    def act(self, decision):
        if isinstance(decision.power, Bounce):
            done = self.equipment.power(decision.power)
            self.around.store.commit_intent(decision.memory)
            return loop.Done(self.equipment.perform(decision.actions), done)
        return real(self, decision)

    patch.setattr(loop.Loop, "_act", act)


def unknown_fault_permits(patch: Patch) -> None:
    far = (FaultLayer.ISP, FaultLayer.UPSTREAM, FaultLayer.DNS, FaultLayer.REMOTE)
    patch.setitem(
        recovery.GUARDS, Suppression.FAULT, lambda standing, *_: "far away" if standing.fault in far else None
    )


def failures_are_not_counted(patch: Patch) -> None:
    """What the device left in doubt does not count."""
    real = ledger.after

    def after(book, outcome):
        made = real(book, outcome)
        failed = isinstance(outcome.action, Bounce) and outcome.result.value in ("doubtful", "failed")
        return replace(made, bounces=made.bounces[:-1], unhelped=0, awaiting_up=None) if failed else made

    patch.setattr(ledger, "after", after)


def another_device_is_switched(patch: Patch) -> None:
    def identify(self, deadline):
        found = self._relay.identify(deadline)
        self.known = found.id
        return found

    patch.setattr(GuardedSwitch, "identify", identify)
    patch.setattr(view, "_relay", lambda plug, _known: plug.value.reading if hasattr(plug, "value") else "silent")


def unfinished_cleared_without_reading(patch: Patch) -> None:
    real = ledger.after
    patch.setattr(ledger, "after", lambda book, outcome: replace(real(book, outcome), unfinished=None))
    patch.setattr(recovery, "owed", lambda *_: None)


def bounced_while_degraded(patch: Patch) -> None:
    real = recovery.consider

    def eager(standing, now, policy):
        if standing.phase is Phase.DEGRADED:
            standing = replace(standing, phase=Phase.DOWN, fault=FaultLayer.ACCESS)
        return real(standing, now, policy)

    patch.setattr(power.recovery, "consider", eager)


def the_timer_is_not_set(patch: Patch) -> None:
    patch.setattr(PlugLine, "cut", lambda self, _off, deadline: self._call(deadline, lambda: self._set(on=False)))
    patch.setattr("cadence_exporter.act.power.guarded_switch._doubt", lambda *_: "")
    patch.setattr(recovery, "owed", lambda *_: None)


def budget_of_a_calendar_day(patch: Patch) -> None:
    def left(standing, now, policy):
        today = sum(int(each.wall // 86_400) == int(now.wall // 86_400) for each in standing.ledger.bounces)
        return "spent" if today >= policy.max_per_day else None

    patch.setitem(recovery.GUARDS, Suppression.BUDGET, left)


def due_time_is_doubled(patch: Patch) -> None:
    real = recovery.consider

    def twice(standing, now, policy):
        return real(standing, now, replace(policy, off_for_s=2 * policy.off_for_s))

    patch.setattr(power.recovery, "consider", twice)


POWER_DEFECTS = (
    PowerDefect(
        "the cooldown is ignored", no_guard(Suppression.COOLDOWN, Suppression.UNFINISHED), "within the cooldown"
    ),
    PowerDefect(
        "cooldown and budget forgotten at a restart", forgets(bounces=()), "at most max_per_day", more=("crash",)
    ),
    PowerDefect(
        "the doubling is reset by a restart",
        forgets(unhelped=0, awaiting_up=None),
        "within the cooldown",
        "no-bounce-helps",
        ("killed_in_the_middle",),
    ),
    PowerDefect("the budget is ignored", no_guard(Suppression.BUDGET), "at most max_per_day"),
    PowerDefect("a budget of the calendar day", budget_of_a_calendar_day, "at most max_per_day"),
    PowerDefect(
        "what failed is not counted",
        failures_are_not_counted,
        "within the cooldown",
        "reply-lost-after-the-act",
        ("answer_lost_at_the_cut", "plug_silent_after_the_cut"),
    ),
    PowerDefect(
        "the wall clock is trusted",
        wall_clock_trusted,
        "within the cooldown",
        "no-bounce-helps",
        ("clock_jumps_after_the_cut", "clock_forward"),
    ),
    PowerDefect("intent after the act", intent_after_the_act, "in the ledger on disk"),
    PowerDefect(
        "an unfinished bounce is cleared without reading",
        unfinished_cleared_without_reading,
        "never off longer",
        "no-timer",
        ("killed_in_the_middle",),
    ),
    PowerDefect(
        "an unknown fault permits",
        unknown_fault_permits,
        "only when the access line",
        more=("router_reboots", "router_unplugged", "captive_portal"),
    ),
    PowerDefect(
        "the fault layer is ignored",
        no_guard(Suppression.FAULT),
        "only when the access line",
        more=("short_outage", "long_outage"),
    ),
    PowerDefect(
        "the boot grace is ignored", no_guard(Suppression.BOOT_GRACE), "only when the access line", more=("crash",)
    ),
    PowerDefect("no escalation delay", no_guard(Suppression.ESCALATION), "only when the access line"),
    PowerDefect("cut on battery", no_guard(Suppression.UPS), "on battery", "mains-and-battery"),
    PowerDefect(
        "no grace after the mains are back", no_guard(Suppression.UPS_GRACE), "on battery", "mains-and-battery"
    ),
    PowerDefect("another device is switched", another_device_is_switched, "no other device", "another-device"),
    PowerDefect(
        "bounced while DEGRADED",
        bounced_while_degraded,
        "only when the access line",
        more=("echo_all_dead", "walled_garden"),
    ),
    PowerDefect("maintenance is ignored", no_guard(Suppression.MAINTENANCE), "maintenance", "people-around"),
    PowerDefect(
        "maintenance is forgotten at a restart",
        forgets(maintenance_until=None),
        "maintenance",
        "people-around",
        ("crash", "maintenance"),
    ),
    PowerDefect("off for twice as long", due_time_is_doubled, "never off longer"),
    PowerDefect("a switch without a timer", the_timer_is_not_set, "never off longer"),
)
