"""The switch of the modem's power and the UPS: asked side by side with everything else, the switch only when its word is needed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cadence_exporter.model.instants import Instant, Now
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.power import PlugSeen
from cadence_exporter.model.ups import UpsReading
from cadence_exporter.observe.probe_lanes import Pending, ProbeLanes
from cadence_exporter.seams import PowerSwitch

EVERY_S = 3600.0
"""How often a healthy home's switch is asked: one that has lost its network is to be noticed before it is needed."""


class UpsSource(Protocol):
    """Who knows the UPS."""

    def read(self, deadline: Instant) -> UpsReading:
        """Raises ProbeFailed."""
        ...


@dataclass(frozen=True, slots=True)
class PowerGear:
    """What there is to ask."""

    switch: PowerSwitch | None = None
    automatic: bool = False
    """Cadence may use it on its own account."""
    ups: UpsSource | None = None
    bounce_asked: Callable[[], bool] = lambda: False
    """Whether a person asked for a bounce in this cycle."""


class PowerWatch:
    """Starts what is due in an observation."""

    def __init__(self, gear: PowerGear, lanes: ProbeLanes) -> None:
        self._gear = gear
        self._lanes = lanes
        self._asked: Instant | None = None

    def start_ups(self, deadline: Instant) -> Pending[UpsReading] | None:
        """With each observation, when there is one."""
        ups = self._gear.ups
        return None if ups is None else self._lanes.start("ups", "ups", lambda: ups.read(deadline))

    def start_plug(self, memory: Memory, now: Now, deadline: Instant) -> Pending[PlugSeen] | None:
        """When it may have to act, when nobody saw the end of a bounce, and once an hour."""
        switch = self._gear.switch
        if switch is None or not self._is_due(memory, now):
            return None
        self._asked = now.instant
        return self._lanes.start("plug", switch.name, lambda: _look(switch, deadline))

    def _is_due(self, memory: Memory, now: Now) -> bool:
        if memory.recovery.unfinished is not None or self._gear.bounce_asked():
            return True
        if not self._gear.automatic:
            return False
        return memory.phase is Phase.DOWN or self._asked is None or now.instant - self._asked >= EVERY_S


def _look(switch: PowerSwitch, deadline: Instant) -> PlugSeen:
    """Raises ProbeFailed, also when it is another device than the one that is known."""
    identity = switch.identify(deadline)
    return PlugSeen(identity, switch.is_on(deadline))
