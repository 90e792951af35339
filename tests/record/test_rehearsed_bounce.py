"""A rehearsed bounce is never shown as power in doubt; a real one is."""

from dataclasses import replace

import pytest

from cadence_exporter.model.memory import Phase
from cadence_exporter.model.recovery import (
    EnsureOn,
    PowerOutcome,
    PowerResult,
    RecoveryMemory,
    RecoveryPolicy,
    Suppression,
    Unfinished,
)
from cadence_exporter.record.log.journal import Level
from cadence_exporter.record.log.power_lines import power_facts
from cadence_exporter.record.web.describe_power import describe_power
from cadence_exporter.record.web.power_rows import power_rows
from tests.record.cycles import at, make_cycle, memory

NOW = at(1010)
BEGUN = replace(
    memory(), on_disk=True, recovery=RecoveryMemory(bounces=(at(1000),), unfinished=Unfinished(at(1000), 30.0))
)


@pytest.mark.parametrize(
    ("device", "in_doubt", "says"),
    [
        ("rehearsal", False, "the rehearsed bounce is not over yet"),
        ("shelly", True, "the end of the last bounce was not seen yet"),
    ],
)
def test_only_a_real_bounce_may_have_left_the_power_off(device, in_doubt, says):
    policy = RecoveryPolicy(enabled=True, device=device)
    down = replace(BEGUN, phase=Phase.DOWN)
    power = {**describe_power(make_cycle(after=down), policy, NOW), "last_request": None}
    assert power["may_be_off"] is in_doubt
    assert ("may be OFF" in dict(power_rows(power)).get("power", "")) is in_doubt
    details = [each["detail"] for each in power["objections"] if each["reason"] == Suppression.UNFINISHED]
    assert details == [says]


@pytest.mark.parametrize(
    ("result", "says", "level"),
    [
        (PowerResult.REHEARSED, "rehearsed: it was never off", Level.INFO),
        (PowerResult.SUCCESS, "seen to be on", Level.INFO),
        (PowerResult.DOUBTFUL, "not sure to be on", Level.ERROR),
    ],
)
def test_the_line_at_the_end_of_a_bounce_claims_no_more_than_was_seen(result, says, level):
    done = PowerOutcome(EnsureOn(), result, "", NOW, 0.0)
    (line,) = (fact for fact in power_facts(replace(make_cycle(), power=done)) if fact.status == "POWER_ON")
    assert (line.detail, line.level) == (says, level)
