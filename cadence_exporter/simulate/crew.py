"""All probes of the pretend home. The order and the number of echo services asked follow the plan as in production."""

from ipaddress import IPv4Address
from types import MappingProxyType
from typing import TYPE_CHECKING

from cadence_exporter.decide.echo_rests import resting
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, Now
from cadence_exporter.model.memory import EchoPlan, Memory, Phase
from cadence_exporter.model.observation import (
    Answered,
    EchoAnswer,
    EchoRound,
    MappedAddress,
    Observation,
    Reading,
    RouterWan,
)
from cadence_exporter.simulate.services import GATEWAY, PROBE_TIMEOUT_S, EchoService

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

SERVICE = "ip_echo"
Words = tuple[IPv4Address | None, IPv4Address | None]
"""Of the router and of the tripwire, who have no vote."""


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
        link, names = world.way_out.link(), world.way_out.names()
        rounds: dict[Family, EchoRound] = {}
        slowest = max(router.took_s, min([reading.took_s for reading in wan]))
        works = bool([reading for reading in wan if isinstance(reading, Answered)])
        trace = world.way_out.follow(memory, now, works=works)
        outside = world.tripwire.word(now.instant)
        words = _words(router_wan, outside)
        for family in world.families:
            if works or memory.phase is not Phase.DOWN:
                round_ = self._round(family, memory, words, now.instant, hinted=hinted)
            else:
                round_ = self._spared
            rounds[family] = round_
            for reading in round_.readings:
                slowest = max(slowest, reading.took_s)
                world.call(SERVICE, "2xx" if isinstance(reading, Answered) else "error")
        plug, ups = (None, None) if world.power is None else world.power.look(memory, now)
        world.way_out.look_is_over()
        world.pass_time(min(slowest, PROBE_TIMEOUT_S))
        world.tripwire.path(world.clock.monotonic(), works=works)
        world.step()
        return Observation(
            at=now,
            took_s=world.clock.monotonic() - now.instant,
            gateway=GATEWAY,
            router=router,
            wan=wan,
            router_wan=router_wan,
            echo=MappingProxyType(rounds),
            outside=outside,
            link=link,
            names=names,
            trace=trace,
            plug=plug,
            ups=ups,
        )

    def abandon(self) -> None:
        """Nothing hangs here."""

    def _round(self, family: Family, memory: Memory, words: Words, at: Instant, *, hinted: bool) -> EchoRound:
        services = self._world.echo
        plan = memory.plan_for(family, hinted=hinted)
        vouched = plan.vouched(*words) if plan is not None else None
        if vouched:
            return self._spared
        if vouched is False:
            plan = None
        if plan is not None and plan.first == 0:
            return self._spared
        order = in_turn(services, plan.turn if plan else 0)
        if memory.echo_rests:
            urls = [service.url for service in services]
            tired = resting(memory.echo_rests, family, urls, self._world.spec.quorum, at)
            order = [service for service in order if service.url not in tired]
        first = len(order) if plan is None else min(plan.first, len(order))
        readings = [service.ask(family) for service in order[:first]]
        if plan is not None and not _as_expected(plan, readings):
            self._world.pass_time(0.2)
            readings += [service.ask(family) for service in order[first:]]
        return EchoRound(tuple(readings), len(services))


def _words(router: Reading[RouterWan], outside: MappedAddress | None) -> Words:
    return (
        router.value.address if isinstance(router, Answered) else None,
        outside.address if outside is not None and outside.is_fresh else None,
    )


def in_turn(services: tuple[EchoService, ...], turn: int) -> list[EchoService]:
    """From ``turn`` on; a second service of an operator after everyone else's first."""
    begin = turn % len(services)
    turned = services[begin:] + services[:begin]
    firsts = [each for n, each in enumerate(turned) if each.operator not in {one.operator for one in turned[:n]}]
    return firsts + [each for each in turned if each not in firsts]


def _as_expected(plan: EchoPlan, readings: list[Reading[EchoAnswer]]) -> bool:
    return all(isinstance(reading, Answered) and reading.value.address == plan.expected for reading in readings)
