"""The same rings at the same moments wake both doorbells at the same moments, for the same reasons."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cadence_exporter.model.instants import later
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.doorbell import QueueDoorbell
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.world import World
from tests.hand_clock import HandClock
from tests.observe.test_doorbell import Inbox

RINGS = st.lists(
    st.tuples(
        st.integers(0, 9000),
        st.sampled_from((Reason.CHECK, Reason.CHECK, Reason.ROUTER, Reason.ANNOUNCEMENT, Reason.RELOAD)),
    ),
    max_size=150,
)
WAITS = st.lists(st.tuples(st.sampled_from((3.0, 30.0, 60.0, 180.0)), st.sampled_from((0.2, 0.2, 8.0))), max_size=60)
CROWD = [(at, Reason.CHECK) for at in range(0, 9000, 7)]
FLOOD = sorted(
    [(at, Reason.ANNOUNCEMENT) for at in range(0, 9000, 2)] + [(at, Reason.CHECK) for at in range(50, 9000, 400)]
)


def moments(rings):
    """At odd fractions of a second, so that a ring never coincides with the end of a wait."""
    return sorted(((at + 0.137, reason) for at, reason in rings), key=lambda ring: ring[0])


def woken_for_real(rings, waits):
    clock = HandClock()
    began, inbox = clock.seconds, Inbox(clock)
    inbox.later = [(began + at, reason) for at, reason in moments(rings)]
    bell = QueueDoorbell(clock, inbox)
    for wait_s, work_s in waits:
        reasons = bell.wait(later(clock.monotonic(), wait_s)).reasons
        yield round(clock.seconds - began, 2), reasons
        clock.seconds += work_s
        while inbox.later and inbox.later[0][0] <= clock.seconds:
            bell.ring(inbox.later.pop(0)[1])


def woken_in_the_simulation(rings, waits):
    world = World(PLAIN, 1, 1e9)
    for at, reason in moments(rings):
        world.after(at, lambda reason=reason: world.doorbell.ring(reason))
    for wait_s, work_s in waits:
        reasons = world.doorbell.wait(later(world.clock.monotonic(), wait_s)).reasons
        yield round(world.clock.true, 2), reasons
        world.pass_time(work_s)


@given(RINGS, WAITS)
@example(CROWD, [(60.0, 0.2)] * 200)
@example(FLOOD, [(60.0, 0.2)] * 300)
@example([(0, Reason.CHECK), (1, Reason.CHECK), (2, Reason.RELOAD)], [(3.0, 8.0)] * 5)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_both_wake_at_the_same_moments_for_the_same_reasons(rings, waits):
    assert list(woken_in_the_simulation(rings, waits)) == list(woken_for_real(rings, waits))
