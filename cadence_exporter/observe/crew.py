"""All probes of one observation, side by side, under one hard deadline: the only thing the loop waits for."""

from ipaddress import IPv4Address, ip_address
from types import MappingProxyType

from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, Now, later
from cadence_exporter.model.memory import EchoPlan, Memory
from cadence_exporter.model.observation import (
    Answered,
    EchoRound,
    Failed,
    FailureReason,
    Observation,
    PathWorks,
    RouterAlive,
)
from cadence_exporter.observe.gateway import Gateway, default_gateway
from cadence_exporter.observe.probe_lanes import Pending, ProbeLanes
from cadence_exporter.observe.public_ip.http_echo import EchoPanel
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


class ProbeCrew:
    """The production crew. One observation at a time, from one thread."""

    def __init__(self, clock: Clock, settings: Settings, https: Https, faults: Faults) -> None:
        self._clock = clock
        self._settings = settings
        self._https = https
        self._lanes = ProbeLanes(clock, faults)
        self._targets = tuple((text, parse_target(text)) for text in settings.wan.targets)
        self._router = RouterProbe(settings.router.probe, settings.router.tcp_port)
        self._words = RouterWords(settings.router, self._lanes, clock)
        self._panels = {
            family: EchoPanel(family, settings.echo_services(family), https, self._lanes, clock)
            for family in settings.public_ip.families
        }

    def observe(self, now: Now, memory: Memory, *, hinted: bool) -> Observation:
        """See the seam. Back within ``loop.probe_timeout`` and 50 ms, even when every lane hangs."""
        began = self._clock.monotonic()
        deadline = later(began, self._settings.loop.probe_timeout)
        gateway = self._gateway()
        router_wan = self._words.start(gateway, deadline)
        router = self._start_router(gateway, deadline)
        wan = self._start_wan(deadline)
        plans = {family: None if hinted else memory.echo_plans.get(family) for family in self._panels}
        echo = self._start_echo(plans, router_wan, deadline)
        return Observation(
            at=now,
            gateway=gateway.address if gateway else None,
            router=router.reading(deadline) if router else _no_gateway(),
            wan=tuple(pending.reading(deadline) for pending in wan),
            router_wan=router_wan.reading(deadline) if router_wan else None,
            echo=MappingProxyType({family: self._round(family, echo[family], deadline) for family in self._panels}),
            took_s=self._clock.monotonic() - began,
        )

    def abandon(self) -> None:
        """End the observation under way at once, for a stop that must not wait for a hung probe; safe in signal handlers.

        What that observation says means nothing, and nothing is asked by this crew any more.
        """
        self._lanes.abandon()

    def close(self) -> None:
        """Let the lanes end; does not wait for hung ones. Another crew takes over after a reload."""
        self._lanes.close()

    def _gateway(self) -> Gateway | None:
        configured = self._settings.router.address
        return default_gateway() if configured == "auto" else Gateway(ip_address(configured), None)

    def _start_router(self, gateway: Gateway | None, deadline: Instant) -> Pending[RouterAlive] | None:
        if gateway is None:
            return None
        return self._lanes.start("router", "router", lambda: self._router.ask(gateway, self._clock, deadline))

    def _start_wan(self, deadline: Instant) -> list[Pending[PathWorks]]:
        dialer = self._https.dialer
        return [
            self._lanes.start(f"wan-{text}", text, lambda target=target: reach(target, dialer, deadline))  # type: ignore[misc]
            for text, target in self._targets
        ]

    def _start_echo(
        self, plans: dict[Family, EchoPlan | None], router_wan: Word | None, deadline: Instant
    ) -> dict[Family, Pending[EchoRound]]:
        """Panels that do not depend on the router begin at once; the others as soon as it has spoken, or kept silent too long."""
        waiting = [family for family, plan in plans.items() if plan and plan.spare_if_router_says is not None]
        echo = {
            family: self._start_panel(family, plan, None, deadline)
            for family, plan in plans.items()
            if family not in waiting
        }
        if waiting:
            patience = Instant(min(deadline, self._clock.monotonic() + _ROUTER_PATIENCE_S))
            said = router_wan.reading(patience) if router_wan else None
            router_says = said.value.address if isinstance(said, Answered) else None
            for family in waiting:
                echo[family] = self._start_panel(family, plans[family], router_says, deadline)
        return echo

    def _start_panel(
        self, family: Family, plan: EchoPlan | None, router_says: IPv4Address | None, deadline: Instant
    ) -> Pending[EchoRound]:
        panel = self._panels[family]
        return self._lanes.start(f"panel-{family}", family, lambda: panel.read(plan, router_says, deadline))

    def _round(self, family: Family, pending: Pending[EchoRound], deadline: Instant) -> EchoRound:
        reading = pending.reading(later(deadline, _HAND_OVER_S))
        return reading.value if isinstance(reading, Answered) else self._panels[family].nothing()


def _no_gateway() -> Failed:
    return Failed("router", FailureReason.OTHER, "this host has no default route", 0.0)
