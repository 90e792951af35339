"""What a promise about the relay is made of."""

from cadence_exporter.simulate.power import Cut, Power
from cadence_exporter.simulate.promise import Checker, Watch

DAY_S = 86_400.0
WIPED = "store wiped"
STORE_S = 300.0
"""Between a damage of the store and the start that finds it."""


class PowerChecker(Checker):
    """A promise about the relay of one home."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        power = self.world.power
        if power is None:
            raise LookupError("a home without a plug")
        self.power: Power = power
        self.recovery = self.policy.recovery
        if type(self).cut is not PowerChecker.cut:
            power.watchers.append(self.cut)

    def cut(self, cut: Cut) -> None:
        """The relay was told to cut, and did."""

    def end(self) -> None:
        """The simulation is over."""
