"""Any home in any weather, by seed alone."""

from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.home import any_home
from cadence_exporter.simulate.run import Account, Simulation
from cadence_exporter.simulate.weather import swarm


def simulation(seed: int, days: float) -> Simulation:
    return Simulation(any_home(dice(seed, "home")), seed, days, swarm(dice(seed, "swarm")))


def broken(seed: int, days: float) -> Account | None:
    """The account of a run in which a promise was broken; None when all were kept."""
    account = simulation(seed, days).run()
    return account if account.broken_count else None
