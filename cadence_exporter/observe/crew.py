"""All probes of one observation, side by side, under one hard deadline: the only thing the loop waits for."""

from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from types import MappingProxyType

from cadence_exporter.decide.echo_rests import resting
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, Now, later
from cadence_exporter.model.memory import EchoPlan, Memory, Phase
from cadence_exporter.model.observation import (
    Answered,
    EchoRound,
    Failed,
    FailureReason,
    MappedAddress,
    NamesResolve,
    Observation,
    PathWorks,
    RouterAlive,
)
from cadence_exporter.observe.gateway import Gateway, gateway_of
from cadence_exporter.observe.names import a_name, resolve
from cadence_exporter.observe.own_link import own_link
from cadence_exporter.observe.path_gate import PathGate
from cadence_exporter.observe.path_watch import PathWatch
from cadence_exporter.observe.power_watch import PowerGear, PowerWatch
from cadence_exporter.observe.probe_lanes import Pending, ProbeLanes
from cadence_exporter.observe.public_ip.http_echo import EchoPanel
from cadence_exporter.observe.public_ip.last_word import LastWord
from cadence_exporter.observe.router import RouterProbe
from cadence_exporter.observe.router_word import RouterWords, Word
from cadence_exporter.observe.wan_path import reach
from cadence_exporter.outbound.https import Https
from cadence_exporter.seams import Clock, Faults
from cadence_exporter.settings.endpoints import parse_target
from cadence_exporter.settings.schema import Settings

# How long the echo services wait to learn whether the router spares them. A router that speaks NAT-PMP or UPnP answers in milliseconds.
_ROUTER_PATIENCE_S = 1.0
# What a panel may need after its deadline to put its readings together.
_HAND_OVER_S = 0.03
NO_GEAR = PowerGear()


class ProbeCrew:
    """The production crew. One observation at a time, from one thread."""

    def __init__(
        self,
        clock: Clock,
        settings: Settings,
        https: Https,
        faults: Faults,
        word: LastWord | None = None,
        *,
        gear: PowerGear = NO_GEAR,
    ) -> None:
        """``word`` is the tripwire's, when there is one; ``gear`` is what there is of power to ask about."""
        self._clock = clock
        self._settings = settings
        self._https = https
        self._word = LastWord() if word is None else word
        self._find_gateway = gateway_of(settings.router.address)
        self._lanes = ProbeLanes(clock, faults)
        self._targets = tuple((text, parse_target(text)) for text in settings.wan.targets)
        self._power = PowerWatch(gear, self._lanes)
        self._router = RouterProbe(settings.router.probe, settings.router.tcp_port)
        self._words = RouterWords(settings.router, self._lanes, clock)
        traced = [target for _, target in self._targets] if settings.wan.trace else []
        self._path = PathWatch(traced, self._lanes, clock)
        self._name = a_name(settings.public_ip.echo)
        self._panels = {
            family: EchoPanel(family, settings.echo_services(family), https, self._lanes, clock)
            for family in settings.public_ip.families
        }

    def observe(self, now: Now, memory: Memory, *, hinted: bool) -> Observation:
        """See the seam. Back within ``loop.probe_timeout`` and 70 ms, even when every lane hangs."""
        began = self._clock.monotonic()
        deadline = later(began, self._settings.loop.probe_timeout)
        gateway = self._find_gateway()
        router_wan = self._words.start(gateway, deadline)
        router = self._start_router(gateway, deadline)
        ups, plug = self._power.start_ups(deadline), self._power.start_plug(memory, now, deadline)
        gate = PathGate(len(self._targets))
        wan = self._start_wan(gate, deadline)
        questions = [
            _Question(
                family=family,
                plan=memory.plan_for(family, hinted=hinted),
                resting=resting(memory.echo_rests, family, panel.urls, self._settings.public_ip.quorum, now.instant),
                gate=gate if memory.phase is Phase.DOWN else None,
            )
            for family, panel in self._panels.items()
        ]
        outside = self._word.read(began)
        echo = self._start_echo(questions, router_wan, outside, deadline)
        names = self._start_names()
        address = gateway.address if gateway else None
        reached, traced = self._path.follow(wan, address, memory, now, deadline)
        self._word.path(self._clock.monotonic(), works=any(isinstance(reading, Answered) for reading in reached))
        return Observation(
            at=now,
            gateway=address,
            router=router.reading(deadline) if router else _no_gateway(),
            wan=reached,
            router_wan=router_wan.reading(deadline) if router_wan else None,
            echo=MappingProxyType({family: self._round(family, echo[family], deadline) for family in self._panels}),
            took_s=self._clock.monotonic() - began,
            outside=outside,
            link=own_link(address),
            names=names.reading(deadline) if names else None,
            trace=traced,
            ups=ups.reading(deadline) if ups else None,
            plug=plug.reading(deadline) if plug else None,
        )

    def abandon(self) -> None:
        """End the observation under way at once, for a stop that must not wait for a hung probe; safe in signal handlers.

        What that observation says means nothing, and nothing is asked by this crew any more.
        """
        self._lanes.abandon()

    def close(self) -> None:
        """Let the lanes end; does not wait for hung ones. Another crew takes over after a reload."""
        self._lanes.close()

    def _start_router(self, gateway: Gateway | None, deadline: Instant) -> Pending[RouterAlive] | None:
        if gateway is None:
            return None
        return self._lanes.start("router", "router", lambda: self._router.ask(gateway, self._clock, deadline))

    def _start_names(self) -> Pending[NamesResolve] | None:
        name = self._name
        return None if name is None else self._lanes.start("names", name, partial(resolve, name))

    def _start_wan(self, gate: PathGate, deadline: Instant) -> list[Pending[PathWorks]]:
        dialer = self._https.dialer
        return [
            self._lanes.start(f"wan-{text}", text, gate.through(partial(reach, target, dialer, deadline)))
            for text, target in self._targets
        ]

    def _start_echo(
        self, questions: list["_Question"], router_wan: Word | None, outside: MappedAddress | None, deadline: Instant
    ) -> dict[Family, Pending[EchoRound]]:
        """Panels that do not depend on the router begin at once; the others as soon as it has spoken, or kept silent too long."""
        outside_says = outside.address if outside is not None and outside.is_fresh else None
        waiting = [each for each in questions if each.plan and each.plan.spare_if_router_says is not None]
        echo = {
            each.family: self._start_panel(each, None, outside_says, deadline)
            for each in questions
            if each not in waiting
        }
        if waiting:
            patience = Instant(min(deadline, self._clock.monotonic() + _ROUTER_PATIENCE_S))
            said = router_wan.reading(patience) if router_wan else None
            router_says = said.value.address if isinstance(said, Answered) else None
            for each in waiting:
                echo[each.family] = self._start_panel(each, router_says, outside_says, deadline)
        return echo

    def _start_panel(
        self,
        question: "_Question",
        router_says: IPv4Address | None,
        outside_says: IPv4Address | None,
        deadline: Instant,
    ) -> Pending[EchoRound]:
        panel, plan, gate = self._panels[question.family], question.plan, question.gate
        vouched = plan.vouched(router_says, outside_says) if plan else None

        def ask() -> EchoRound:
            if gate is not None and not gate.opens(deadline - self._clock.monotonic()):
                return panel.spared()
            return panel.read(plan, vouched, question.resting, deadline)

        return self._lanes.start(f"panel-{question.family}", question.family, ask)

    def _round(self, family: Family, pending: Pending[EchoRound], deadline: Instant) -> EchoRound:
        reading = pending.reading(later(deadline, _HAND_OVER_S))
        return reading.value if isinstance(reading, Answered) else self._panels[family].nothing()


@dataclass(frozen=True, slots=True)
class _Question:
    """How the echo services of one family are asked in this observation."""

    family: Family
    plan: EchoPlan | None
    resting: frozenset[str]
    gate: PathGate | None
    """Nobody is asked before it opens."""


def _no_gateway() -> Failed:
    return Failed("router", FailureReason.OTHER, "this host has no default route", 0.0)
