"""The contract of every power switch: the power always comes back, and nobody else's is ever cut.

The device has its own clock, which runs on when the client dies; what is judged is what the relay's contacts really did.
"""

import contextlib
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cadence_exporter.demo.device_faults import DeviceFault
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.outcome import ApiCall
from cadence_exporter.model.power import BounceReceipt, Proof
from cadence_exporter.outbound.call_log import CallLog
from tests.contracts.power.benches import CLOCK, KINDS, OFF_FOR_S, SECRET, Bench, kasa

PATIENCE_S = 5.0
SHORT_S = 0.6
MOST_CALLS = 24
"""More than any kind needs for a bounce, the restoring included."""


class Killed(BaseException):
    """The client ends here, as by SIGKILL: nothing of it runs any more."""


class DeadlyLog(CallLog):
    """Kills the client when a number of calls were made."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._left = calls

    def add(self, call: ApiCall) -> None:
        super().add(call)
        self._left -= 1
        if self._left == 0:
            raise Killed


# Each call to a Kasa plug starts a program, and each answer that never comes takes its time.
BENCHES = [pytest.param(make, id=make.__name__, marks=[pytest.mark.slow] if make is kasa else []) for make in KINDS]
SAME_TO_KASA = {
    DeviceFault.ERROR_BEFORE: DeviceFault.LOST_BEFORE,
    DeviceFault.DENIED: DeviceFault.LOST_BEFORE,
    DeviceFault.ERROR_AFTER: DeviceFault.LOST_AFTER,
    DeviceFault.GARBAGE_AFTER: DeviceFault.LOST_AFTER,
}
"""All that the client gets to know of these is the exit code 1 of the program."""
FAULTS = [
    pytest.param(fault, marks=[pytest.mark.slow] if fault is DeviceFault.SILENT_AFTER else []) for fault in DeviceFault
]


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    made: Bench = request.param(tmp_path)
    yield made
    made.close()


def once_for_kasa(bench: Bench, fault: DeviceFault) -> None:
    if bench.kind == "kasa" and fault in SAME_TO_KASA:
        pytest.skip(f"the program ends as with {SAME_TO_KASA[fault]}")


def soon(seconds: float = PATIENCE_S) -> Instant:
    return later(CLOCK.monotonic(), seconds)


def owns_timer(bench: Bench) -> bool:
    return bench.client().device_owns_timer


def calls_of_a_bounce(bench: Bench) -> int:
    """How many calls the device gets in a good one."""
    bench.client().bounce(OFF_FOR_S, soon())
    calls = bench.faults.calls
    bench.client().ensure_on(soon())
    bench.later(OFF_FOR_S + 5)
    bench.faults.clear()
    return calls


def words_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))


def test_a_bounce_cuts_the_power_and_proves_that_it_comes_back(bench: Bench) -> None:
    client = bench.client()
    receipt = client.bounce(OFF_FOR_S, soon())
    assert not bench.relay.power_on
    assert receipt.identity.id == client.known
    assert receipt.off_for_s == OFF_FOR_S
    assert OFF_FOR_S - 2 < receipt.on_due_at - receipt.cut_at < OFF_FOR_S + 5
    if client.device_owns_timer:
        bench.later(OFF_FOR_S - 2)
        assert not bench.relay.power_on
        bench.later(7)
        assert receipt.proof is not Proof.CONTROLLER
    else:
        bench.later(OFF_FOR_S)
        client.ensure_on(soon())
        assert receipt.proof is Proof.CONTROLLER
    assert bench.relay.power_on
    assert 0 < bench.relay.longest_off_s() <= OFF_FOR_S + 5
    assert client.is_on(soon()).on


def test_the_receipt_shows_that_the_load_was_really_cut_where_the_device_measures(bench: Bench) -> None:
    receipt = bench.client().bounce(OFF_FOR_S, soon())
    if receipt.watts_before is not None:
        assert (receipt.watts_before, receipt.watts_off) == (9.5, 0.0)


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_at_any_call_the_power_comes_back(bench: Bench, fault: DeviceFault) -> None:
    """The caller does what the seam asks of it: ensure_on after a doubt, and when the power is due."""
    once_for_kasa(bench, fault)
    within_s = SHORT_S if fault is DeviceFault.SILENT_AFTER and bench.kind != "kasa" else PATIENCE_S
    if fault is DeviceFault.SILENT_AFTER and bench.kind == "kasa":
        within_s = 1.2
    for number in range(1, calls_of_a_bounce(bench) + 1):
        bench.faults.clear()
        bench.faults.by_call = {number: fault}
        receipt: BounceReceipt | None = None
        with contextlib.suppress(ActionFailed):
            receipt = bench.client().bounce(OFF_FOR_S, soon(within_s))
        bench.faults.clear()
        if receipt is None or receipt.proof is Proof.CONTROLLER:
            bench.later(0 if receipt is None else OFF_FOR_S)
            bench.client().ensure_on(soon())
        bench.later(OFF_FOR_S + 5)
        assert bench.relay.power_on, (number, receipt)
        bench.client().ensure_on(soon())
    limit_s = bench.restart_limit_s if "restart" in fault else OFF_FOR_S + 5
    assert bench.relay.longest_off_s() <= limit_s


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_called_doubtful_left_the_power_on(bench: Bench, fault: DeviceFault) -> None:
    """Or off with the device's own timer running, when the device itself restarted."""
    if fault is DeviceFault.SILENT_AFTER:
        pytest.skip("an answer that never comes is the case of lost_after, slower")
    once_for_kasa(bench, fault)
    for number in range(1, calls_of_a_bounce(bench) + 1):
        bench.faults.clear()
        bench.faults.by_call = {number: fault}
        doubtful = True
        try:
            bench.client().bounce(OFF_FOR_S, soon())
        except ActionFailed as error:
            doubtful = error.doubtful
        assert doubtful or bench.relay.power_on or bench.relay.timer_left_s is not None, number
        bench.faults.clear()
        bench.client().ensure_on(soon())
        bench.later(OFF_FOR_S + 5)


def test_a_device_that_is_out_of_reach_from_any_call_on_is_doubtful_when_its_power_may_be_off(bench: Bench) -> None:
    """As a plug on the Wi-Fi that it cuts: obeyed, and not heard of again."""
    left_off = 0
    for number in range(1, calls_of_a_bounce(bench) + 1):
        bench.faults.clear()
        bench.faults.by_call = {**dict.fromkeys(range(1, number)), number: DeviceFault.LOST_AFTER}
        bench.faults.always = DeviceFault.LOST_BEFORE
        doubtful = False
        try:
            bench.client().bounce(OFF_FOR_S, soon())
        except ActionFailed as error:
            doubtful = error.doubtful
        else:
            break  # only the watts were not heard any more: the proof was
        left_off += not bench.relay.power_on
        assert bench.relay.power_on or doubtful, number
        bench.faults.clear()
        bench.client().ensure_on(soon())
        bench.later(OFF_FOR_S + 5)
    assert left_off


def test_a_client_killed_after_any_call_leaves_a_power_that_comes_back(bench: Bench) -> None:
    for number in range(1, MOST_CALLS):
        try:
            bench.client(log=DeadlyLog(number)).bounce(OFF_FOR_S, soon())
        except Killed:
            pass
        else:
            break
        if not owns_timer(bench):
            bench.client().ensure_on(soon())  # what the next start does
            assert bench.relay.power_on, number
        bench.later(OFF_FOR_S + 5)
        assert bench.relay.power_on, number
        assert bench.relay.longest_off_s() <= OFF_FOR_S + 5
        bench.client().ensure_on(soon())
    assert number > 3


def test_a_client_killed_while_it_restores_the_power_leaves_one_that_comes_back(bench: Bench) -> None:
    if bench.ignores_timers is None:
        pytest.skip("this kind has no timer that could be ignored")
    bench.ignores_timers()
    for number in range(1, MOST_CALLS):
        with contextlib.suppress(Killed, ActionFailed):
            bench.client(log=DeadlyLog(number)).bounce(OFF_FOR_S, soon())
        bench.client().ensure_on(soon())
        assert bench.relay.power_on


def test_another_device_at_the_address_is_never_switched(bench: Bench) -> None:
    client = bench.client(known=None)
    client.identify(soon())
    before = list(bench.relay.history)
    bench.become_another()
    with pytest.raises(ProbeFailed):
        client.identify(soon())
    with pytest.raises(ActionFailed) as refused:
        client.bounce(OFF_FOR_S, soon())
    bench.relay.set(on=False)
    with pytest.raises(ActionFailed) as not_turned_on:
        client.ensure_on(soon())
    assert bench.relay.history[: len(before)] == before
    assert not bench.relay.power_on
    assert not_turned_on.value.doubtful
    assert bench.kind == "home_assistant" or refused.value.refusal


def test_a_device_that_was_never_identified_is_not_bounced(bench: Bench) -> None:
    with pytest.raises(ActionFailed, match="never identified") as refused:
        bench.client(known=None).bounce(OFF_FOR_S, soon())
    assert refused.value.refusal
    assert bench.faults.calls == 0


def test_a_switch_without_a_timer_is_bounced_only_when_it_is_reached_by_another_network(bench: Bench) -> None:
    client = bench.client(independent=False)
    if client.device_owns_timer:
        client.bounce(OFF_FOR_S, soon())
        return
    with pytest.raises(ActionFailed, match="independent_network: true") as refused:
        client.bounce(OFF_FOR_S, soon())
    assert refused.value.refusal
    assert bench.relay.power_on


def test_a_device_set_up_unsafely_is_refused_with_what_to_do(bench: Bench) -> None:
    if bench.unsafe is None:
        pytest.skip("nothing at this kind can be set up wrong, or be seen to be")
    bench.unsafe()
    with pytest.raises(ActionFailed) as refused:
        bench.client().bounce(OFF_FOR_S, soon())
    assert refused.value.refusal
    assert not refused.value.doubtful
    assert [on for _, on in bench.relay.history] == [True]


def test_a_timer_that_is_not_taken_means_on_again_at_once_and_no_success(bench: Bench) -> None:
    if bench.ignores_timers is None:
        pytest.skip("this kind has no timer that could be ignored")
    bench.ignores_timers()
    with pytest.raises(ActionFailed, match="turned on again: yes"):
        bench.client().bounce(OFF_FOR_S, soon())
    assert bench.relay.power_on
    assert bench.relay.longest_off_s() == 0


def test_a_timer_that_is_shown_and_never_comes_due_is_healed_when_the_power_is_due(bench: Bench) -> None:
    bench.relay.timer_works = False
    bench.client().bounce(OFF_FOR_S, soon())
    bench.later(OFF_FOR_S)
    assert not bench.relay.power_on
    bench.client().ensure_on(soon())
    assert bench.relay.power_on


def test_a_restart_of_the_device_in_the_middle_brings_the_power_back(bench: Bench) -> None:
    for after_s in (0, 1, 15, 29):
        bench.client().bounce(OFF_FOR_S, soon())
        bench.later(after_s)
        bench.restart()
        if not bench.survives_restart:
            assert not bench.relay.power_on
            bench.client().ensure_on(
                soon()
            )  # a Kasa plug forgets its countdown: the caller's look at the due time is all there is
        bench.later(OFF_FOR_S + 5)
        assert bench.relay.power_on
        bench.client().ensure_on(soon())
    assert bench.relay.longest_off_s() <= bench.restart_limit_s


def test_what_is_off_already_is_not_bounced_but_turned_on(bench: Bench) -> None:
    bench.relay.set(on=False)
    with pytest.raises(ActionFailed, match="off already") as refused:
        bench.client().bounce(OFF_FOR_S, soon())
    assert refused.value.refusal
    assert refused.value.doubtful
    bench.client().ensure_on(soon())
    assert bench.relay.power_on


def test_turning_on_what_is_on_changes_nothing(bench: Bench) -> None:
    for _ in range(3):
        bench.client().ensure_on(soon())
    assert [on for _, on in bench.relay.history] == [True]


def test_a_bounce_that_is_turned_on_early_stays_on(bench: Bench) -> None:
    bench.client().bounce(OFF_FOR_S, soon())
    bench.later(3)
    bench.client().ensure_on(soon())
    for _ in range(10):
        bench.later(OFF_FOR_S / 3)
        assert bench.relay.power_on


def test_a_welded_relay_shows_in_the_receipt_where_the_device_measures(bench: Bench) -> None:
    bench.relay.welded = True
    receipt = bench.client().bounce(OFF_FOR_S, soon())
    assert receipt.watts_off == receipt.watts_before


def test_a_relay_that_does_not_move_is_no_success(bench: Bench) -> None:
    bench.relay.stuck = True
    client = bench.client()
    if bench.make(CallLog()).proof is Proof.DECLARED:
        assert client.bounce(OFF_FOR_S, soon()).proof is Proof.DECLARED  # only the user's word
        return
    with pytest.raises(ActionFailed):
        client.bounce(OFF_FOR_S, soon())
    assert bench.relay.power_on


def test_power_that_cannot_be_turned_on_is_doubtful(bench: Bench) -> None:
    bench.relay.set(on=False)
    bench.relay.stuck = True
    with pytest.raises(ActionFailed) as failed:
        bench.client().ensure_on(soon(1))
    assert failed.value.doubtful


@pytest.mark.parametrize("fault", FAULTS)
def test_secrets_are_in_no_error_and_no_representation(bench: Bench, fault: DeviceFault) -> None:
    secret = SECRET.encode("ascii", "ignore").decode()
    bench.faults.always = fault
    within_s = SHORT_S / 3 if fault is DeviceFault.SILENT_AFTER else PATIENCE_S
    client = bench.client()
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: client.identify(soon(within_s)),
        lambda: client.is_on(soon(within_s)),
        lambda: client.bounce(OFF_FOR_S, soon(within_s)),
        lambda: client.ensure_on(soon(within_s)),
    )
    for attempt in attempts:
        with pytest.raises((ActionFailed, ProbeFailed)) as failed:
            attempt()
        assert SECRET not in words_of(failed.value)
        assert secret not in words_of(failed.value)
        assert secret not in str(failed.value.__cause__)
    shown = repr(client) + repr(vars(client)) + repr(vars(client._relay))
    assert secret not in shown
    assert SECRET not in shown


def test_every_call_is_counted_for_the_actuator(bench: Bench) -> None:
    log = CallLog()
    bench.client(log=log).bounce(OFF_FOR_S, soon())
    calls = log.drain()
    assert {call.service for call in calls} == {"actuator"}
    assert len(calls) >= 4
    assert {call.code for call in calls} <= {"2xx", "4xx"}


def test_nothing_is_asked_after_the_deadline(bench: Bench) -> None:
    client = bench.client()
    with pytest.raises(ActionFailed):
        client.bounce(OFF_FOR_S, soon(-1))
    with pytest.raises(ActionFailed):
        client.ensure_on(soon(-1))
    assert bench.faults.calls == 0
    assert bench.relay.power_on
