"""The pretend plug, UPS and watch against the real adapters: the same happens, so that what holds in simulations holds outside."""

import socketserver
import threading
from contextlib import contextmanager
from dataclasses import replace
from random import Random

import pytest

from cadence_exporter.act.power.hand import PowerHand
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.device_faults import DeviceFault
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant, Now, WallTime, later
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.observation import Answered, Failed
from cadence_exporter.model.recovery import Ask, Bounce, EnsureOn, RecoveryMemory, RecoveryPolicy, Request, Unfinished
from cadence_exporter.observe.power_watch import EVERY_S, PowerGear, PowerWatch
from cadence_exporter.observe.ups import UpsProbe
from cadence_exporter.outbound.dial import Dialer
from cadence_exporter.simulate.home_power import BRAVE
from cadence_exporter.simulate.plug import PlugFault
from cadence_exporter.simulate.power import LOOK_AGAIN_S
from cadence_exporter.simulate.ups import Ups
from cadence_exporter.simulate.world import World
from tests.contracts.power.benches import OFF_FOR_S, shelly_gen2_open, simulated

CLOCK = SystemClock()
CALLS_OF_A_BOUNCE = 5
QUICK = sorted(set(DeviceFault) - {DeviceFault.SILENT_AFTER})
"""Waiting for an answer that never comes is like losing it, and takes the whole time."""


class NoFaults:
    def caught(self, where, error):
        raise AssertionError(where) from error


def story_of(bench, faults):
    """What came of a bounce, what the relay did, whether the device will turn it on, and what came of turning it on when it is due."""
    bench.faults.by_call = faults
    switch = bench.client()
    hand = PowerHand(switch, CLOCK, NoFaults(), 2.0)
    done = hand.perform(Bounce(OFF_FOR_S))
    told = [done.result, None if done.receipt is None else done.receipt.proof, bench.relay.power_on]
    told.append(None if bench.relay.timer_left_s is None else round(bench.relay.timer_left_s))
    told.append(bench.faults.calls)
    bench.faults.by_call = {}
    bench.later(OFF_FOR_S + 0.1)
    told.append(bench.relay.power_on)
    told += [hand.perform(EnsureOn()).result, bench.relay.power_on]
    bench.close()
    return told


@pytest.mark.parametrize("fault", QUICK)
def test_a_fault_at_each_call_of_a_bounce_ends_alike(tmp_path, fault):
    for number in range(1, CALLS_OF_A_BOUNCE + 1):
        real, pretend = (story_of(make(tmp_path), {number: fault}) for make in (shelly_gen2_open, simulated))
        assert real == pretend, f"{fault} at call {number}"


def test_two_faults_in_a_row_end_alike(tmp_path):
    """The answer to the cut is lost, and one of what is asked next."""
    for number in range(CALLS_OF_A_BOUNCE, CALLS_OF_A_BOUNCE + 4):
        faults = {4: DeviceFault.LOST_AFTER, 5: DeviceFault.LOST_BEFORE, number: DeviceFault.LOST_BEFORE}
        real, pretend = (story_of(make(tmp_path), faults) for make in (shelly_gen2_open, simulated))
        assert real == pretend, number


@pytest.mark.parametrize("set_up", ["become_another", "unsafe", "ignores_timers", "restart"])
def test_a_device_that_is_not_as_it_should_be_is_dealt_with_alike(tmp_path, set_up):
    told = []
    for make in (shelly_gen2_open, simulated):
        bench = make(tmp_path)
        getattr(bench, set_up)()
        told.append(story_of(bench, {}))
    assert told[0] == told[1]


def test_faults_have_the_same_names():
    assert {fault.value for fault in DeviceFault} == {fault.value for fault in PlugFault}


@contextmanager
def upsd(says):
    """One that answers with ``says`` by variable; ``None`` hangs up."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                words = line.decode().split()
                if says is None or words[0] == "LOGOUT":
                    return
                self.wfile.write(f'VAR {words[2]} {words[3]} "{says[words[3]]}"\n'.encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield UpsProbe(Dialer(CLOCK), "127.0.0.1", server.server_address[1], "ups")
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("gone_s", [None, 250.0, 500.0, 875.0, 2000.0], ids=str)
def test_a_ups_in_the_same_state_says_the_same(gone_s):
    time = [5000.0]
    pretend = Ups(lambda: time[0], 1000.0)
    if gone_s is not None:
        pretend.mains_gone_at = time[0] - gone_s
    said = pretend.read().value
    status = {None: "OL", 250.0: "OB", 500.0: "OB", 875.0: "OB LB", 2000.0: "OB LB"}[gone_s]
    words = {
        "ups.status": status,
        "battery.charge": f"{100 * said.charge:g}",
        "battery.runtime": f"{said.runtime_s:g}",
    }
    with upsd(words) as probe:
        assert probe.read(later(CLOCK.monotonic(), 2.0)) == said


def test_a_ups_that_is_silent_is_a_failure_in_both():
    pretend = Ups(lambda: 0.0, 1000.0)
    pretend.silent.add("silent")
    assert isinstance(pretend.read(), Failed)
    with upsd(None) as probe, pytest.raises(ProbeFailed):
        probe.read(later(CLOCK.monotonic(), 2.0))


class Lanes:
    def start(self, _kind, _name, _look):
        return "asked"


class Shelly:
    name = "shelly"


@pytest.mark.parametrize("automatic", [True, False])
def test_the_plug_is_asked_at_the_same_looks(automatic):
    assert LOOK_AGAIN_S == EVERY_S
    spec = replace(BRAVE.recovery, policy=RecoveryPolicy(enabled=automatic, device="simulated"))
    power = World(replace(BRAVE, recovery=spec), 1, 0.0).power
    wanted = []
    watch = PowerWatch(PowerGear(Shelly(), automatic, None, lambda: bool(wanted)), Lanes())
    power.begin(None, NoFaults())
    chance, at_s, seen = Random(7), 10.0, []  # noqa: S311 - repeatable
    for _ in range(400):
        at_s += chance.choice((5.0, 30.0, 180.0, 1500.0, 3600.0))
        now = Now(Instant(at_s), WallTime(at_s))
        unfinished = Unfinished(now, 30.0) if chance.random() < 0.1 else None
        memory = Memory(chance.choice(list(Phase)), now, recovery=RecoveryMemory(unfinished=unfinished))
        wanted[:] = [Request(Ask.BOUNCE)] if chance.random() < 0.1 else []
        power._requests = list(wanted)
        real = watch.start_plug(memory, now, now.instant)
        plug, _ = power.look(memory, now)
        assert (real is not None) == (plug is not None)
        assert plug is None or isinstance(plug, Answered)
        seen.append(plug is not None)
    assert {True, False} == set(seen)
