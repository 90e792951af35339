"""How often hints may bring a look forward, whatever rings when."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.decide.hints import (
    BURST,
    MIN_SPACING_S,
    MOST_HINTS_AN_HOUR,
    REFILL_S,
    HintAllowance,
    Ringer,
    ringer,
)
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.wakeup import Reason

HINTS = sorted(set(Reason) - {Reason.DUE, Reason.RELOAD, Reason.STOP})


def test_an_allowance_that_was_never_used_grants_at_once():
    assert HintAllowance().allowed_at({Reason.CHECK}) == 0.0


def test_a_burst_is_granted_with_the_least_spacing_and_then_one_each_refill():
    allowance, at, granted = HintAllowance(), Instant(5000.0), []
    for _ in range(BURST + 5):
        at = Instant(max(at, allowance.allowed_at({Reason.CHECK})))
        allowance.spend({Reason.CHECK}, at)
        granted.append(at)
    waits = [round(after - before, 6) for before, after in itertools.pairwise(granted)]
    assert waits[: BURST - 1] == [MIN_SPACING_S] * (BURST - 1)
    assert granted[BURST] == granted[0] + REFILL_S
    assert set(waits[BURST:]) == {REFILL_S}


def test_one_kind_has_nothing_left_and_the_others_have_all_of_theirs():
    allowance, now = HintAllowance(), Instant(5000.0)
    for _ in range(BURST):
        allowance.spend({Reason.ANNOUNCEMENT}, now)
    assert allowance.allowed_at({Reason.ANNOUNCEMENT}) == now + REFILL_S
    assert allowance.allowed_at({Reason.UPNP}) == now + REFILL_S
    assert allowance.allowed_at({Reason.ROUTER}) == now + MIN_SPACING_S
    assert allowance.allowed_at({Reason.ANNOUNCEMENT, Reason.NETLINK}) == now + MIN_SPACING_S


def test_of_several_the_one_with_most_left_pays_alone():
    allowance, now = HintAllowance(), Instant(5000.0)
    for _ in range(BURST + 1):
        allowance.spend({Reason.ANNOUNCEMENT, Reason.ROUTER}, now)
    assert allowance.allowed_at({Reason.ANNOUNCEMENT}) == allowance.allowed_at({Reason.ROUTER}) == now + MIN_SPACING_S
    for _ in range(BURST - 1):
        allowance.spend({Reason.ANNOUNCEMENT, Reason.ROUTER}, now)
    assert allowance.allowed_at({Reason.ANNOUNCEMENT, Reason.ROUTER}) == now + REFILL_S


def test_who_has_nothing_left_comes_along_for_nothing():
    allowance, now = HintAllowance(), Instant(5000.0)
    for _ in range(BURST):
        allowance.spend({Reason.ANNOUNCEMENT}, now)
    before = allowance.allowed_at({Reason.ANNOUNCEMENT})
    allowance.spend({Reason.ANNOUNCEMENT, Reason.NETLINK}, now)
    assert allowance.allowed_at({Reason.ANNOUNCEMENT}) == before


def test_only_what_came_by_itself_counts_as_heard():
    assert {reason for reason in Reason if ringer(reason) is Ringer.HEARD} == {Reason.ANNOUNCEMENT, Reason.UPNP}
    assert {reason for reason in Reason if ringer(reason) is Ringer.ASKED} == {Reason.ROUTER, Reason.TRIPWIRE}


def test_forged_arp_does_not_keep_those_who_command_this_host_waiting():
    allowance, now = HintAllowance(), Instant(5000.0)
    for _ in range(BURST):
        allowance.spend({Reason.NETLINK}, now)
    assert allowance.allowed_at({Reason.NETLINK}) == now + REFILL_S
    for reason in (Reason.SIGNAL, Reason.CHECK, Reason.NIC_UPDATE, Reason.RESUME):
        assert allowance.allowed_at({reason}) == now + MIN_SPACING_S


@given(st.lists(st.tuples(st.floats(0.0, 200.0), st.sets(st.sampled_from(HINTS), min_size=1)), max_size=300))
def test_no_hour_has_more_hinted_looks_of_a_kind_than_allowed(rings):
    allowance, now = HintAllowance(), 1000.0
    granted = []
    for wait, reasons in rings:
        now += wait
        if now >= allowance.allowed_at(reasons):
            allowance.spend(reasons, Instant(now))
            granted.append((now, reasons))
    for kind in Ringer:
        only = [at for at, reasons in granted if {ringer(reason) for reason in reasons} == {kind}]
        assert all(after - before >= 3600 for before, after in zip(only, only[MOST_HINTS_AN_HOUR:], strict=False))
    moments = [at for at, _ in granted]
    assert all(after - before >= MIN_SPACING_S - 1e-9 for before, after in itertools.pairwise(moments))


def test_an_allowance_can_be_used_up_from_the_first_instant_of_a_clock():
    allowance, now = HintAllowance(), Instant(0.0)
    for _ in range(BURST):
        allowance.spend({Reason.CHECK}, now)
    assert allowance.allowed_at({Reason.CHECK}) == REFILL_S


def test_a_burst_is_thirty_looks_two_seconds_apart_and_then_there_is_one_each_two_minutes():
    allowance, start, granted = HintAllowance(), Instant(5000.0), []
    for _ in range(33):
        at = Instant(max(start, allowance.allowed_at({Reason.CHECK})))
        allowance.spend({Reason.CHECK}, at)
        granted.append(at - start)
    assert granted == [*range(0, 60, 2), 120, 240, 360]
