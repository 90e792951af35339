"""Two simpler ways to keep a record right, to compare with: they live in the same pretend home, and share nothing with the product."""

from collections.abc import Callable
from dataclasses import dataclass

from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import Answered
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.simulate.crew import SERVICE
from cadence_exporter.simulate.home import CALL_TIMEOUT_S
from cadence_exporter.simulate.world import World


@dataclass(frozen=True)
class Poller:
    """Believes the first echo service that answers, and writes whenever that differs from what it wrote last."""

    interval_s: float
    """Between two looks."""
    services: int
    """How many echo services it tries in a look, always in the same order, until one answers."""


FIRST_ECHO_WINS = Poller(180.0, 4)
FIVE_MINUTES = Poller(300.0, 1)


class PollerAtHome:
    """A poller at work. Its host never dies, so what it wrote last is kept in memory."""

    def __init__(self, poller: Poller, world: World, noticed: Callable[[float], None]) -> None:
        """``noticed`` is told, in true seconds, of each look in which nobody answered: its only notion of an outage."""
        self._poller = poller
        self._world = world
        self._noticed = noticed
        self._cached: IpAddress | None = None

    def run(self, until_s: float) -> None:
        while self._world.clock.true < until_s:
            began_s = self._world.clock.true
            self._look()
            took_s = self._world.clock.true - began_s
            self._world.pass_time(max(0.0, self._poller.interval_s - took_s))

    def _look(self) -> None:
        seen = self._ask()
        if seen is None:
            self._noticed(self._world.clock.true)
        elif seen != self._cached:
            try:
                for record in self._world.spec.records:
                    self._keep(record, seen)
            except (ActionFailed, TimeoutError):
                return  # tried again at the next look
            self._cached = seen

    def _ask(self) -> IpAddress | None:
        world = self._world
        for service in world.echo[: self._poller.services]:
            reading = service.ask(Family.IPV4)
            world.call(SERVICE, "2xx" if isinstance(reading, Answered) else "error")
            world.pass_time(reading.took_s)
            if isinstance(reading, Answered):
                return reading.value.address
        return None

    def _keep(self, record: RecordSpec, address: IpAddress) -> None:
        zone, deadline = self._world.zone, Instant(self._world.clock.monotonic() + CALL_TIMEOUT_S)
        held = zone.read(record, deadline).held
        if not held:
            zone.create(record, address, deadline)
        elif held[0].content != str(address):
            zone.update(record, held[0], address, deadline)
