from dataclasses import replace
from ipaddress import ip_address
from typing import Any, cast

from cadence_exporter.act.dns.reconcile import Reconciler
from cadence_exporter.act.hands import Hands
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.decision import ConfirmVisible, Reconcile
from cadence_exporter.model.outcome import Operation, Result
from cadence_exporter.model.record import RecordKey, RecordSpec
from tests.act.dns.pretend import StillClock, Truth, Zone

CLOCK = StillClock()
SPEC = RecordSpec(RecordKey("vpn.example.com", RecordType.A), "pretend")
NEW = ip_address("93.184.216.34")
RECONCILE = Reconcile(SPEC, NEW, CLOCK.now(), CLOCK.now(), full_truth=True, turn=0, may_write=True)
CONFIRM = ConfirmVisible(SPEC, NEW)


class Caught:
    def __init__(self) -> None:
        self.caught_in: list[tuple[str, Exception]] = []

    def caught(self, where: str, error: Exception) -> None:
        self.caught_in.append((where, error))


def test_each_action_gets_its_own_outcome_in_order() -> None:
    reconciler = Reconciler(CLOCK, (Truth("one", (NEW,)),), {"pretend": Zone()}, rehearse=False, call_timeout_s=5)
    outcomes = Hands(reconciler, Caught(), CLOCK).perform([CONFIRM, RECONCILE])
    assert [(outcome.action, outcome.result) for outcome in outcomes] == [
        (CONFIRM, Result.VISIBLE),
        (RECONCILE, Result.VERIFIED),
    ]


def test_a_bug_in_a_provider_is_counted_and_becomes_a_failure_that_tells_no_secret() -> None:
    bug = ZeroDivisionError("token=secret")

    class Buggy(Zone):
        def read(self, *_: Any) -> Any:
            raise bug

    faults = Caught()
    reconciler = Reconciler(CLOCK, (), {"pretend": Buggy()}, rehearse=False, call_timeout_s=5)
    first, second = Hands(reconciler, faults, CLOCK).perform([RECONCILE, CONFIRM])
    assert faults.caught_in == [("act", bug)]
    assert (first.result, second.result) == (Result.FAILED, Result.VISIBLE)
    assert "secret" not in first.detail


def test_a_bug_that_may_have_come_after_the_write_counts_as_one() -> None:
    class Buggy(Zone):
        def create(self, *_: Any) -> None:
            raise ZeroDivisionError

    reconciler = Reconciler(CLOCK, (), {"pretend": Buggy()}, rehearse=False, call_timeout_s=5)
    hands = Hands(reconciler, Caught(), CLOCK)
    (first,) = hands.perform([RECONCILE])
    assert (first.result, first.operation) == (Result.FAILED, Operation.CREATE)
    (second,) = hands.perform([replace(RECONCILE, may_write=False)])
    assert (second.result, second.operation) == (Result.REFUSED, None)


def test_an_unknown_action_does_not_escape_either() -> None:
    faults = Caught()
    reconciler = Reconciler(CLOCK, (), {}, rehearse=False, call_timeout_s=5)
    (outcome,) = Hands(reconciler, faults, CLOCK).perform([cast("Any", object())])
    assert outcome.result is Result.FAILED
    assert len(faults.caught_in) == 1
