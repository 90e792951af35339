"""Which packets trace the way to a WAN target: those that show most of it, the unprivileged ones first."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.operators import literal_of
from cadence_exporter.model.trace import Hop, Trace, TraceMethod, UsualPath
from cadence_exporter.observe.icmp import ping
from cadence_exporter.observe.syn_trace import syn_trace
from cadence_exporter.observe.wan_trace import trace
from cadence_exporter.seams import Clock
from cadence_exporter.settings.endpoints import Target

TRACE_S = 2.5
_PING_S = 0.5


def first_traceable(targets: Iterable[Target]) -> tuple[IpAddress, int] | None:
    """Address and port of the first target that can be traced: one that is spelt out, and not this host itself."""
    for target in targets:
        literal = literal_of(target.host)
        if literal is not None and not literal.is_loopback:
            return literal, target.port
    return None


def trace_by(method: TraceMethod, address: IpAddress, port: int, clock: Clock, deadline: Instant) -> Trace:
    """One trace; by TCP it takes the time it needs. Raises ProbeFailed, and PermissionError when this process may not."""
    if method is TraceMethod.TCP:
        return syn_trace(address, port)
    return trace(address, method, clock, deadline)


class Tracer:
    """One target, by the method that shows most of the way: the unprivileged ones first."""

    def __init__(self, address: IpAddress, port: int, clock: Clock) -> None:
        self._address = address
        self._port = port
        self._clock = clock
        self._best: TraceMethod | None = None
        self.router: IpAddress | None = None
        """Who is first on the way, as known when a trace is asked for."""

    def remember(self, usual: UsualPath) -> None:
        """How the working path was traced before a restart or a reload: only a trace of the same kind can be held against it."""
        self._best = self._best or usual.method

    def of_broken_path(self) -> Trace:
        """With what showed most while the path worked. Raises ProbeFailed."""
        with_best = None if self._best is None else self._try(self._best)
        return self._beside_router(with_best or self._first((TraceMethod.ICMP, TraceMethod.UDP)))

    def of_working_path(self) -> Trace:
        """By each method in turn, until one shows a hop beyond the first. Raises ProbeFailed."""
        best: Trace | None = None
        for method in TraceMethod:
            found = self._try(method)
            if found is not None and (best is None or len(found.hops) > len(best.hops)):
                best = found
            if best is not None and any(hop.ttl > 1 for hop in best.hops):
                break
        if best is None:
            raise ProbeFailed(FailureReason.OTHER, f"no trace to {self._address}")
        self._best = best.method
        return replace(best, path_worked=True)

    def _beside_router(self, found: Trace) -> Trace:
        """When nobody spoke of the packets: with the router, if it answers a ping just then.

        A Linux router that has no way further says so once in two seconds without traffic: ours never ends, so it may never say it.
        """
        if found.hops or found.reached_at is not None or self.router is None:
            return found
        try:
            ping(self.router, self._clock, later(self._clock.monotonic(), _PING_S))
        except (ProbeFailed, OSError):
            return found
        return replace(found, hops=(Hop(1, self.router),), packets=found.packets + 1)

    def _first(self, methods: Sequence[TraceMethod]) -> Trace:
        for method in methods:
            found = self._try(method)
            if found is not None:
                return found
        raise ProbeFailed(FailureReason.OTHER, f"no trace to {self._address}")

    def _try(self, method: TraceMethod) -> Trace | None:
        deadline = later(self._clock.monotonic(), TRACE_S)
        try:
            return trace_by(method, self._address, self._port, self._clock, deadline)
        except (ProbeFailed, PermissionError):
            return None
