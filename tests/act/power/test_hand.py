"""How an action on the power ended, by what its switch is."""

from cadence_exporter.act.power.hand import PowerHand
from cadence_exporter.act.power.rehearsal import Rehearsal
from cadence_exporter.clock import SystemClock
from cadence_exporter.model.recovery import Bounce, EnsureOn, PowerResult

CLOCK = SystemClock()


class NoFaults:
    def caught(self, where: str, error: BaseException) -> None:
        raise AssertionError(where) from error


class Relay(Rehearsal):
    """A device with a relay: everything works."""

    name = "shelly"


def result(switch: Rehearsal, action: Bounce | EnsureOn) -> PowerResult:
    return PowerHand(switch, CLOCK, NoFaults(), 5.0).perform(action).result


def test_a_rehearsed_bounce_begins_and_ends_as_rehearsed() -> None:
    switch = Rehearsal(CLOCK)
    assert result(switch, Bounce(30.0)) is PowerResult.REHEARSED
    assert result(switch, EnsureOn()) is PowerResult.REHEARSED


def test_a_relay_that_says_on_is_a_success() -> None:
    assert result(Relay(CLOCK), EnsureOn()) is PowerResult.SUCCESS
