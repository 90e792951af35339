"""What one decision keeps and forgets."""

from dataclasses import replace

from cadence_exporter.decide.decide import decide
from cadence_exporter.model.memory import RecordMemory
from tests.decide.cases import HOME, SPEC, at, fresh, make_policy, sees


def test_a_record_that_the_settings_no_longer_name_is_forgotten():
    known = replace(fresh(), records={SPEC.key: RecordMemory(verified=HOME)})
    assert set(decide(known, sees(), at(1), 0.0, make_policy()).memory.records) == {SPEC.key}
    assert decide(known, sees(), at(1), 0.0, make_policy(records=())).memory.records == {}
