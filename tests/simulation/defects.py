"""Defects to plant: the mistakes that such programs make. Each must be found by the promises, in any homes and weathers."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from cadence_exporter import loop
from cadence_exporter.act.dns import plan as plan_module
from cadence_exporter.act.dns import reconcile
from cadence_exporter.act.dns.reconcile import Reconciler
from cadence_exporter.act.dns.truth_panel import Said
from cadence_exporter.assess import path, public_ip
from cadence_exporter.decide import belief, decide, dns, echo_plan, outage, pace, phase, remember
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Link, Unchanged, Unknown
from cadence_exporter.model.decision import ConfirmVisible, Refused
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.outcome import Operation, Result
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.model.zone import HeldRecord
from cadence_exporter.simulate import disk
from cadence_exporter.simulate.account import Account
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.run import Simulation
from tests.simulation.seeds import simulation

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Defect:
    name: str
    plant: Callable[[Patch], None]
    seeds: range = range(60)
    days: float = 1.0

    def broken(self, seed: int) -> Account | None:
        """The account of one home in one storm, when a promise was broken in it. A defect that merely crashes is badly planted."""
        if self.name in SPECIAL_WEATHER:
            spec, rates = SPECIAL_WEATHER[self.name]
            account = Simulation(spec, seed, self.days, rates).run()
        else:
            account = simulation(seed, self.days).run()
        crashes = [each for each in account.broken if each.promise == "no internal error"]
        assert len(crashes) < max(1, len(account.broken)), crashes[0]
        return account if account.broken_count else None


def first_echo_wins(patch: Patch) -> None:
    patch.setattr(public_ip, "_winner", lambda votes, _quorum: next(iter(votes)))


def a_quorum_of_one(patch: Patch) -> None:
    honest = public_ip._winner
    patch.setattr(public_ip, "_winner", lambda votes, _quorum: honest(votes, 1))


def no_confirmations(patch: Patch) -> None:
    gather = belief._gather

    def at_once(old, ip, words, now, policy):
        return replace(gather(old, ip, words, now, policy), streak=policy.confirmations, confirmed=ip)

    patch.setattr(belief, "_gather", at_once)


def an_outage_keeps_the_confirmations(patch: Patch) -> None:
    patch.setattr(belief, "distrust", lambda old: old)


def a_dispute_keeps_the_confirmations(patch: Patch) -> None:
    weigh = belief.weigh

    def keeps(old, *rest):
        return replace(weigh(old, *rest), streak=max(old.streak, 1))

    patch.setattr(belief, "weigh", keeps)


def unchanged_counts_as_agreed(patch: Patch) -> None:
    weigh = belief.weigh

    def gullible(old, verdict, router_wan, now, policy, *rest):
        if isinstance(verdict, Unchanged):
            return replace(old, candidate=verdict.ip, streak=policy.confirmations, confirmed=verdict.ip, doubts=0)
        return weigh(old, verdict, router_wan, now, policy, *rest)

    patch.setattr(belief, "weigh", gullible)
    patch.setattr(echo_plan, "plan", lambda _phase, _family, old, *_: echo_plan.EchoPlan(1, old.turn, old.confirmed))


def what_must_not_be_published_is(patch: Patch) -> None:
    patch.setattr(public_ip, "not_publishable", lambda _address, _policy: None)


def doubts_never_demote(patch: Patch) -> None:
    patch.setattr(phase, "TOLERATED_DOUBTS", 10**9)


def a_rung_is_skipped(patch: Patch) -> None:
    patch.setitem(phase._NEXT, (Phase.DOWN, phase.Sight.UNCONFIRMED), Phase.UP)


def one_dead_target_is_an_outage(patch: Patch) -> None:
    patch.setattr(
        path, "wan", lambda readings: Link.UP if all(hasattr(each, "value") for each in readings) else Link.DOWN
    )


def no_echo_answer_is_an_outage(patch: Patch) -> None:
    judge = loop.assess

    def alarmist(observation, memory, policy):
        found = judge(observation, memory, policy)
        lost = isinstance(found.public[policy.families[0]], Unknown)
        return replace(found, wan=Link.DOWN) if lost else found

    patch.setattr(loop, "assess", alarmist)


def a_stale_cache_is_trusted(patch: Patch) -> None:
    patch.setattr(
        dns,
        "is_known_right",
        lambda record, address, _now, _policy: address == record.verified and bool(record.verified_at),
    )


def the_budget_is_ignored(patch: Patch) -> None:
    patch.setattr(dns, "writes_within_a_day", lambda _record, _now: 0)


def the_budget_is_forgotten_at_a_restart(patch: Patch) -> None:
    load = disk.memory_of

    def forgets(image, now):
        memory = load(image, now)
        return replace(memory, records={key: replace(record, writes=()) for key, record in memory.records.items()})

    patch.setattr(disk, "memory_of", forgets)


def the_phase_is_trusted_over_a_restart(patch: Patch) -> None:
    load = disk.memory_of
    patch.setattr(disk, "memory_of", lambda image, now: replace(load(image, now), phase=Phase.DEGRADED))


def intent_is_not_persisted(patch: Patch) -> None:
    patch.setattr(dns, "intend", lambda record, _action: record)


def a_failed_write_is_cached(patch: Patch) -> None:
    after = remember.after

    def hopeful(record, outcome, draw):
        if outcome.result is Result.FAILED and outcome.operation is not None:
            return after(record, replace(outcome, result=Result.UPDATED), draw)
        return after(record, outcome, draw)

    patch.setattr(remember, "after", hopeful)


def verified_stays_over_a_failed_write(patch: Patch) -> None:
    after = remember.after

    def stubborn(record, outcome, draw):
        known = after(record, outcome, draw)
        return replace(known, verified_at=outcome.at.wall) if outcome.result is Result.FAILED else known

    patch.setattr(remember, "after", stubborn)


def a_write_is_not_read_back(patch: Patch) -> None:
    patch.setattr(reconcile, "_shown", lambda action, _seen: HeldRecord(str(action.address)))


def no_such_name_means_create(patch: Patch) -> None:
    visit = Reconciler._visit

    def hasty(self, provider, action):
        if action.full_truth and not self._panel.ask_all(action.record.key).found:
            return self._change(
                provider,
                action,
                (),
                Operation.CREATE,
                lambda deadline: provider.create(action.record, action.address, deadline),
            )
        return visit(self, provider, action)

    patch.setattr(Reconciler, "_visit", hasty)


def any_of_several_records_is_changed(patch: Patch) -> None:
    the_one = plan_module._the_one
    patch.setattr(plan_module, "_the_one", lambda spec, seen: seen.held[0] if seen.held else the_one(spec, seen))


def resolvers_are_trusted_right_after_a_write(patch: Patch) -> None:
    patch.setattr(dns, "_may_lag", lambda _record, _address, _now: False)


def one_resolver_is_enough(patch: Patch) -> None:
    patch.setattr(Said, "shows", _somebody_shows)


def _somebody_shows(said, address) -> bool:
    return any(answer.addresses == (address,) for answer in said.answers)


def families_are_mixed_up(patch: Patch) -> None:
    patch.setattr(RecordSpec, "family", property(lambda _spec: Family.IPV4))


def a_look_that_is_overdue_is_given_up(patch: Patch) -> None:
    def forgets(regular, records, now):
        looks = [regular]
        looks += [(r.change.next_look, "visible") for r in records.values() if r.change and r.change.next_look]
        looks += [(r.hold_until, "retry") for r in records.values() if r.hold_until is not None]
        return min([look for look in looks if look[0] > now.instant], default=regular)

    patch.setattr(pace, "brought_forward", forgets)


def a_change_that_stays_invisible_ignores_the_budget(patch: Patch) -> None:
    follow_up = dns._follow_up
    patch.setattr(
        dns,
        "_follow_up",
        lambda spec, record, address, now, policy: follow_up(
            spec, record, address, now, replace(policy, max_changes_per_day=1_000)
        ),
    )


def cycles_are_not_counted_on(patch: Patch) -> None:
    load = disk.memory_of
    patch.setattr(disk, "memory_of", lambda image, now: replace(load(image, now), cycle=0))


def dns_is_written_before_the_state_is_known(patch: Patch) -> None:
    consider = dns.consider

    def eager(spec, record, standing, now, policy):
        known = standing.belief.candidate or standing.belief.confirmed
        sure = replace(
            standing.belief, candidate=known, confirmed=known, streak=policy.confirmations, candidate_since=now
        )
        return consider(spec, record, standing._replace(belief=sure) if known else standing, now, policy)

    patch.setattr(decide.dns, "consider", eager)


def the_budget_goes_by_the_wall_clock(patch: Patch) -> None:
    day_s = dns.DAY_S
    patch.setattr(dns, "writes_within_a_day", lambda record, now: sum(now.wall - w.wall < day_s for w in record.writes))
    patch.setattr(
        remember, "_written", lambda record, at: (*(w for w in record.writes if at.wall - w.wall < day_s), at)
    )


def a_record_is_silently_left_alone(patch: Patch) -> None:
    consider = dns.consider

    def silent(spec, record, standing, now, policy):
        considered = consider(spec, record, standing, now, policy)
        return None if isinstance(considered, Refused) else considered

    patch.setattr(decide.dns, "consider", silent)


def an_outage_never_ends(patch: Patch) -> None:
    after = outage.after

    def endless(before, began, now_in, now):
        return (before, None) if before is not None else after(before, began, now_in, now)

    patch.setattr(outage, "after", endless)


def what_was_never_published_is_followed(patch: Patch) -> None:
    patch.setattr(dns, "_follow_up", lambda spec, _record, address, _now, _policy: ConfirmVisible(spec, address))


SPECIAL_WEATHER = {
    "a_change_that_stays_invisible_ignores_the_budget": (
        replace(PLAIN, max_changes_per_day=3),
        {"hand_removal": 40.0, "resolvers_block": 40.0},
    ),
    "a_quorum_of_one": (
        replace(PLAIN, speaks_natpmp=False, tripwire=False),
        {"echo_lies": 30.0, "echo_dead": 40.0},
    ),
}
"""The first takes a removal by hand, blocking resolvers and a spent budget at once: in any weather one storm in a hundred has them all.
The second a liar while everybody else is dead, in a home where nothing else vouches for the address."""

DEFECTS = tuple(
    Defect(plant.__name__, plant)
    for plant in (
        first_echo_wins, a_quorum_of_one, no_confirmations, an_outage_keeps_the_confirmations,
        a_dispute_keeps_the_confirmations, unchanged_counts_as_agreed, what_must_not_be_published_is, doubts_never_demote,
        a_rung_is_skipped, one_dead_target_is_an_outage, no_echo_answer_is_an_outage, a_stale_cache_is_trusted, the_budget_is_ignored,
        the_budget_is_forgotten_at_a_restart, the_phase_is_trusted_over_a_restart, intent_is_not_persisted,
        a_failed_write_is_cached, verified_stays_over_a_failed_write, a_write_is_not_read_back, no_such_name_means_create,
        any_of_several_records_is_changed, resolvers_are_trusted_right_after_a_write, one_resolver_is_enough,
        families_are_mixed_up, a_look_that_is_overdue_is_given_up, a_change_that_stays_invisible_ignores_the_budget,
        cycles_are_not_counted_on, dns_is_written_before_the_state_is_known,
        the_budget_goes_by_the_wall_clock,
        a_record_is_silently_left_alone,
        an_outage_never_ends,
        what_was_never_published_is_followed,
    )
)  # fmt: skip
