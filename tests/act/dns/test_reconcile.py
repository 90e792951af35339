import threading
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.act.dns.plan import Refuse, plan
from cadence_exporter.act.dns.reconcile import SLEPT, Reconciler
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import IpAddress, RecordType
from cadence_exporter.model.decision import ConfirmVisible, Reconcile
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.outcome import Operation, Outcome, Result
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet
from tests.act.dns.pretend import StillClock, Truth, Zone

CLOCK = StillClock()
KEY = RecordKey("vpn.example.com", RecordType.A)
SPEC = RecordSpec(KEY, "pretend")
OLD, NEW, OTHER = (ip_address(text) for text in ("81.2.69.142", "93.184.216.34", "81.2.69.150"))


def action(spec: RecordSpec = SPEC, address: IpAddress = NEW, **named: Any) -> Reconcile:
    whole = {"full_truth": True, "turn": 0, "may_write": True, **named}
    return Reconcile(spec, address, CLOCK.now(), **{"decided_at": CLOCK.now(), **whole})


def reconcile(
    zone: Zone, *truths: Truth, what: Reconcile | None = None, rehearse: bool = False, timeout_s: float = 5
) -> Outcome:
    reconciler = Reconciler(CLOCK, truths, {"pretend": zone}, rehearse=rehearse, call_timeout_s=timeout_s)
    return reconciler.reconcile(what or action())


def holding(*addresses: IpAddress) -> Zone:
    return Zone([HeldRecord(str(address), str(number)) for number, address in enumerate(addresses)])


def says(*addresses: IpAddress, operator: str = "one") -> Truth:
    return Truth(operator, addresses)


def silent(operator: str = "mute") -> Truth:
    return Truth(operator, None)


class Sleeper(StillClock):
    """The wall clock of a host that slept for ``slept_s``; its monotonic clock stood still."""

    slept_s = 0.0

    def wall(self) -> WallTime:
        return WallTime(super().wall() + self.slept_s)


@pytest.mark.parametrize(
    ("slept_s", "written"), [(0.0, True), (10.0, True), (10.5, False), (28_800.0, False), (-3600.0, False)]
)
def test_a_host_that_slept_or_whose_clock_was_set_since_it_looked_writes_nothing(
    slept_s: float, *, written: bool
) -> None:
    clock, zone = Sleeper(), holding(OLD)
    before = clock.now()
    reconciler = Reconciler(clock, (), {"pretend": zone}, rehearse=False, call_timeout_s=5)
    clock.slept_s = slept_s
    outcome = reconciler.reconcile(action(decided_at=before))
    assert (outcome.result is Result.UPDATED) is written
    assert zone.written == ([str(NEW)] if written else [])
    if not written:
        assert outcome.operation is None
        assert outcome.detail.startswith(SLEPT)


class TestTruth:
    def test_all_who_answer_show_it_and_nobody_else_is_asked(self) -> None:
        zone = holding(OLD)
        outcome = reconcile(zone, says(NEW), says(NEW, operator="two"))
        assert (outcome.result, outcome.found, zone.calls) == (Result.VERIFIED, (NEW,), [])
        assert outcome.detail == "one: shows 93.184.216.34, two: shows 93.184.216.34"

    def test_one_operator_that_is_silent_does_not_matter(self) -> None:
        outcome = reconcile(holding(OLD), silent(), says(NEW))
        assert outcome.result is Result.VERIFIED
        assert "mute: no answer (dns: SERVFAIL)" in outcome.detail

    @pytest.mark.parametrize(
        ("truths", "words"),
        [
            ((says(OLD), says(OLD, operator="two")), "one: shows 81.2.69.142, two: shows 81.2.69.142"),
            ((says(NEW), says(OLD, operator="two")), "resolvers disagree: one: shows 93.184.216.34"),
            ((says(NEW, OLD),), "shows 93.184.216.34 and 81.2.69.142"),
            ((says(), says(NEW, operator="two")), "resolvers disagree: one: no such name (NXDOMAIN)"),
            ((says(),), "no such name"),
            ((silent(), silent("deaf")), "mute: no answer (dns: SERVFAIL), deaf: no answer"),
            ((), "no resolver asked"),
        ],
    )
    def test_anything_else_brings_in_the_provider_and_is_told_apart(
        self, truths: tuple[Truth, ...], words: str
    ) -> None:
        zone = holding(NEW)
        outcome = reconcile(zone, *truths)
        assert (outcome.result, zone.calls, zone.written) == (Result.HELD, ["read"], [])
        assert words in outcome.detail

    def test_quietly_one_operator_in_turn_is_enough(self) -> None:
        truths = [says(NEW, operator=str(number)) for number in range(3)]
        reconcile(holding(), *truths, what=action(full_truth=False, turn=4))
        assert [truth.asked for truth in truths] == [0, 1, 0]

    @pytest.mark.parametrize("first", [says(OLD), silent(), says()])
    def test_an_unexpected_quiet_answer_brings_in_all_the_others(self, first: Truth) -> None:
        others = (says(OLD, operator="two"), says(OLD, operator="three"))
        zone = holding(NEW)
        assert reconcile(zone, first, *others, what=action(full_truth=False)).result is Result.HELD
        assert [other.asked for other in others] == [1, 1]

    def test_quietly_without_any_operator_the_provider_is_asked(self) -> None:
        assert reconcile(holding(NEW), what=action(full_truth=False)).result is Result.HELD

    def test_resolvers_that_may_lag_are_not_enough(self) -> None:
        """Back to the address of before: resolvers still show it from their caches, the provider holds the newer one."""
        truth, zone = says(NEW), holding(OLD)
        outcome = reconcile(zone, truth, what=action(resolvers_may_lag=True))
        assert (outcome.result, zone.contents(), truth.asked) == (Result.UPDATED, [str(NEW)], 0)

    def test_a_hung_operator_costs_its_own_answer_only(self) -> None:
        hung = replace(says(OLD, operator="hung"), hold=threading.Event())
        outcome = reconcile(holding(OLD), hung, says(NEW), timeout_s=0.05)
        assert outcome.result is Result.VERIFIED
        assert "hung: no answer (nothing within 0.05 s)" in outcome.detail

    def test_a_proxied_name_is_asked_for_at_the_provider_only(self) -> None:
        truth, zone = says(OLD), Zone([HeldRecord(str(NEW), "1", 1, proxied=True)])
        outcome = reconcile(zone, truth, what=action(replace(SPEC, proxied=True)))
        assert (outcome.result, outcome.visible_at_once, truth.asked) == (Result.HELD, True, 0)

    def test_a_record_somebody_made_proxied_is_known_to_be_invisible(self) -> None:
        outcome = reconcile(Zone([HeldRecord(str(NEW), "1", 1, proxied=True)]), says(OLD))
        assert (outcome.result, outcome.visible_at_once) == (Result.HELD, True)

    def test_a_local_file_is_its_own_truth(self) -> None:
        truth, zone = says(NEW), replace(holding(OLD), in_public_dns=False)
        outcome = reconcile(zone, truth)
        assert (outcome.result, outcome.visible_at_once, truth.asked) == (Result.UPDATED, True, 0)
        assert "no resolver can show it" in outcome.detail


class TestWriting:
    def test_a_wrong_record_is_changed_and_read_back(self) -> None:
        zone = holding(OLD)
        outcome = reconcile(zone, says(OLD))
        assert (outcome.result, outcome.operation, outcome.found) == (Result.UPDATED, Operation.UPDATE, (OLD,))
        assert (zone.calls, zone.contents()) == (["read", "update", "read"], [str(NEW)])

    def test_a_missing_record_is_created_and_read_back(self) -> None:
        zone = holding()
        outcome = reconcile(zone, says())
        assert (outcome.result, outcome.operation, outcome.found) == (Result.CREATED, Operation.CREATE, ())
        assert zone.calls == ["read", "create", "read"]

    def test_nothing_is_written_once_the_daily_budget_is_spent(self) -> None:
        zone = holding(OLD)
        outcome = reconcile(zone, what=action(may_write=False))
        assert (outcome.result, outcome.operation, zone.written) == (Result.REFUSED, None, [])
        assert "daily budget" in outcome.detail

    @pytest.mark.parametrize("zone", [holding(OLD), holding()])
    def test_a_rehearsal_says_what_it_would_write(self, zone: Zone) -> None:
        outcome = reconcile(zone, rehearse=True)
        assert (outcome.result, outcome.operation, zone.written) == (Result.REHEARSED, None, [])
        assert "vpn.example.com A to 93.184.216.34" in outcome.detail

    def test_a_rehearsal_of_what_is_right_is_simply_right(self) -> None:
        assert reconcile(holding(NEW), rehearse=True).result is Result.HELD

    @pytest.mark.parametrize("zone", [holding(OLD, OTHER), replace(holding(), cname="home.example.net")])
    def test_what_the_plan_refuses_is_left_alone(self, zone: Zone) -> None:
        before = zone.contents()
        outcome = reconcile(zone, says())
        assert (outcome.result, outcome.operation, zone.contents()) == (Result.REFUSED, None, before)

    def test_a_pinned_record_among_several_is_the_only_one_changed(self) -> None:
        zone = holding(OLD, OTHER)
        outcome = reconcile(zone, what=action(replace(SPEC, id="1")))
        assert (outcome.result, zone.contents()) == (Result.UPDATED, [str(OLD), str(NEW)])

    def test_a_provider_that_is_not_set_up_is_a_failure(self) -> None:
        outcome = reconcile(holding(OLD), what=action(replace(SPEC, provider="other")))
        assert (outcome.result, outcome.operation) == (Result.FAILED, None)


def broken(kind: str, **named: Any) -> Zone:
    failure = ActionFailed(f"no {kind}", **named)
    return replace(holding(OLD), fails=lambda called: failure if called == kind else None)


class TestFailures:
    def test_a_provider_that_cannot_be_read_is_never_written_to(self) -> None:
        zone = broken("read", retry_after_s=30.0)
        outcome = reconcile(zone, says())
        assert (outcome.result, outcome.operation, outcome.retry_after_s) == (Result.FAILED, None, 30.0)
        assert zone.calls == ["read"]

    def test_a_refusing_provider_is_a_refusal(self) -> None:
        assert reconcile(broken("read", refusal=True)).result is Result.REFUSED
        assert reconcile(broken("update", refusal=True)).result is Result.REFUSED

    def test_a_failed_write_is_a_failure_with_its_operation(self) -> None:
        outcome = reconcile(broken("update", retry_after_s=300.0))
        assert (outcome.result, outcome.operation, outcome.retry_after_s) == (Result.FAILED, Operation.UPDATE, 300.0)

    def test_a_write_whose_answer_was_lost_is_not_done_until_it_is_read_again(self) -> None:
        zone = replace(holding(), loses=True)
        assert reconcile(zone).result is Result.FAILED
        assert reconcile(zone).result is Result.HELD
        assert zone.written == [str(NEW)]

    def test_a_write_that_the_second_reading_does_not_show_is_a_failure(self) -> None:
        outcome = reconcile(replace(holding(OLD), ignores=True))
        assert (outcome.result, outcome.operation) == (Result.FAILED, Operation.UPDATE)
        assert "holds 81.2.69.142" in outcome.detail

    def test_a_twin_made_by_somebody_else_meanwhile_is_a_failure(self) -> None:
        zone = replace(holding(), meddles=lambda zone: zone.held.append(HeldRecord(str(OTHER), "9")))
        assert reconcile(zone).result is Result.FAILED

    def test_a_write_that_cannot_be_read_back_is_not_called_done(self) -> None:
        reads = iter([None, ActionFailed("gone", retry_after_s=7.0)])
        zone = replace(holding(OLD), fails=lambda kind: next(reads) if kind == "read" else None)
        outcome = reconcile(zone)
        assert (outcome.result, outcome.operation, outcome.retry_after_s) == (Result.FAILED, Operation.UPDATE, 7.0)
        assert "could not be read back" in outcome.detail

    def test_a_hung_provider_is_left_waiting_and_not_called_again(self) -> None:
        zone = replace(holding(OLD), hold=threading.Event())
        reconciler = Reconciler(CLOCK, (), {"pretend": zone}, rehearse=False, call_timeout_s=0.05)
        assert "no answer within" in reconciler.reconcile(action()).detail
        second = reconciler.reconcile(action())
        assert (second.result, zone.calls) == (Result.FAILED, ["read"])
        assert "still waiting for an earlier call" in second.detail
        assert zone.hold is not None
        zone.hold.set()


class TestConfirming:
    def confirm(self, *truths: Truth, zone: Zone | None = None, spec: RecordSpec = SPEC) -> Outcome:
        provider = zone or holding(NEW)
        reconciler = Reconciler(CLOCK, truths, {"pretend": provider}, rehearse=False, call_timeout_s=5)
        outcome = reconciler.confirm(ConfirmVisible(spec, NEW))
        assert provider.calls == []
        return outcome

    def test_it_is_visible_when_everybody_who_answers_shows_it(self) -> None:
        assert self.confirm(says(NEW), silent(), says(NEW, operator="two")).result is Result.VISIBLE

    @pytest.mark.parametrize(
        "truths",
        [(silent(),), (says(OLD),), (says(),), (says(NEW), says(OLD, operator="two")), (says(NEW, OLD),)],
    )
    def test_until_then_it_lags(self, truths: tuple[Truth, ...]) -> None:
        assert self.confirm(*truths).result is Result.LAGGING

    def test_where_no_resolver_can_show_it_there_is_nothing_to_wait_for(self) -> None:
        assert self.confirm(says(OLD), zone=replace(holding(NEW), in_public_dns=False)).result is Result.VISIBLE
        assert self.confirm(says(OLD), spec=replace(SPEC, proxied=True)).result is Result.VISIBLE


ADDRESSES = st.sampled_from([OLD, NEW, OTHER])
ANYTHING = st.sampled_from(["81.2.69.142", "93.184.216.34", "192.168.0.1", "2a01:4f8::1", "nonsense", ""])
RECORDS = st.builds(
    HeldRecord, ANYTHING, st.sampled_from(["1", "2", None]), st.none() | st.just(60), st.none() | st.booleans()
)
SPECS = st.builds(
    RecordSpec,
    st.just(KEY),
    st.just("pretend"),
    st.none() | st.sampled_from([1, 60, 300]),
    st.none() | st.booleans(),
    st.none() | st.just("1"),
    st.booleans(),
)
WANTED = st.sampled_from([NEW, OLD, *map(ip_address, ("192.168.0.1", "100.64.0.9", "203.0.113.1", "2a01:4f8::1"))])
FAILURES = st.sampled_from([None, None, ActionFailed("fault"), ActionFailed("refused", refusal=True)])


@given(data=st.data())
def test_over_any_states_nothing_but_the_wanted_address_is_written_and_never_against_the_plan(
    data: st.DataObject,
) -> None:
    zone = Zone()
    reconciler_truths = [Truth("one"), Truth("two")]
    for _ in range(data.draw(st.integers(1, 4))):
        zone.held = data.draw(st.lists(RECORDS, max_size=3))
        zone.cname = data.draw(st.none() | st.just("home.example.net"))
        zone.loses, zone.ignores = data.draw(st.booleans()), data.draw(st.booleans())
        failures = {kind: data.draw(FAILURES) for kind in ("read", "create", "update")}
        zone.fails = failures.get
        zone.written, zone.calls = [], []
        for truth in reconciler_truths:
            truth.addresses = data.draw(st.none() | st.lists(ADDRESSES, max_size=2, unique=True).map(tuple))
        spec, wanted = data.draw(SPECS), data.draw(WANTED)
        rehearse, may_write = data.draw(st.booleans()), data.draw(st.booleans())
        planned, before = plan(spec, RecordSet(tuple(zone.held), zone.cname), wanted), len(zone.held)
        what = action(spec, wanted, may_write=may_write, full_truth=data.draw(st.booleans()))
        was_there = str(wanted) in zone.contents()
        outcome = reconcile(zone, *reconciler_truths, what=what, rehearse=rehearse)
        assert set(zone.written) <= {str(wanted)}
        assert len(zone.written) <= 1
        assert before <= len(zone.held) <= before + 1
        if isinstance(planned, Refuse) or rehearse or not may_write or failures["read"]:
            assert not {"create", "update"} & set(zone.calls)
        if outcome.result in (Result.UPDATED, Result.CREATED):
            assert str(wanted) in zone.contents()
            # A new TTL may be ignored: the address is what is read back.
            assert zone.written == [str(wanted)] or was_there
        if outcome.result is Result.HELD:
            assert str(wanted) in zone.contents()


class TestNobodyToAsk:
    """No resolver is configured: the provider alone is the truth."""

    def test_a_change_is_visible_when_it_was_read_back(self) -> None:
        assert reconcile(holding(OLD)).visible_at_once
        assert reconcile(holding(NEW)).visible_at_once

    def test_what_was_to_be_followed_is_visible(self) -> None:
        reconciler = Reconciler(CLOCK, (), {"pretend": holding(NEW)}, rehearse=False, call_timeout_s=5)
        assert reconciler.confirm(ConfirmVisible(SPEC, NEW)).result is Result.VISIBLE
