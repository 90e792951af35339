"""What one cycle adds to the counters. Pure: the store keeps the sums, the metrics show what the store keeps."""

from collections import Counter
from collections.abc import Iterable, Iterator

from cadence_exporter.model.assessment import Agreed, Disputed, NotPublic, Unchanged
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import Reconcile, Refusal
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.observation import Answered, EchoRound, Failed, FailureReason
from cadence_exporter.model.outcome import Outcome, Result
from cadence_exporter.model.recovery import Bounce, Suppression

CounterKey = tuple[str, ...]
"""The metric's name and its label values, in the order of its labels."""

PROBES = ("lan_router", "wan_path", "public_ip")
SERVICES = ("cloudflare", "rfc2136", "ip_echo", "doh", "actuator")
POWER_ACTIONS = ("modem_power_cycle", "power_on")
"""A bounce, and making sure that the power is on after one."""
CODES = ("2xx", "4xx", "429", "5xx", "error")


def counts(cycle: Cycle) -> Iterable[tuple[CounterKey, float]]:
    """Every counter that this cycle moves, with the amount. One key may come more than once."""
    yield ("cadence_loop_iterations_total", "ok"), 1
    if cycle.ended.instant >= cycle.decision.next_look:
        yield ("cadence_loop_overruns_total",), 1
    for reason in sorted(cycle.wakeup.reasons):
        yield ("cadence_wakeups_total", reason), 1
    yield from _state(cycle)
    yield from _probes(cycle)
    trace = cycle.observation.trace
    if isinstance(trace, Answered) and trace.value.is_news:
        yield ("cadence_trace_packets_total",), trace.value.packets
    yield from _cache(cycle)
    yield from _dns(cycle)
    yield from _power(cycle)
    for call in cycle.calls:
        code = call.code if call.code in CODES else "error"
        yield ("cadence_api_requests_total", call.service, code), 1


def probe_failures(cycle: Cycle) -> dict[str, FailureReason | None]:
    """Every probe made in this cycle, with why it failed, or ``None`` when it worked. A probe that was spared is not in it.

    A probe is one question asked in as many places as it takes: the WAN path works when one target answers, the public address
    is known when enough echo services agree.
    """
    seen: dict[str, FailureReason | None] = {}
    router = cycle.observation.router
    seen["lan_router"] = router.reason if isinstance(router, Failed) else None
    wan = cycle.observation.wan
    if wan:
        failed = [reading.reason for reading in wan if isinstance(reading, Failed)]
        seen["wan_path"] = failed[0] if len(failed) == len(wan) else None
    rounds = [
        _round_failure(cycle, round_, family) for family, round_ in cycle.observation.echo.items() if round_.readings
    ]
    if rounds:
        seen["public_ip"] = next((reason for reason in rounds if reason is not None), None)
    return seen


def _round_failure(cycle: Cycle, round_: EchoRound, family: str) -> FailureReason | None:
    public = next((value for key, value in cycle.assessment.public.items() if key == family), None)
    if isinstance(public, Agreed | Unchanged):
        return None
    if isinstance(public, Disputed | NotPublic):
        return FailureReason.CONTENT
    reasons = Counter(reading.reason for reading in round_.readings if isinstance(reading, Failed))
    return reasons.most_common(1)[0][0] if reasons else FailureReason.OTHER


def _state(cycle: Cycle) -> Iterator[tuple[CounterKey, float]]:
    step = cycle.decision.transition
    if step is not None:
        direction = "demotion" if step.is_demotion else "promotion"
        yield ("cadence_state_transitions_total", step.from_phase, step.to_phase, direction), 1
    if cycle.decision.outage_began is not None:
        yield ("cadence_outages_total", cycle.decision.outage_began), 1
    for change in cycle.decision.address_changes:
        if change.before is not None and change.before != change.after:
            yield ("cadence_public_ip_changes_total", f"ipv{change.after.version}"), 1


def _probes(cycle: Cycle) -> Iterator[tuple[CounterKey, float]]:
    for probe, reason in probe_failures(cycle).items():
        yield ("cadence_probe_attempts_total", probe), 1
        if reason is not None:
            yield ("cadence_probe_failures_total", probe, reason), 1


def _cache(cycle: Cycle) -> Iterator[tuple[CounterKey, float]]:
    for family, round_ in cycle.observation.echo.items():
        unchanged = isinstance(cycle.assessment.public.get(family), Unchanged)
        if round_.spared and not unchanged:
            continue  # the services have a rest after a long dispute: nothing was looked up
        looked_again = "stale" if unchanged else "miss"
        yield ("cadence_cache_lookups_total", "public_ip", "hit" if round_.spared else looked_again), 1
    for _, result in record_lookups(cycle):
        yield ("cadence_cache_lookups_total", "dns_record", result), 1


def record_lookups(cycle: Cycle) -> Iterator[tuple[str, str]]:
    """For each record with a known address: its key as text, and ``hit``, ``miss`` or ``stale``.

    Hit: verified lately, nothing leaves the house. Stale: the right address, verified too long ago. Miss: another one, or none.
    """
    asked = {action.record.key: action for action in cycle.decision.actions if isinstance(action, Reconcile)}
    for key, action in asked.items():
        before = cycle.before.records.get(key)
        known = before is not None and before.verified == action.address
        yield str(key), "stale" if known else "miss"
    refused = {refusal.record for refusal in cycle.decision.refused}
    for key, record in cycle.memory.records.items():
        public = cycle.assessment.public.get(key.type.family)
        if key in asked or key in refused or not isinstance(public, Agreed | Unchanged):
            continue
        if record.verified is not None and record.verified == public.ip:
            yield str(key), "hit"


def _dns(cycle: Cycle) -> Iterator[tuple[CounterKey, float]]:
    for refusal in cycle.decision.refused:
        yield ("cadence_dns_mutations_suppressed_total", refusal.reason), 1
    for outcome in cycle.outcomes:
        suppressed = _suppressed(outcome)
        if suppressed is not None:
            yield ("cadence_dns_mutations_suppressed_total", suppressed), 1
        elif outcome.operation is not None:
            result = "success" if outcome.wrote else "error"
            yield ("cadence_dns_mutations_total", outcome.operation, result), 1


def _power(cycle: Cycle) -> Iterator[tuple[CounterKey, float]]:
    """Where recovery is off, that is counted once an outage, and nothing else is: nobody waits for a bounce."""
    if cycle.power is not None:
        action = POWER_ACTIONS[0] if isinstance(cycle.power.action, Bounce) else POWER_ACTIONS[1]
        yield ("cadence_recovery_actions_total", action, cycle.power.result), 1
    withheld = {each.reason for each in cycle.decision.withheld}
    if Suppression.DISABLED in withheld:
        step = cycle.decision.transition
        withheld = {Suppression.DISABLED} if step is not None and step.to_phase is Phase.DOWN else set()
    for reason in sorted(withheld):
        yield ("cadence_recovery_suppressed_total", reason), 1


def _suppressed(outcome: Outcome) -> Refusal | None:
    if outcome.result is Result.REHEARSED:
        return Refusal.DRY_RUN
    if outcome.result is not Result.REFUSED:
        return None
    over_budget = isinstance(outcome.action, Reconcile) and not outcome.action.may_write
    return Refusal.RATE_LIMITED if over_budget else Refusal.CONFLICT
