"""What one cycle counts."""

from collections import Counter
from dataclasses import replace
from types import MappingProxyType

import pytest

from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Agreed, Disputed, Unchanged, Unknown
from cadence_exporter.model.decision import AddressChanged, Refusal, Refused, Transition
from cadence_exporter.model.memory import Layer, Phase
from cadence_exporter.model.observation import EchoRound, Failed, FailureReason
from cadence_exporter.model.outcome import ApiCall, Operation, Result
from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.record.metrics.families import all_metrics
from cadence_exporter.record.metrics.tally import counts
from tests.record.cycles import HOME, KEY, MOVED, at, eventful, make_cycle, memory, observation, outcome, reconcile


def sums(cycle):
    total = Counter()
    for (name, *labels), amount in counts(cycle):
        total[name.removeprefix("cadence_"), *labels] += amount
    return total


def test_a_healthy_quiet_cycle_counts_this_and_no_more():
    assert sums(make_cycle()) == {
        ("loop_iterations_total", "ok"): 1,
        ("wakeups_total", "due"): 1,
        ("probe_attempts_total", "lan_router"): 1,
        ("probe_attempts_total", "wan_path"): 1,
        ("probe_attempts_total", "public_ip"): 1,
        ("cache_lookups_total", "public_ip", "miss"): 1,
        ("cache_lookups_total", "dns_record", "hit"): 1,
    }


def test_every_counted_key_is_declared_with_its_labels():
    declared = {metric.name: metric for metric in all_metrics()}
    for (name, *labels), _ in counts(eventful(at(1000))):
        assert tuple(labels) in declared[name].children


def test_failures_carry_their_reason():
    seen = observation(at(1000), router=False, wan=False)
    failed = tuple(Failed(f"e{n}", FailureReason.TLS if n else FailureReason.DNS, "", 0.1) for n in range(3))
    seen = replace(seen, echo=MappingProxyType({Family.IPV4: EchoRound(failed, 4)}))
    found = sums(make_cycle(seen=seen, public=Unknown("none")))
    assert found["probe_failures_total", "lan_router", "timeout"] == 1
    assert found["probe_failures_total", "wan_path", "refused"] == 1
    assert found["probe_failures_total", "public_ip", "tls"] == 1


def test_one_working_target_is_a_working_path():
    seen = observation(at(1000))
    seen = replace(seen, wan=(Failed("tls://9.9.9.9:443", FailureReason.TIMEOUT, "", 8.0), *seen.wan))
    assert not any(key[0] == "probe_failures_total" for key in sums(make_cycle(seen=seen)))


@pytest.mark.parametrize(
    ("asked", "public", "cache", "attempts", "failures"),
    [
        (4, Agreed(HOME, ("a", "b")), "miss", 1, {}),
        (1, Unchanged(HOME, "a"), "stale", 1, {}),
        (0, Unchanged(HOME, "router"), "hit", 0, {}),
        (4, Disputed((HOME, MOVED), "why"), "miss", 1, {("probe_failures_total", "public_ip", "content"): 1}),
        (4, Unknown("too few voices"), "miss", 1, {("probe_failures_total", "public_ip", "other"): 1}),
    ],
)
def test_rounds_of_echo_services(asked, public, cache, attempts, failures):
    found = sums(make_cycle(seen=observation(at(1000), asked=asked), public=public))
    assert found["cache_lookups_total", "public_ip", cache] == 1
    assert found["probe_attempts_total", "public_ip"] == attempts
    assert {key: amount for key, amount in found.items() if key[0] == "probe_failures_total"} == failures


def test_a_rest_of_the_services_is_neither_an_attempt_nor_a_failure_nor_a_lookup():
    found = sums(make_cycle(seen=observation(at(1000), asked=0), public=Disputed((HOME, MOVED), "why")))
    assert not [key for key in found if "public_ip" in key]


def test_transitions_outages_and_changes_of_address():
    cycle = make_cycle(
        transition=Transition(Phase.UP, Phase.DOWN, ""),
        outage_began=Layer.WAN,
        address_changes=(AddressChanged(HOME, MOVED), AddressChanged(None, HOME), AddressChanged(HOME, HOME)),
    )
    found = sums(cycle)
    assert found["state_transitions_total", "up", "down", "demotion"] == 1
    assert found["outages_total", "wan"] == 1
    assert found["public_ip_changes_total", "ipv4"] == 1


@pytest.mark.parametrize(
    ("result", "operation", "may_write", "key"),
    [
        (Result.UPDATED, Operation.UPDATE, True, ("dns_mutations_total", "update", "success")),
        (Result.CREATED, Operation.CREATE, True, ("dns_mutations_total", "create", "success")),
        (Result.FAILED, Operation.UPDATE, True, ("dns_mutations_total", "update", "error")),
        (Result.FAILED, None, True, None),
        (Result.VERIFIED, None, True, None),
        (Result.REFUSED, None, True, ("dns_mutations_suppressed_total", "conflict")),
        (Result.REFUSED, None, False, ("dns_mutations_suppressed_total", "rate_limited")),
        (Result.REHEARSED, Operation.UPDATE, True, ("dns_mutations_suppressed_total", "dry_run")),
    ],
)
def test_what_was_done_to_records(result, operation, may_write, key):
    action = reconcile(may_write=may_write)
    found = sums(make_cycle(actions=(action,), outcomes=(outcome(result, action, operation=operation),)))
    mutations = {name: amount for name, amount in found.items() if name[0].startswith("dns_mutations")}
    assert mutations == ({key: 1} if key else {})


@pytest.mark.parametrize("reason", list(Refusal))
def test_every_refusal_is_counted_by_reason(reason):
    found = sums(make_cycle(refused=(Refused(KEY, reason, ""),)))
    assert found["dns_mutations_suppressed_total", reason] == 1
    assert ("cache_lookups_total", "dns_record", "hit") not in found


def test_a_cycle_that_ends_after_the_next_one_was_due_is_an_overrun():
    assert sums(make_cycle(wait=0.0))["loop_overruns_total",] == 1
    assert ("loop_overruns_total",) not in sums(make_cycle(wait=0.1))


def test_calls_by_service_and_code_and_everyone_who_rang():
    calls = (ApiCall("doh", "2xx", 0.1, "a"), ApiCall("doh", "418", 0.1, "a"), ApiCall("doh", "2xx", 0.1, "b"))
    cycle = replace(make_cycle(calls=calls), wakeup=Wakeup(frozenset({Reason.DUE, Reason.ROUTER})))
    found = sums(cycle)
    assert found["api_requests_total", "doh", "2xx"] == 2
    assert found["api_requests_total", "doh", "error"] == 1
    assert found["wakeups_total", "router"] == 1


def test_nothing_is_looked_up_while_the_address_is_unknown():
    assert not any(key[:2] == ("cache_lookups_total", "dns_record") for key in sums(make_cycle(public=Unknown(""))))
    assert memory().records
