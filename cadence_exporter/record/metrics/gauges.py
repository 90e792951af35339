"""The gauges, drawn from the cycles so far. An unknown value is absent, never 0 and never NaN."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cadence_exporter.model.assessment import (
    Agreed,
    Disputed,
    FaultLayer,
    Link,
    NotPublic,
    PublicAddress,
    Unchanged,
    Unknown,
)
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.observation import Answered, Reading
from cadence_exporter.record.metrics import power_gauges
from cadence_exporter.record.metrics.tally import PROBES, SERVICES, CounterKey, probe_failures
from cadence_exporter.record.state.marks import Marks

Values = dict[CounterKey, float]

PUBLIC_IP_INFO = "cadence_public_ip_info"
_PUBLIC_IP_STATE = "cadence_public_ip_state"
_VERDICTS: Mapping[type[PublicAddress], str] = {
    Agreed: "agreed",
    Unchanged: "agreed",
    Disputed: "disputed",
    Unknown: "unknown",
    NotPublic: "not_public",
}
PUBLIC_IP_STATES = tuple(dict.fromkeys(_VERDICTS.values()))


class Gauges:
    """Owned by the loop's thread; ``values`` is copied into each snapshot."""

    def __init__(self, memory: Memory, marks: Marks) -> None:
        self.values: Values = {}
        self._failures = dict.fromkeys(PROBES, 0)
        self._state(memory)
        if marks.last_outage is not None:
            self._set("cadence_last_outage_duration_seconds", marks.last_outage.seconds)
            self._set("cadence_last_outage_end_timestamp_seconds", marks.last_outage.ended)
        self._set("cadence_dns_last_mutation_timestamp_seconds", marks.last_mutation)
        for family, wall in marks.address_changed.items():
            self._set("cadence_public_ip_last_change_timestamp_seconds", wall, family)
        self._records(memory)
        for key, value in power_gauges.at_start(memory):
            self._set(key[0], value, *key[1:])

    def update(self, cycle: Cycle, *, store_up: bool, rehearses: bool = False) -> None:
        """Take one more cycle in."""
        wall = cycle.ended.wall
        self._state(cycle.memory)
        self._fault(cycle)
        self._outage(cycle)
        for probe, reason in probe_failures(cycle).items():
            self._probe(probe, None if reason is not None else probe_seconds(cycle, probe), wall)
        for change in cycle.decision.address_changes:
            if change.before is not None and change.before != change.after:
                self._set("cadence_public_ip_last_change_timestamp_seconds", wall, f"ipv{change.after.version}")
        known = cycle.assessment.router_wan is not None or cycle.assessment.cgnat
        self._set("cadence_cgnat_detected", float(cycle.assessment.cgnat) if known else None)
        self._public(cycle)
        self._records(cycle.memory)
        for key, value in power_gauges.gauges(cycle, rehearses=rehearses):
            self._set(key[0], value, *key[1:])
        if any(outcome.wrote for outcome in cycle.outcomes):
            self._set("cadence_dns_last_mutation_timestamp_seconds", wall)
        if any(isinstance(public, Agreed | Unchanged) for public in cycle.assessment.public.values()):
            self._set("cadence_cache_last_refresh_timestamp_seconds", wall, "public_ip")
        for call in cycle.calls:
            if call.code == "2xx" and call.service in SERVICES:
                self._set("cadence_api_last_success_timestamp_seconds", wall, call.service)
        self._set("cadence_loop_last_completed_timestamp_seconds", wall)
        self._set("cadence_loop_next_delay_seconds", max(0.0, cycle.decision.next_look - cycle.ended.instant))
        self._set("cadence_state_store_up", float(store_up))

    def _set(self, name: str, value: float | None, *labels: str) -> None:
        if value is None:
            self.values.pop((name, *labels), None)
        else:
            self.values[name, *labels] = float(value)

    def _state(self, memory: Memory) -> None:
        for phase in Phase:
            self._set("cadence_state", float(phase is memory.phase), phase)
        self._set("cadence_state_last_transition_timestamp_seconds", memory.since.wall)

    def _fault(self, cycle: Cycle) -> None:
        for layer in FaultLayer:
            self._set("cadence_fault_layer", float(layer is cycle.assessment.fault), layer)

    def _outage(self, cycle: Cycle) -> None:
        over = cycle.decision.outage_ended
        if over is not None:
            self._set("cadence_last_outage_duration_seconds", over.seconds)
            self._set("cadence_last_outage_end_timestamp_seconds", over.ended.wall)

    def _probe(self, probe: str, seconds: float | None, wall: WallTime) -> None:
        """``None``: it failed."""
        self._failures[probe] = 0 if seconds is not None else self._failures[probe] + 1
        self._set("cadence_probe_success", float(seconds is not None), probe)
        self._set("cadence_probe_rtt_seconds", seconds, probe)
        self._set("cadence_probe_consecutive_failures", self._failures[probe], probe)
        if seconds is not None:
            self._set("cadence_probe_last_success_timestamp_seconds", wall, probe)

    def _public(self, cycle: Cycle) -> None:
        """What this cycle found out; nothing while the path is down, for nobody could be asked."""
        of_before = (_PUBLIC_IP_STATE, PUBLIC_IP_INFO)
        self.values = {key: value for key, value in self.values.items() if key[0] not in of_before}
        if cycle.assessment.wan is Link.DOWN:
            return
        for family, verdict in cycle.assessment.public.items():
            for state in PUBLIC_IP_STATES:
                self._set(_PUBLIC_IP_STATE, float(_VERDICTS[type(verdict)] == state), family, state)
            belief = cycle.memory.beliefs.get(family)
            confirmed = None if belief is None else belief.confirmed
            if isinstance(verdict, Agreed | Unchanged) and verdict.ip == confirmed:
                self._set(PUBLIC_IP_INFO, 1.0, family, str(confirmed))

    def _records(self, memory: Memory) -> None:
        """Records that the settings no longer name disappear."""
        per_record = ("cadence_dns_record_in_sync", "cadence_dns_last_verified_timestamp_seconds")
        self.values = {key: value for key, value in self.values.items() if key[0] not in per_record}
        verified = [record.verified_at for record in memory.records.values() if record.verified_at is not None]
        self._set("cadence_cache_last_refresh_timestamp_seconds", min(verified, default=None), "dns_record")
        for key, record in memory.records.items():
            belief = memory.beliefs.get(key.type.family)
            confirmed = None if belief is None else belief.confirmed
            self._set(per_record[1], record.verified_at, key.name, key.type)
            if confirmed is not None and (holds := record.holds(confirmed)) is not None:
                self._set(per_record[0], float(holds), key.name, key.type)


def probe_seconds(cycle: Cycle, probe: str) -> float:
    """How long a probe took. The WAN path is as fast as its fastest target; an echo round lasts as long as its slowest answer."""
    if probe == "lan_router":
        return cycle.observation.router.took_s
    if probe == "wan_path":
        return min(_answered(cycle.observation.wan), default=max(_took(cycle.observation.wan), default=0.0))
    readings = [reading for round_ in cycle.observation.echo.values() for reading in round_.readings]
    return max(_answered(readings), default=max(_took(readings), default=0.0))


def _answered(readings: Iterable[Reading[Any]]) -> Iterator[float]:
    return (reading.took_s for reading in readings if isinstance(reading, Answered))


def _took(readings: Iterable[Reading[Any]]) -> Iterator[float]:
    return (reading.took_s for reading in readings)
