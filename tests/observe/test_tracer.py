"""Which packets are sent, and who belongs to a trace of which nobody spoke."""

from ipaddress import ip_address

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.trace import Hop, Trace, TraceMethod, UsualPath
from cadence_exporter.observe import tracer as tracer_module
from cadence_exporter.observe.tracer import Tracer

TARGET, ROUTER, ISP = ip_address("1.1.1.1"), ip_address("192.168.77.1"), ip_address("81.2.69.1")


def dead(*_):
    raise ProbeFailed(FailureReason.TIMEOUT, "no ping reply")


def traced(monkeypatch, *hops, ping, router=ROUTER):
    """The hops of a trace in which these spoke, beside a router that answers pings like that."""
    monkeypatch.setattr(tracer_module, "ping", ping)
    tracer = Tracer(TARGET, 443, SystemClock())
    tracer.router = router
    tracer._first = lambda _: Trace(TARGET, TraceMethod.ICMP, hops, None, 40)
    return tracer.of_broken_path().hops


def test_a_router_that_says_nothing_of_the_packets_but_answers_a_ping_is_where_they_came_to(monkeypatch):
    assert traced(monkeypatch, ping=lambda *_: None) == (Hop(1, ROUTER),)


def test_a_router_that_is_gone_is_not(monkeypatch):
    assert traced(monkeypatch, ping=dead) == ()


@pytest.mark.parametrize("hops", [(Hop(1, ROUTER),), (Hop(2, ISP),)])
def test_it_is_not_asked_where_somebody_spoke(monkeypatch, hops):
    assert traced(monkeypatch, *hops, ping=dead) == hops


def test_without_a_gateway_nobody_is_asked(monkeypatch):
    assert traced(monkeypatch, ping=dead, router=None) == ()


def test_after_a_restart_the_broken_path_is_traced_as_the_working_one_was(monkeypatch):
    """By pings nobody may ever answer here; that silence would look like a dead line."""
    asked = []
    monkeypatch.setattr(tracer_module, "trace", lambda _, method, *__: asked.append(method) or dead())
    monkeypatch.setattr(tracer_module, "syn_trace", lambda *_: asked.append(TraceMethod.TCP) or dead())
    for learnt_by in TraceMethod:
        asked.clear()
        tracer = Tracer(TARGET, 443, SystemClock())
        tracer.remember(
            UsualPath(ROUTER, (Hop(1, ROUTER), Hop(2, ISP)), reached=True, at=WallTime(0.0), method=learnt_by)
        )
        with pytest.raises(ProbeFailed):
            tracer.of_broken_path()
        assert asked[0] is learnt_by
