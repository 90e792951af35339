"""Random lives of one record at a zone where anything may go wrong; and the defects that they find."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from cadence_exporter.act.dns import plan as plan_module
from cadence_exporter.act.dns import reconcile
from cadence_exporter.act.dns.plan import Create, Update
from cadence_exporter.act.dns.reconcile import Reconciler
from cadence_exporter.act.dns.truth_panel import Said
from cadence_exporter.decide import dns, remember
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.outcome import Result
from cadence_exporter.model.zone import HeldRecord, RecordSet
from tests.exhaustive.life_of_a_record import LifeOfARecord
from tests.exhaustive.occasions import Broken
from tests.exhaustive.test_machines import LIVES

MANY_LIVES = settings(LIVES, max_examples=400)
FOUND_WITHIN = settings(MANY_LIVES, phases=("generate",), print_blob=False)

the_one, planned = plan_module._the_one, plan_module.plan
change, call = Reconciler._change, Reconciler._call
after = remember.after


def not_read_back(action, seen):
    return HeldRecord(str(action.address))


def first_of_several(spec, seen):
    return seen.held[0] if seen.held else the_one(spec, seen)


def cname_overlooked(spec, seen, wanted):
    return planned(spec, replace(seen, cname=None), wanted)


def created_where_not_allowed(spec, seen):
    return the_one(spec, seen) if seen.held else Create()


def private_address_written(spec, seen, wanted):
    held = the_one(spec, seen)
    return Update(held) if isinstance(held, HeldRecord) else held


def duplicates_created(spec, seen, wanted):
    found = planned(spec, seen, wanted)
    return Create() if isinstance(found, Update) else found


def one_resolver_is_enough(said, address):
    return any(answer.addresses == (address,) for answer in said.answers)


def nobody_contradicts(said, address):
    return all(answer.addresses == (address,) for answer in said.answers)


def timeout_is_success(self, provider, work):
    try:
        return call(self, provider, work)
    except ActionFailed as error:
        if "no answer within" in error.detail:
            return RecordSet(())
        raise


def budget_is_not_asked(self, provider, action, *rest):
    return change(self, provider, replace(action, may_write=True), *rest)


def written_again_at_once(self, provider, action, held, operation, write):
    found = change(self, provider, action, held, operation, write)
    return found if found.result is not Result.FAILED else change(self, provider, action, held, operation, write)


def failure_is_cached(record, outcome, draw):
    hopeful = outcome.result is Result.FAILED and outcome.operation is not None
    return after(record, replace(outcome, result=Result.UPDATED) if hopeful else outcome, draw)


def lost_answer_is_not_counted(record, outcome, draw):
    known = after(record, outcome, draw)
    return replace(known, writes=record.writes) if outcome.result is Result.FAILED else known


def lag_is_visible(record, outcome, draw):
    return after(record, replace(outcome, result=Result.VISIBLE) if outcome.result is Result.LAGGING else outcome, draw)


def failure_is_tried_again_at_once(record, outcome, draw):
    return replace(after(record, outcome, draw), hold_until=None)


PLANTED = [
    (reconcile, "_shown", not_read_back, "the provider showed"),
    (plan_module, "_the_one", first_of_several, "one of several|another record"),
    (reconcile, "plan", cname_overlooked, "CNAME"),
    (plan_module, "_the_one", created_where_not_allowed, "may not be created"),
    (reconcile, "plan", private_address_written, "wanted was"),
    (reconcile, "plan", duplicates_created, "created a"),
    (Said, "shows", one_resolver_is_enough, "resolvers said"),
    (Said, "shows", nobody_contradicts, "resolvers said"),
    (Reconciler, "_call", timeout_is_success, "."),
    (Reconciler, "_change", budget_is_not_asked, "budget is spent"),
    (Reconciler, "_change", written_again_at_once, "without having read|writes within a day"),
    (remember, "after", failure_is_cached, "remembered as"),
    (remember, "after", lost_answer_is_not_counted, "are counted"),
    (remember, "after", lag_is_visible, "."),
    (remember, "after", failure_is_tried_again_at_once, "tried again at once"),
    (dns, "intend", lambda record, action: record, "."),
    (dns, "is_known_right", lambda record, address, now, policy: record.verified == address, "left alone"),
    (dns, "writes_within_a_day", lambda record, now: 0, "writes within a day"),
    (dns, "_may_lag", lambda *_: False, "."),
]


def test_no_random_life_of_a_record_breaks_a_promise():
    run_state_machine_as_test(LifeOfARecord, settings=MANY_LIVES)


@pytest.mark.parametrize(
    ("module", "name", "defect", "words"), PLANTED, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_planted_defect_is_found(monkeypatch, module, name, defect, words):
    monkeypatch.setattr(module, name, defect)
    with pytest.raises(Broken, match=words):
        run_state_machine_as_test(LifeOfARecord, settings=settings(FOUND_WITHIN, max_examples=4000))
