"""One simulation: the production loop, started again whenever its host dies, in one pretend home, until the time is over."""

import hashlib
import math
from collections.abc import Callable, Mapping

from cadence_exporter.act.dns.reconcile import Reconciler
from cadence_exporter.act.hands import Hands
from cadence_exporter.equipment import Equipment, Surroundings
from cadence_exporter.loop import Loop
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.recovery import EnsureOn, no_switch
from cadence_exporter.seams import Recorder
from cadence_exporter.simulate.account import Account, Broken
from cadence_exporter.simulate.calm import BUDGET_AGAIN_S, LASTS_S, RIGHT_WITHIN_S, Calm
from cadence_exporter.simulate.checkers import CHECKERS
from cadence_exporter.simulate.checkers_power import power_checkers
from cadence_exporter.simulate.crew import WorldCrew
from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.home import CALL_TIMEOUT_S, policy
from cadence_exporter.simulate.lane import InlineLane
from cadence_exporter.simulate.promise import Checker, Evidence, Watch
from cadence_exporter.simulate.weather import Weather
from cadence_exporter.simulate.world import Crash, HomeSpec, World
from cadence_exporter.simulate.zone import Write

DAY_S = 86_400.0
SUPERVISOR_WAITS_S = 10.0
MOST_TOLD = 20
"""Broken promises kept of one run: a promise broken once is usually broken in each later cycle."""


def reconciler_in(world: World) -> Reconciler:
    """The production one, before the pretend resolvers and zone."""
    return Reconciler(
        world.clock,
        world.resolvers,
        {world.zone.name: world.zone},
        rehearse=False,
        call_timeout_s=CALL_TIMEOUT_S,
        lane=InlineLane,
    )


class Simulation:
    """Also ``seams.Recorder`` (of what happens) and ``seams.Faults`` (of what the loop's borders caught)."""

    name = "simulation"

    def __init__(
        self, spec: HomeSpec, seed: int, days: float, rates: Mapping[str, float], *, tally: bool = False
    ) -> None:
        self.account = Account(seed, days, recovers=spec.recovery is not None and spec.recovery.policy.enabled)
        self.world = World(spec, seed, days * DAY_S, tally=tally)
        self.policy = policy(spec)
        self.recorders: list[Recorder] = [self]
        self.weather = Weather(self.world, dice(seed, "weather"), rates, days * DAY_S, self._struck)
        self._evidence = Evidence()
        watch = Watch(self.world, self.policy, self.report, self._evidence)
        self.checkers: list[Checker] = [make(watch) for make in CHECKERS]
        self.power_checkers = power_checkers(watch)
        self.checkers += self.power_checkers
        self._on_cycle = [each.cycle for each in self.checkers if type(each).cycle is not Checker.cycle]
        self.calm = Calm(self.world, self.policy, self.report)
        self._draw = dice(seed, "loop").random
        self._log = hashlib.sha256()
        self._memory: Memory | None = None
        self._last_true = 0.0
        self.keep_story = False
        self._healed = False
        self.alive = False
        """Whether the process runs: nobody can be scraped otherwise."""
        self.at_start: list[Callable[[Memory], None]] = []
        """Told of each start of the process, with the memory it begins with."""
        self.world.zone.watchers.append(self._written)

    def run(self, progress: Callable[[float], None] = lambda _share: None) -> Account:
        """Storm, then calm. ``progress`` is called with 0..1 once a simulated day."""
        world, account = self.world, self.account
        if world.spec.born_right:
            for key in world.record_keys():
                world.zone.by_hand(key, (str(world.line.leased[key.type.family]),))
        self.weather.begin()
        self._plan_progress(progress)
        world.after(account.days * DAY_S, self._storm_ends, lasting=True)
        # The calm says when it is over: a host that slept beyond the storm's end lives through it as well.
        world.doorbell.until = math.inf
        while self._live():
            pass
        if self._memory is not None:
            self.calm.end(self._memory)
        for checker in self.power_checkers:
            checker.end()
        account.faults = dict(sorted(self.weather.befallen.items()))
        account.calls = dict(sorted(world.calls_made.items()))
        account.up_after_cycles = self.calm.up_after_cycles
        account.digest = self._log.hexdigest()
        return account

    def report(self, promise: str, what: str) -> None:
        """A checker's word."""
        self.log(f"BROKEN {promise}: {what}")
        self.account.broken_count += 1
        if len(self.account.broken) < MOST_TOLD:
            self.account.broken.append(Broken(self.world.clock.true, promise, what))

    def log(self, text: str) -> None:
        """One line of the event log."""
        self._log.update(f"{self.world.clock.true:.3f} {text}\n".encode())
        if self.keep_story:
            self.account.story.append((self.world.clock.true, text))

    def record(self, cycle: Cycle) -> None:
        """See ``seams.Recorder``."""
        account, true = self.account, self.world.clock.true
        account.cycles += 1
        self._spend(cycle.before.phase)
        self._memory = cycle.memory
        self._log.update(f"{true:.3f} {cycle.memory.cycle} {cycle.memory.phase} {cycle.decision.why}\n".encode())
        decision = cycle.decision
        if decision.transition or decision.address_changes or cycle.outcomes or decision.outage_ended or cycle.power:
            self._tell(cycle)
        if cycle.power or decision.withheld:
            account.count_power(cycle)
        self._evidence.take(cycle)
        for check in self._on_cycle:
            check(cycle)
        self.calm.cycle(cycle)

    def caught(self, where: str, error: Exception) -> None:
        """See ``seams.Faults``. A disk that refuses is weather; everything else is a bug."""
        if where != "commit":
            self.report("no internal error", f"{where}: {type(error).__name__}: {error}")

    def _live(self) -> bool:
        """One life of the process. False when the time is over."""
        world, account = self.world, self.account
        loop = self._start()
        try:
            loop.run()
            if world.clock.true < world.doorbell.until:
                return self._off(self._stopped(loop))
        except Crash as crash:
            account.crashes += 1
            return self._off(crash)
        except Exception as error:  # noqa: BLE001 - whatever ends the loop is the finding
            self.report("the process does not end by itself", f"{type(error).__name__}: {error}")
        return False

    def _stopped(self, loop: Loop) -> Crash:
        """It stopped by itself: the battery of the UPS runs out. As the service does, it does not leave the power in doubt."""
        if loop.memory.recovery.unfinished is not None:
            loop.equipment.power(EnsureOn(loop.memory.recovery.unfinished))
        return Crash(off_s=SUPERVISOR_WAITS_S, reboots=False)

    def _off(self, crash: Crash) -> bool:
        """Nobody is there for a while. False when the time is over."""
        world, self.alive = self.world, False
        self.log(f"crash off={crash.off_s:.1f} reboots={crash.reboots}")
        if self._memory is not None:
            self._spend(self._memory.phase)
        world.without_a_process(crash)
        self.account.off_s += world.clock.true - self._last_true
        self._last_true = world.clock.true
        return world.clock.true < world.doorbell.until

    def _spend(self, phase: Phase) -> None:
        """The time since the last look was spent in ``phase``."""
        spent_s = self.world.clock.true - self._last_true
        self.account.seconds_in[phase] = self.account.seconds_in.get(phase, 0.0) + spent_s
        self._last_true = self.world.clock.true

    def _start(self) -> Loop:
        world = self.world
        memory = world.disk.load(world.clock.now())
        around = Surroundings(
            clock=world.clock,
            doorbell=world.doorbell,
            store=world.disk,
            recorders=self.recorders,
            calls=world,
            faults=self,
            draw=self._draw,
            requests=tuple if world.power is None else world.power.take,
        )
        self._evidence.forget()
        for checker in self.checkers:
            checker.restart(memory)
        self.calm.restart(memory)
        for begin in self.at_start:
            begin(memory)
        self._memory = memory
        self.alive = True
        world.tripwire.restart()
        world.watch.restart()
        world.way_out.restart()
        if self._healed and self.calm.began is None:
            self._calm_begins()
        return Loop(around, self._equipment(), memory, self._equipment)

    def _equipment(self) -> Equipment:
        reconciler = reconciler_in(self.world)
        hands = Hands(reconciler, self, self.world.clock)
        crew, power = WorldCrew(self.world), self.world.power
        switch = no_switch if power is None else power.begin(self._memory, self).perform
        return Equipment(crew, hands.perform, self.policy, reconciler.close, switch)

    def _storm_ends(self) -> None:
        self.log("calm")
        self.world.heal()
        self._healed = True
        if self.alive:
            self._calm_begins()

    def _calm_begins(self) -> None:
        """Nobody recovers without a running process: a host that is off when the storm ends has its calm when it is back."""
        self.calm.begin()
        self.world.doorbell.until = self.world.clock.true + LASTS_S
        self.world.after(RIGHT_WITHIN_S, self._calm_goes_on, lasting=True)

    def _calm_goes_on(self) -> None:
        if self._memory is not None and self.calm.due(self._memory):
            self.world.doorbell.until += BUDGET_AGAIN_S

    def _plan_progress(self, progress: Callable[[float], None]) -> None:
        def tell() -> None:
            progress(min(1.0, self.world.clock.true / (self.account.days * DAY_S)))
            self.world.after(DAY_S, tell, lasting=True)

        self.world.after(DAY_S, tell, lasting=True)

    def _struck(self, name: str) -> None:
        self.log(f"fault {name.replace('_', ' ')}")

    def _written(self, write: Write) -> None:
        self.log(f"write {write.operation.value} {write.key} {write.address}")
        name = write.operation.value
        self.account.writes[name] = self.account.writes.get(name, 0) + 1
        for checker in self.checkers:
            checker.write(write)

    def _tell(self, cycle: Cycle) -> None:
        """What is worth a line."""
        decision, account = cycle.decision, self.account
        if decision.transition:
            step = decision.transition
            self.log(f"{step.from_phase.value} -> {step.to_phase.value}: {step.why}")
        for change in decision.address_changes:
            account.address_changes += change.before is not None
            self.log(f"address {change.before} -> {change.after}")
        if decision.outage_ended:
            account.outages += 1
            self.log(f"outage over after {decision.outage_ended.seconds:.0f} s ({decision.outage_ended.where})")
        if cycle.power:
            self.log(f"{type(cycle.power.action).__name__} {cycle.power.result.value}: {cycle.power.detail}")
        for outcome in cycle.outcomes:
            self.log(f"{outcome.action.record.key} {outcome.result.value}: {outcome.detail}")
            if outcome.wrote:
                since = self.world.line.ours_since(outcome.action.address)
                if since is not None:
                    account.converged_s.append(self.world.clock.true - since)
