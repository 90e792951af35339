"""All defects that are planted anywhere in the tests, each once."""

from cadence_exporter.assess import public_ip
from cadence_exporter.decide import belief, dns, echo_plan, outage, pace, phase, remember
from tests.exhaustive import test_life_of_a_record as life_of_a_record
from tests.exhaustive import test_planted as state_space
from tests.sensitivity.planted import Planted, attribute
from tests.sensitivity.power_planted import POWER
from tests.sensitivity.store_defects import STORE_DEFECTS
from tests.simulation.defects import DEFECTS

KINDS = {
    belief: "evidence",
    phase: "state machine",
    outage: "outages",
    pace: "rhythm",
    echo_plan: "rhythm",
    dns: "records",
    remember: "records",
}
OF_THE_SIMULATION = {
    "assessment": {"first_echo_wins", "a_quorum_of_one", "what_must_not_be_published_is"},
    "path": {"one_dead_target_is_an_outage", "no_echo_answer_is_an_outage"},
    "evidence": {
        "no_confirmations", "an_outage_keeps_the_confirmations", "a_dispute_keeps_the_confirmations",
        "unchanged_counts_as_agreed",
    },
    "state machine": {"doubts_never_demote", "a_rung_is_skipped"},
    "outages": {"an_outage_never_ends"},
    "rhythm": {"a_look_that_is_overdue_is_given_up"},
    "reconciliation": {
        "a_write_is_not_read_back", "no_such_name_means_create", "any_of_several_records_is_changed",
        "one_resolver_is_enough", "families_are_mixed_up",
    },
}  # fmt: skip
AT_A_RESTART = {
    "the_budget_is_forgotten_at_a_restart",
    "the_phase_is_trusted_over_a_restart",
    "cycles_are_not_counted_on",
}
"""In ``STORE_DEFECTS`` they are planted in both stores."""

NAMES = {
    (belief, "distrust"): "an outage keeps the confirmations",
    (dns, "intend"): "intent is not persisted",
    (dns, "writes_within_a_day"): "the budget is ignored",
    (dns, "is_known_right"): "a stale cache is trusted",
    (dns, "_may_lag"): "resolvers are trusted right after a write",
    (pace, "next_look"): "it looks every second",
}
SAME = {
    "first of several": "any of several records is changed",
    "not read back": "a write is not read back",
    "failure is cached": "a failed write is cached",
    "failure remembered as done": "a failed write is cached",
    "lost answer is not counted": "a lost answer is not counted",
    "lost answer not counted": "a lost answer is not counted",
    "dispute keeps the streak": "a dispute keeps the confirmations",
    "unchanged confirms": "unchanged counts as agreed",
    "outage never ends": "an outage never ends",
    "stale cache trusted": "a stale cache is trusted",
}
"""Planted twice in other words."""


def from_the_simulation():
    for defect in DEFECTS:
        if defect.name not in AT_A_RESTART:
            kind = next((kind for kind, names in OF_THE_SIMULATION.items() if defect.name in names), "records")
            yield Planted(defect.name.replace("_", " "), kind, defect.plant)


def from_the_state_space():
    for module, what, defect, _ in state_space.PLANTED:
        yield attribute(_name(module, what, defect), KINDS[module], module, what, defect)
    for (before, sight), to, _ in state_space.CELLS:
        name = f"a wrong cell: {before} and {sight.name.lower().replace('_', ' ')} gives {to}"
        cell = (before, sight)
        yield Planted(name, "state machine", lambda patch, cell=cell, to=to: patch.setitem(phase._NEXT, cell, to))


def from_the_lives():
    for owner, what, defect, _ in life_of_a_record.PLANTED:
        yield attribute(_name(owner, what, defect), KINDS.get(owner, "reconciliation"), owner, what, defect)


def from_the_verdicts():
    def loudest(votes, quorum):
        return max(votes, key=lambda each: len(votes[each]))

    yield attribute("the loudest echo wins", "assessment", public_ip, "_winner", loudest)
    yield attribute("the router has no veto", "assessment", public_ip, "_vetoed", lambda *_: False)


def _name(owner, what, defect) -> str:
    if (owner, what) in NAMES and getattr(defect, "__name__", "<lambda>") in ("<lambda>", "stale_cache_trusted"):
        return NAMES[owner, what]
    if not callable(defect):
        return f"{defect} doubts are tolerated"
    return defect.__name__.replace("_", " ")


def catalogue() -> tuple[Planted, ...]:
    """Each defect once; the first to name it is kept."""
    found: dict[str, Planted] = {}
    for source in (
        from_the_simulation(),
        from_the_state_space(),
        from_the_lives(),
        from_the_verdicts(),
        STORE_DEFECTS,
        POWER,
    ):
        for planted in source:
            found.setdefault(SAME.get(planted.name, planted.name), planted)
    return tuple(found.values())
