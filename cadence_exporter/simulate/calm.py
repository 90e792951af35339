"""After the storm: what must be true again, and how soon."""

from typing import ClassVar

from cadence_exporter.model.address import Family
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Belief, Memory, Phase
from cadence_exporter.model.policy import Policy
from cadence_exporter.simulate.promise import Report
from cadence_exporter.simulate.world import World

UP_WITHIN_CYCLES = 12
"""A timed-out provider call, a rung a cycle, and the confirmations: with room for a record that is tried again meanwhile."""
RIGHT_WITHIN_S = 3600.0 + 900.0 + 600.0 + 1200.0
"""The cache's age, a change followed in vain, the longest Retry-After of the weather, and some cycles."""
LASTS_S = RIGHT_WITHIN_S + 3600.0
"""Resolvers see it within another hour: the longest TTL in the zone and the negative one lie below it."""
BUDGET_AGAIN_S = 86_400.0 + 3600.0
"""When the daily budget was spent in the storm, it takes a day."""


class Calm:
    """Watches the cycles after ``begin``."""

    promise: ClassVar[str] = "after a storm: UP within 12 cycles, DNS right and seen by resolvers, belief fresh"

    def __init__(self, world: World, policy: Policy, report: Report) -> None:
        self._world = world
        self._policy = policy
        self._report = report
        self.began: float | None = None
        self.up_after_cycles: int | None = None
        self._cycles = 0

    def begin(self) -> None:
        """The storm is over."""
        self.began = self._world.clock.true

    def restart(self, memory: Memory) -> None:
        """The process begins anew: nothing is known."""
        del memory
        if self.began is not None and self.up_after_cycles is None:
            self._cycles = 0

    def cycle(self, cycle: Cycle) -> None:
        """A cycle in the calm."""
        if self.began is None:
            return
        self._cycles += not self._held(cycle)
        # A look that began in the storm may still be UP with the address before.
        if self.up_after_cycles is None and cycle.memory.phase is Phase.UP and self._believes_right(cycle.memory):
            self.up_after_cycles = self._cycles
        elif self.up_after_cycles is not None and cycle.memory.phase is not Phase.UP:
            self._broken(f"left UP for {cycle.memory.phase} in the calm")
        if self.up_after_cycles is None and self._cycles == UP_WITHIN_CYCLES and not self._held(cycle):
            self._broken(f"still {cycle.memory.phase} after {self._cycles} cycles: {cycle.assessment.public}")

    def _held(self, cycle: Cycle) -> bool:
        """Nobody was asked, for the storm used up the calls of this hour: such a look cannot bring the home up."""
        plan = cycle.before.echo_plans.get(self._world.families[0])
        return plan is not None and plan.first == 0 and plan.even_if_hinted

    def due(self, memory: Memory) -> bool:
        """``RIGHT_WITHIN_S`` are over. Whether a record waits for its budget: that takes a day."""
        if self._zone_is_right():
            return False
        most = self._policy.max_changes_per_day
        waits = any(len(record.writes) >= most for record in memory.records.values())
        if not waits:
            self._broken(f"the zone is not right after {RIGHT_WITHIN_S:.0f} s: {memory.records}")
        return waits

    def end(self, memory: Memory) -> None:
        """The simulation is over."""
        if self.began is None:
            self._broken("never came: nothing was seen of how the home recovers")
            return
        if memory.phase is not Phase.UP:
            self._broken(f"ends in {memory.phase}")
        for key in self._world.record_keys():
            wanted = self._wanted(key.type.family)
            if self._world.zone.contents(key) != wanted:
                record = memory.records.get(key)
                self._broken(f"{key} is {self._world.zone.contents(key)}, home is {wanted}; {record}")
            for resolver in self._world.resolvers:
                shown = tuple(str(address) for address in resolver.shows(key))
                if shown != wanted:
                    self._broken(f"{resolver.operator} shows {key} as {shown}, home is {wanted}")
        for family in self._world.families:
            belief = memory.beliefs.get(family, Belief())
            if (str(belief.confirmed),) != self._wanted(family) or belief.doubts:
                self._broken(f"believes in {belief.confirmed}, home is {self._wanted(family)}")

    def _believes_right(self, memory: Memory) -> bool:
        family = self._world.families[0]
        return memory.beliefs.get(family, Belief()).confirmed == self._world.line.leased[family]

    def _zone_is_right(self) -> bool:
        return all(self._world.zone.contents(key) == self._wanted(key.type.family) for key in self._world.record_keys())

    def _wanted(self, family: Family) -> tuple[str, ...]:
        return (str(self._world.line.leased[family]),)

    def _broken(self, what: str) -> None:
        self._report(self.promise, what)
