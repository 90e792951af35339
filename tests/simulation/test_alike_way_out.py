"""One rhythm for both: when the production crew traces the way out, and when the simulator's does, over any hours of a home."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.observation import Answered, Failed, FailureReason, PathWorks
from cadence_exporter.model.trace import Trace, TraceMethod, UsualPath
from cadence_exporter.observe import path_watch
from cadence_exporter.observe.path_watch import PathWatch
from cadence_exporter.settings.endpoints import parse_target
from cadence_exporter.simulate import way_out
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.services import GATEWAY
from cadence_exporter.simulate.world import World
from tests.hand_clock import HandClock

EPOCH = 1.7e9


class AtOnce:
    """What a lane gives back when its work is quick."""

    done = True

    def __init__(self, reading, began):
        self._reading = reading
        self.began = began

    def reading(self, deadline):
        del deadline
        return self._reading


class Lanes:
    def __init__(self, clock):
        self._clock = clock

    def start(self, lane, source, ask):
        del lane
        return AtOnce(Answered(source, ask(), 0.0), self._clock.monotonic())


class FakeTracer:
    def __init__(self, *_):
        pass

    def remember(self, _):
        pass

    def of_broken_path(self):
        return Trace(ip_address("1.1.1.1"), TraceMethod.UDP, (), None, 20)

    def of_working_path(self):
        return Trace(ip_address("1.1.1.1"), TraceMethod.UDP, (), 5, 20, path_worked=True)


class Real:
    def __init__(self):
        self.clock = HandClock(0.0)
        self.watch = PathWatch([parse_target("tls://1.1.1.1:443")], Lanes(self.clock), self.clock)

    def look(self, now, memory, *, works):
        self.clock.seconds = now.instant
        reading = (
            Answered("t", PathWorks("1.1.1.1", 443), 0.02) if works else Failed("t", FailureReason.TIMEOUT, "", 8.0)
        )
        return self.watch.follow([AtOnce(reading, now.instant)], GATEWAY, memory, now, Instant(now.instant + 8.0))[1]


class Simulated:
    def __init__(self):
        self.way = World(PLAIN, 1, 86_400.0).way_out

    def look(self, now, memory, *, works):
        return self.way.follow(memory, now, works=works)


WAITS = st.sampled_from((3.0, 10.0, 24.0, 26.0, 31.0, 119.0, 121.0, 180.0, 3_700.0, 44_000.0))
LOOKS = st.lists(st.tuples(WAITS, st.booleans()), max_size=40)


@given(LOOKS, st.booleans())
def test_both_trace_at_the_same_looks_and_show_the_same(looks, learns):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(path_watch, "Tracer", FakeTracer)
        homes = (Real(), Simulated())
        usual, seconds = None, 0.0
        for wait_s, works in looks:
            seconds += wait_s
            now = Now(Instant(seconds), WallTime(EPOCH + seconds))
            memory = Memory(Phase.UP, now, usual_path=usual)
            shown = [home.look(now, memory, works=works) for home in homes]
            assert told(shown[0]) == told(shown[1])
            if learns and shown[0] is not None and shown[0].value.path_worked:
                usual = UsualPath(GATEWAY, (), reached=True, at=now.wall, method=TraceMethod.UDP)


def told(reading):
    """What of a trace depends on when it was made."""
    if reading is None:
        return None
    trace = reading.value
    return trace.path_worked, trace.is_news, trace.age_s


def test_the_rhythm_is_that_of_the_production_crew():
    for name in ("AGAIN_S", "SOON_S", "USUAL_FOR_S", "USUAL_AGAIN_S"):
        assert getattr(way_out, name) == getattr(path_watch, name)
