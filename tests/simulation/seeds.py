"""Any home in any weather, by seed alone."""

from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.home import any_home
from cadence_exporter.simulate.run import Simulation
from cadence_exporter.simulate.weather import swarm


def simulation(seed: int, days: float) -> Simulation:
    return Simulation(any_home(dice(seed, "home")), seed, days, swarm(dice(seed, "swarm")))
