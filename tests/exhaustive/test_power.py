"""Power recovery: breadth first through every state of decisions and ledger with abstracted times, and random lives with the store's rows.

A state holds what a decision can tell apart. Time moves in steps of a quarter of the cooldown; the plug, the mains, the fault layer,
requests, outcomes, kills between intent and outcome, restarts, reboots and jumps of the wall clock are all tried in each state.
"""

from dataclasses import replace
from itertools import product
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from cadence_exporter.decide import ledger as book
from cadence_exporter.decide import recovery
from cadence_exporter.decide.power import decide_power
from cadence_exporter.model.assessment import Assessment, FaultLayer, Link
from cadence_exporter.model.instants import Boot, Instant, Now, WallTime
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.power import PowerReading
from cadence_exporter.model.recovery import (
    Ask,
    Bounce,
    EnsureOn,
    PowerOutcome,
    PowerResult,
    PowerView,
    RecoveryPolicy,
    Request,
    Suppression,
)
from cadence_exporter.record.state import ledger_rows as rows
from tests.decide.cases import make_policy

COOLDOWN_S, MOST = 1200.0, 2
POLICY = make_policy(
    recovery=RecoveryPolicy(
        enabled=True, device="shelly", cooldown_s=COOLDOWN_S, max_per_day=MOST, boot_grace_s=600.0, ups=True
    )
)
STEP_S = 300.0
FINE = PowerView(link_up=True, on_mains=True, plug=PowerReading(on=True), plug_id="ours")
VIEWS = (
    FINE,
    replace(FINE, plug="does not answer", plug_id=None),
    replace(FINE, plug=PowerReading(on=False)),
    replace(FINE, on_mains=False),
    replace(FINE, on_mains=None),
    replace(FINE, link_up=None),
)
FAULTS = (FaultLayer.ACCESS, FaultLayer.ISP, None)
PHASES = (Phase.DOWN, Phase.UP, Phase.DEGRADED)
REQUESTS = ((), (Request(Ask.BOUNCE),), (Request(Ask.MAINTENANCE_ON, 1200.0),), (Request(Ask.MAINTENANCE_OFF),))
RESULTS = tuple(PowerResult)
ENOUGH = 8_000
"""States of one search: beyond it nothing new has been seen for long."""


class Broken(AssertionError):
    pass


def must(kept: bool, promise: str) -> None:
    if not kept:
        raise Broken(promise)


class Clock:
    """Both clocks and the boot, as the store reads them."""

    def __init__(self, at: float, wall: float, boot: int = 0, booted: float = 0.0) -> None:
        self.at, self._wall, self.boot, self.booted = at, wall, boot, booted

    def copy(self) -> "Clock":
        return Clock(self.at, self._wall, self.boot, self.booted)

    def monotonic(self) -> Instant:
        return Instant(self.at)

    def wall(self) -> WallTime:
        return WallTime(self._wall)

    def now(self) -> Now:
        return Now(self.monotonic(), self.wall())

    def since_boot(self) -> Boot:
        return Boot(f"boot-{self.boot}", self.at - self.booted)


def assessed(fault, view) -> Assessment:
    return Assessment(Link.UP, Link.DOWN, MappingProxyType({}), None, cgnat=False, fault=fault, power=view)


class Home:
    """Memory, clocks, and the truth: when the relay was cut."""

    def __init__(self) -> None:
        self.clock = Clock(10_000.0, 1_800_000_000.0)
        self.memory = Memory(Phase.INIT, self.clock.now(), started=self.clock.monotonic())
        self.write(self.memory.recovery)
        self.age = 0.0
        """True seconds: no clock of the host."""
        self.cuts: list[float] = []
        self.asked_until = 0.0
        self.kept_until = 0.0

    def copy(self) -> "Home":
        other = object.__new__(Home)
        other.__dict__ = dict(self.__dict__)
        other.clock = self.clock.copy()
        other.cuts = list(self.cuts)
        return other

    def passes(self, seconds: float) -> None:
        self.clock.at += seconds
        self.clock._wall += seconds
        self.age += seconds

    def cycle(self, phase, fault, view, requests, result, *, dies: str | None = None) -> None:
        now, memory = self.clock.now(), self.memory
        decision = decide_power(memory, phase, assessed(fault, view), requests, now, POLICY)
        self._hear(requests)
        since = memory.since if phase is memory.phase else now
        after = replace(memory, phase=phase, since=since, recovery=decision.ledger)
        self._keep(decision, memory, phase, fault, view, requests, now)
        if isinstance(decision.action, Bounce) and memory.on_disk:
            self.write(after.recovery)
            if dies == "before":
                self.restarts(reboots=False)
                return
            if result not in (PowerResult.REFUSED, PowerResult.REHEARSED):
                self._cut()
        if dies == "after":
            self.restarts(reboots=True)
            return
        if decision.action is not None:
            outcome = PowerOutcome(decision.action, result, "as tested", self.clock.now(), 1.0)
            after = replace(after, recovery=book.after(after.recovery, outcome))
            seen_on = isinstance(decision.action, EnsureOn) and result is PowerResult.SUCCESS
            must(seen_on or not isinstance(decision.action, EnsureOn) or result is PowerResult.REHEARSED
                 or after.recovery.unfinished is not None, "only a relay that was read as on ends a bounce")  # fmt: skip
            if isinstance(decision.action, Bounce) and result in (PowerResult.SUCCESS, PowerResult.DOUBTFUL):
                must(after.recovery.unfinished is not None, "a bounce owes a look at its end")
        self.memory = after
        self.write(after.recovery)
        self.kept_until = self.asked_until

    def write(self, ledger) -> None:
        """Its rows are made when somebody reads them: most of these lives end before."""
        self.disk = (ledger, self.clock.copy())

    def restarts(self, *, reboots: bool, off_s: float = 5.0, wall_jump_s: float = 0.0) -> None:
        before = rows.ledger_rows(*self.disk)
        self.passes(off_s)
        if reboots:
            self.clock.boot += 1
            self.clock.at = 30.0
            self.clock.booted = 0.0
        self.clock._wall += wall_jump_s
        now = self.clock.now()
        found = rows.ledger_of(before, now, self.clock)
        self.memory = Memory(Phase.INIT, now, recovery=found, started=now.instant)
        self.asked_until = self.kept_until
        unfinished = found.unfinished
        if unfinished is not None:
            must(recovery.owed(found, now.instant, Now(Instant(now.instant + 1.0), now.wall)) is not None,
                 "a start turns on what an earlier process left in doubt")  # fmt: skip

    def _cut(self) -> None:
        recent = [at for at in self.cuts if self.age - at < recovery.DAY_S]
        must(len(recent) < MOST, "at most max_per_day bounces in any 24 hours")
        must(not self.cuts or self.age - self.cuts[-1] >= COOLDOWN_S, "no bounce within the cooldown")
        must(self.age >= self.asked_until, "no bounce during maintenance")
        self.cuts.append(self.age)

    def _hear(self, requests) -> None:
        for request in requests:
            if request.ask is Ask.MAINTENANCE_ON:
                self.asked_until = self.age + request.for_s
            elif request.ask is Ask.MAINTENANCE_OFF:
                self.asked_until = 0.0

    def _keep(self, decision, memory, phase, fault, view, requests, now) -> None:  # noqa: PLR0917 - all of one cycle
        action, by_hand = decision.action, Request(Ask.BOUNCE) in requests
        if isinstance(action, Bounce):
            must(view.on_mains is True, "never on battery, never with a UPS that says nothing")
            must(isinstance(view.plug, PowerReading) and view.plug.on, "never a device that is not there, or off")
            must(memory.recovery.unfinished is None, "never while the end of the last one was not seen")
            must(decision.ledger.unfinished is not None, "the intent owes an end")
            if not by_hand:
                must(phase is Phase.DOWN, "only while DOWN")
                must(fault is FaultLayer.ACCESS, "only for the access line")
                must(bool(view.link_up), "only with a link of its own")
                down_s = now.instant - memory.since.instant if phase is memory.phase else 0.0
                must(down_s >= POLICY.recovery.escalation_s, "only after the escalation delay")
                back = decision.ledger.mains_back
                must(
                    back is None or now.instant - back.instant >= POLICY.recovery.modem_boot_s,
                    "not while the ISP's gear boots",
                )
                must(now.instant - memory.started >= POLICY.recovery.boot_grace_s, "not within the boot grace")
        elif action is None and (phase is Phase.DOWN or by_hand):
            must(bool(decision.withheld), "each refusal has a reason")
            must(len({each.reason for each in decision.withheld}) == len(decision.withheld), "each reason once")


def capped(age_s: float | None, most_s: float) -> int | None:
    return None if age_s is None else int(min(max(age_s, -STEP_S), most_s) // STEP_S)


def abstract(home: Home) -> tuple:
    """What a decision can tell apart, and what the promises count."""
    at, ledger, memory = home.clock.at, home.memory.recovery, home.memory
    day = recovery.DAY_S
    return (
        memory.phase,
        capped(at - memory.since.instant, 600.0),
        capped(at - (memory.started or 0.0), 900.0),
        tuple(
            capped(at - each.instant, 4 * COOLDOWN_S) if at - each.instant < day else "old"
            for each in ledger.bounces[-2:]
        ),
        min(len([each for each in ledger.bounces if at - each.instant < day]), MOST),
        ledger.unfinished is not None,
        min(ledger.unhelped, 2),
        ledger.awaiting_up is not None,
        ledger.on_battery,
        None if ledger.mains_back is None else capped(at - ledger.mains_back.instant, 300.0),
        None if ledger.maintenance_until is None else capped(ledger.maintenance_until.instant - at, 1500.0),
        capped(home.age - home.cuts[-1], 4 * COOLDOWN_S) if home.cuts else None,
        sum(home.age - each < day for each in home.cuts),
    )


INPUTS = (
    *product(PHASES, FAULTS, (FINE,), REQUESTS),
    *product((Phase.DOWN,), (FaultLayer.ACCESS,), VIEWS[1:], REQUESTS[:2]),
)
"""All of the connection, and all of the power while it would be cut."""


def explore(most: int = ENOUGH) -> tuple[int, int]:
    """States and decisions. Raises Broken."""
    begin = Home()
    seen, frontier, decisions = {abstract(begin)}, [begin], 0

    def reach(home: Home) -> None:
        key = abstract(home)
        if key not in seen and len(seen) < most:
            seen.add(key)
            frontier.append(home)

    for home in frontier:  # grows while it is walked
        for seconds in (STEP_S, COOLDOWN_S, 22 * 3600.0):
            later = home.copy()
            later.passes(seconds)
            reach(later)
        for reboots, jump in (
            (False, 0.0),
            (True, 0.0),
            (True, 400 * 86_400.0),
            (False, 400 * 86_400.0),
            (True, -86_400.0),
        ):
            again = home.copy()
            again.restarts(reboots=reboots, wall_jump_s=jump)
            reach(again)
        for phase, fault, view, requests in INPUTS:
            decisions += 1
            trial = home.copy()
            trial.cycle(phase, fault, view, requests, PowerResult.SUCCESS)
            reach(trial)
            if trial.memory.recovery.unfinished is None and home.memory.recovery.unfinished is None:
                continue
            for result in RESULTS[1:]:
                other = home.copy()
                other.cycle(phase, fault, view, requests, result)
                reach(other)
            for dies in ("before", "after"):
                dead = home.copy()
                dead.cycle(phase, fault, view, requests, PowerResult.SUCCESS, dies=dies)
                reach(dead)
    return len(seen), decisions


def test_every_state_keeps_every_promise_of_the_power() -> None:
    states, decisions = explore(1_500)
    print(f"\n{states} states, {decisions} decisions")
    assert states == 1_500


@pytest.mark.soak
def test_many_more_states_keep_them() -> None:
    states, decisions = explore()
    print(f"\n{states} states, {decisions} decisions")


class LifeOfPower(RuleBasedStateMachine):
    """Cycles, time, restarts, reboots and jumps of the wall clock in any order, with the rows of the store in between."""

    @initialize()
    def begins(self) -> None:
        self.home = Home()

    @rule(seconds=st.sampled_from((1.0, 30.0, 300.0, 1200.0, 5000.0, 40_000.0, 86_401.0)))
    def time_passes(self, seconds: float) -> None:
        self.home.passes(seconds)

    @rule(seconds=st.sampled_from((-86_400.0 * 400, -7200.0, 60.0, 7200.0, 86_400.0 * 400)))
    def the_wall_clock_jumps(self, seconds: float) -> None:
        self.home.clock._wall += seconds

    @rule(reboots=st.booleans(), off_s=st.sampled_from((1.0, 60.0, 9000.0)), jump=st.sampled_from((0.0, -1e7, 1e7)))
    def restarted(self, reboots: bool, off_s: float, jump: float) -> None:
        self.home.restarts(reboots=reboots, off_s=off_s, wall_jump_s=jump)

    @rule(
        phase=st.sampled_from(PHASES),
        fault=st.sampled_from(FAULTS),
        view=st.sampled_from((FINE,) * 6 + VIEWS),
        requests=st.sampled_from((*((),) * 4, *REQUESTS)),
        result=st.sampled_from(RESULTS),
        dies=st.sampled_from((None,) * 6 + ("before", "after")),
    )
    def a_cycle(self, phase, fault, view, requests, result, dies) -> None:
        self.home.cycle(phase, fault, view, requests, result, dies=dies)

    @rule(cycles=st.integers(5, 40))
    def an_outage_lasts(self, cycles: int) -> None:
        for _ in range(cycles):
            self.home.cycle(Phase.DOWN, FaultLayer.ACCESS, FINE, (), PowerResult.SUCCESS)
            self.home.passes(60.0)


LIVES = settings(
    max_examples=150, stateful_step_count=50, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck), print_blob=False,
)  # fmt: skip


def test_no_random_life_breaks_a_promise_of_the_power() -> None:
    run_state_machine_as_test(LifeOfPower, settings=LIVES)


REAL_OF, REAL_INTEND = rows.ledger_of, book.intend


def bounces_forgotten(image, now, clock):
    return replace(REAL_OF(image, now, clock), bounces=())


def ages_by_the_wall_clock(image, now, clock):
    found = REAL_OF(image, now, clock)
    aged = tuple(Now(Instant(now.instant - (now.wall - each.wall)), each.wall) for each in found.bounces)
    return replace(found, bounces=aged)


def unnoted(ledger, bounce, now, **_):
    return replace(REAL_INTEND(ledger, bounce, now), bounces=ledger.bounces)


PLANTED = [
    (rows, "ledger_of", bounces_forgotten),
    (rows, "ledger_of", ages_by_the_wall_clock),
    (book, "intend", unnoted),
    (recovery, "budget_left", lambda *_: 9),
    (recovery, "cooldown_ends", lambda *_: None),
    (book, "hear", lambda ledger, _requests, _now: ledger),
]


@pytest.mark.parametrize(("module", "name", "defect"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_both_find_planted_defects(monkeypatch, module, name, defect) -> None:
    monkeypatch.setattr(module, name, defect)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(LifeOfPower, settings=settings(LIVES, phases=("generate",), max_examples=600))


STANDS_BEHIND_ANOTHER = (Suppression.DISABLED, Suppression.STORE, Suppression.UNFINISHED)
"""Not in this search: recovery is on and the disk works; and a cooldown is always longer than a bounce."""


@pytest.mark.slow
@pytest.mark.parametrize("reason", [reason for reason in Suppression if reason not in STANDS_BEHIND_ANOTHER])
def test_the_search_misses_each_guardrail_that_is_taken_away(monkeypatch, reason) -> None:
    monkeypatch.setitem(recovery.GUARDS, reason, lambda *_: None)
    with pytest.raises(Broken):
        explore(8_000)  # a spent budget lies deep: two bounces, two cooldowns
