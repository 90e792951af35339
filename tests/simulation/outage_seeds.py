"""Any home with power recovery, in weather that tempts it, by seed alone."""

from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.home_power import brave_home, tempting_weather
from cadence_exporter.simulate.run import Simulation


def tempted(seed: int, days: float) -> Simulation:
    return Simulation(brave_home(dice(seed, "brave")), seed, days, tempting_weather(dice(seed, "tempting")))
