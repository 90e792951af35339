"""All probes of the pretend home. The order and the number of echo services asked follow the plan as in production."""

from ipaddress import IPv4Address
from types import MappingProxyType
from typing import TYPE_CHECKING

from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import EchoPlan, Memory
from cadence_exporter.model.observation import Answered, EchoAnswer, EchoRound, Observation, Reading, RouterWan
from cadence_exporter.simulate.services import GATEWAY, PROBE_TIMEOUT_S, EchoService

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

SERVICE = "ip_echo"


class WorldCrew:
    """Implements ``seams.Crew``."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._spared = EchoRound((), len(world.echo), spared=True)

    def observe(self, now: Now, memory: Memory, *, hinted: bool) -> Observation:
        """See the seam."""
        world = self._world
        world.step()
        router = world.router.probe()
        router_wan = world.router.natpmp()
        world.pass_time(router_wan.took_s)
        wan = tuple([target.reach() for target in world.targets])
        rounds: dict[Family, EchoRound] = {}
        slowest = max(router.took_s, min([reading.took_s for reading in wan]))
        for family in world.families:
            round_ = self._round(family, None if hinted else memory.echo_plans.get(family), router_wan)
            rounds[family] = round_
            for reading in round_.readings:
                slowest = max(slowest, reading.took_s)
                world.call(SERVICE, "2xx" if isinstance(reading, Answered) else "error")
        world.pass_time(min(slowest, PROBE_TIMEOUT_S))
        world.step()
        return Observation(
            at=now,
            took_s=world.clock.monotonic() - now.instant,
            gateway=GATEWAY,
            router=router,
            wan=wan,
            router_wan=router_wan,
            echo=MappingProxyType(rounds),
        )

    def abandon(self) -> None:
        """Nothing hangs here."""

    def _round(self, family: Family, plan: EchoPlan | None, router: Reading[RouterWan]) -> EchoRound:
        services = self._world.echo
        if plan is not None and plan.spare_if_router_says is not None:
            says: IPv4Address | None = router.value.address if isinstance(router, Answered) else None
            if says == plan.spare_if_router_says:
                return self._spared
            if says is not None:
                plan = None
        if plan is not None and plan.first == 0:
            return self._spared
        order = in_turn(services, plan.turn if plan else 0)
        first = len(order) if plan is None else min(plan.first, len(order))
        readings = [service.ask(family) for service in order[:first]]
        if plan is not None and not _as_expected(plan, readings):
            self._world.pass_time(0.2)
            readings += [service.ask(family) for service in order[first:]]
        return EchoRound(tuple(readings), len(services))


def in_turn(services: tuple[EchoService, ...], turn: int) -> list[EchoService]:
    """From ``turn`` on; a second service of an operator after everyone else's first."""
    begin = turn % len(services)
    turned = services[begin:] + services[:begin]
    firsts = [each for n, each in enumerate(turned) if each.operator not in {one.operator for one in turned[:n]}]
    return firsts + [each for each in turned if each not in firsts]


def _as_expected(plan: EchoPlan, readings: list[Reading[EchoAnswer]]) -> bool:
    return all(isinstance(reading, Answered) and reading.value.address == plan.expected for reading in readings)
