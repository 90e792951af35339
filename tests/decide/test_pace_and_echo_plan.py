"""Fast when broken, quiet when healthy, soon when something is to be confirmed; and who is asked next time."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter.assess.public_ip import judge
from cadence_exporter.decide import echo_plan
from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.pace import brought_forward, next_look
from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import Agreed, Disputed, Link, Unchanged, Unknown
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.memory import Belief, EchoPlan, Memory, Phase, RecordMemory
from cadence_exporter.model.observation import Answered, EchoAnswer, EchoRound
from cadence_exporter.model.record import RecordKey, RecordSpec
from tests.decide.cases import HOME, MOVED, at, fresh, make_policy, sees

SETTLED = Belief(candidate=HOME, streak=2, confirmed=HOME, agreed_at=Instant(0.0), turn=5)
ROUTER = ip_address("93.184.216.34")
V6 = ip_address("2a00:1450:4001:81b::200e")
QUARREL = tuple(Answered(f"e{n}", EchoAnswer(ip, f"o{n}"), 0.1) for n, ip in enumerate((HOME, HOME, MOVED, MOVED)))


def plan_after(phase, belief, seconds, policy, seen=None):
    return echo_plan.plan(phase, Family.IPV4, belief, seen or sees(), at(seconds), policy)


def wait(phase, belief, draw=0.0, **changes):
    look, why = next_look(phase, {Family.IPV4: belief}, at(0.0), draw, make_policy(**changes))
    return round(float(look), 6), why


@pytest.mark.parametrize(
    ("phase", "draw", "expected"),
    [
        (Phase.UP, 0.0, (180.0, "healthy")),
        (Phase.UP, 0.5, (185.0, "healthy")),
        (Phase.DOWN, 0.0, (30.0, "not up")),
        (Phase.INIT, 0.9, (39.0, "not up")),
        (Phase.DEGRADED, 0.0, (30.0, "not up")),
    ],
)
def test_the_regular_pace_follows_the_phase_and_always_has_its_jitter(phase, draw, expected):
    unclear = replace(SETTLED, streak=0, doubts=2)
    assert wait(phase, SETTLED if phase is Phase.UP else unclear, draw) == expected


def test_the_last_rung_is_climbed_without_waiting():
    assert wait(Phase.DEGRADED, SETTLED) == (3.0, "confirm")


def test_a_candidate_and_a_first_doubt_are_settled_at_confirm_spacing():
    assert wait(Phase.DEGRADED, replace(SETTLED, streak=1)) == (3.0, "confirm")
    assert wait(Phase.DEGRADED, replace(SETTLED, streak=1), draw=0.999) == (3.74925, "confirm")
    assert wait(Phase.UP, replace(SETTLED, streak=0, doubts=1)) == (3.0, "confirm")
    assert wait(Phase.UP, replace(SETTLED, streak=0, doubts=2))[1] == "healthy"
    assert wait(Phase.DOWN, replace(SETTLED, streak=1))[1] == "not up"


def test_confirming_never_takes_longer_than_the_fast_pace():
    assert wait(Phase.DEGRADED, replace(SETTLED, streak=1), interval_s=2.0) == (1.0, "confirm")
    assert wait(Phase.DEGRADED, replace(SETTLED, streak=1), draw=0.5, interval_s=2.0) == (1.375, "confirm")


def test_a_look_that_is_overdue_after_a_long_cycle_is_not_given_up_for_a_later_one():
    records = {RecordKey("vpn.example.com", RecordType.A): RecordMemory(hold_until=Instant(3_600.0))}
    waits = Memory(Phase.UP, at(0.0), records=records)
    assert brought_forward((Instant(30.0), "not up"), waits, at(45.0)) == (30.0, "not up")
    assert brought_forward((Instant(4_000.0), "healthy"), waits, at(45.0)) == (3_600.0, "retry")
    assert brought_forward((Instant(4_000.0), "healthy"), waits, at(3_600.0)) == (4_000.0, "healthy")


def test_everyone_is_asked_until_up_and_whenever_in_doubt():
    policy = make_policy()
    assert plan_after(Phase.DEGRADED, SETTLED, 1, policy) is None
    assert plan_after(Phase.UP, replace(SETTLED, doubts=1), 1, policy) is None
    assert plan_after(Phase.UP, replace(SETTLED, streak=1), 1, policy) is None


def test_without_a_router_that_answers_one_service_in_turn_is_asked():
    assert plan_after(Phase.UP, SETTLED, 9_000, make_policy()) == EchoPlan(1, 5, HOME)


def test_a_router_that_answers_spares_the_services_until_the_cross_check():
    belief = replace(SETTLED, router_said=ROUTER)
    assert plan_after(Phase.UP, belief, 3_599, make_policy()) == EchoPlan(1, 5, HOME, ROUTER)
    assert plan_after(Phase.UP, belief, 3_600, make_policy()) == EchoPlan(2, 5, HOME)
    assert plan_after(Phase.UP, replace(belief, agreed_at=None), 1, make_policy()) == EchoPlan(2, 5, HOME)
    later = replace(belief, agreed_at=Instant(500.0))
    assert plan_after(Phase.UP, later, 4_099, make_policy()) == EchoPlan(1, 5, HOME, ROUTER)
    assert plan_after(Phase.UP, later, 4_100, make_policy()) == EchoPlan(2, 5, HOME)


def test_services_that_stay_unclear_are_asked_eagerly_at_first_and_then_every_sixth_look():
    """Four minutes at the fast pace, then as often as a healthy home asks."""
    asked = [
        n
        for n in range(40)
        if plan_after(Phase.DEGRADED, replace(SETTLED, streak=0, doubts=n), 1, make_policy()) is None
    ]
    assert asked == [*range(8), 13, 19, 25, 31, 37]


def test_a_rest_keeps_the_verdict_and_ends_at_another_word_of_the_router():
    disputed = sees(Disputed((HOME, MOVED), "why"), router_wan=ROUTER)
    doubtful = replace(SETTLED, streak=0, doubts=8)
    resting = EchoPlan(0, 5, spare_if_router_says=ROUTER, meanwhile=disputed.public[Family.IPV4])
    assert plan_after(Phase.DEGRADED, doubtful, 1, make_policy(), disputed) == resting
    assert plan_after(Phase.UP, doubtful, 1, make_policy(), disputed) is None


def test_the_router_says_nothing_that_ends_a_rest_of_ipv6_services():
    seen = replace(sees(router_wan=ROUTER), public={Family.IPV6: Unknown("no IPv6 here")})
    plan = echo_plan.plan(Phase.DEGRADED, Family.IPV6, Belief(doubts=8), seen, at(1), make_policy())
    assert plan == EchoPlan(0, meanwhile=Unknown("no IPv6 here"))


@pytest.mark.parametrize(("doubts", "first"), [(0, 1), (1, None)])
def test_a_second_family_that_is_known_stays_quiet_while_the_first_one_is_argued_over(doubts, first):
    settled = replace(SETTLED, candidate=V6, confirmed=V6, doubts=doubts)
    both = make_policy(families=(Family.IPV4, Family.IPV6))
    plan = echo_plan.plan(Phase.DEGRADED, Family.IPV6, settled, sees(), at(1), both)
    assert (plan.first if plan else None) == first
    assert echo_plan.plan(Phase.DEGRADED, Family.IPV4, SETTLED, sees(), at(1), both) is None


def test_a_dispute_that_lasts_is_still_the_verdict_in_each_look_of_a_rest():
    memory, policy = fresh(), make_policy()
    asked = 0
    for turn in range(60):
        echo = EchoRound((), 5, spared=True) if Family.IPV4 in memory.echo_plans else EchoRound(QUARREL, 5)
        asked += not echo.spared
        verdict = judge(echo, None, memory.echo_plans.get(Family.IPV4), policy)
        assert isinstance(verdict, Disputed)
        memory = decide(memory, sees(verdict), at(turn * 35.0), 0.0, policy).memory
        assert memory.phase is Phase.DEGRADED
    assert asked == 8 + 8


def test_a_spared_round_does_not_postpone_the_cross_check_but_a_voice_does():
    memory = fresh()
    script = [sees(router_wan=ROUTER), sees(router_wan=ROUTER), sees(Unchanged(HOME, "router"), router_wan=ROUTER)]
    for turn, seen in enumerate(script):
        memory = decide(memory, seen, at(turn), 0.0, make_policy()).memory
    belief = memory.beliefs[Family.IPV4]
    assert belief.agreed_at == 1.0
    memory = decide(memory, sees(Unchanged(HOME, "echo"), router_wan=None), at(9), 0.0, make_policy()).memory
    belief = memory.beliefs[Family.IPV4]
    assert (belief.agreed_at, belief.router_said) == (9.0, None)


def two_families():
    records = (
        RecordSpec(RecordKey("v.example.com", RecordType.A), "p"),
        RecordSpec(RecordKey("v.example.com", RecordType.AAAA), "p"),
    )
    return make_policy(families=(Family.IPV4, Family.IPV6), records=records)


def test_the_second_family_never_decides_the_phase_but_has_its_own_record():
    policy, memory = two_families(), fresh()
    seen = sees(v6=Unknown("no IPv6 here"))
    for turn in range(4):
        decision = decide(memory, seen, at(turn), 0.0, policy)
        memory = decision.memory
    assert memory.phase is Phase.UP
    assert [str(action.record.key) for action in decision.actions] == ["v.example.com A"]
    assert [str(refused.record) for refused in decision.refused] == ["v.example.com AAAA"]


def test_the_second_family_is_published_as_soon_as_it_is_confirmed_itself():
    policy, memory = two_families(), fresh()
    seen = sees(Unknown("IPv4 echo is blocked"), v6=Agreed(V6, ("a", "b")))
    for turn in range(2):
        decision = decide(memory, seen, at(turn), 0.0, policy)
        memory = decision.memory
    assert memory.phase is Phase.DEGRADED
    assert [action.address for action in decision.actions] == [V6]


def test_convergence_is_measured_from_the_first_evidence_of_an_address():
    memory = fresh()
    moved = sees(Agreed(MOVED, ("a", "b")))
    silent = sees(Unknown("silence"))
    for turn, seen in enumerate([sees(), sees(), moved, silent, moved, moved]):
        decision = decide(memory, seen, at(turn), 0.0, make_policy())
        memory = decision.memory
    assert decision.actions[0].evidence_at == at(2)


def test_an_address_that_is_still_the_same_after_an_outage_is_new_evidence_from_then_on():
    memory = fresh()
    for turn, seen in enumerate([sees(), sees(), sees(wan=Link.DOWN), sees(), sees()]):
        memory = decide(memory, seen, at(turn), 0.0, make_policy()).memory
    assert memory.beliefs[Family.IPV4].candidate_since == at(3)


def test_a_router_behind_another_nat_spares_nobody():
    """Its own address stays when the public one changes: somebody has to be asked."""
    memory, inner = fresh(), ip_address("192.168.1.2")
    for turn in range(3):
        memory = decide(memory, sees(router_wan=inner), at(turn), 0.0, make_policy()).memory
    assert memory.phase is Phase.UP
    assert memory.echo_plans[Family.IPV4].spare_if_router_says is None


def test_the_routers_ipv4_address_spares_no_ipv6_service():
    policy, memory = two_families(), fresh()
    v6 = Agreed(ip_address("2a01:4f8::1"), ("a", "b"))
    for turn in range(3):
        memory = decide(memory, sees(router_wan=HOME, v6=v6), at(turn), 0.0, policy).memory
    assert memory.echo_plans[Family.IPV4].spare_if_router_says == HOME
    assert memory.echo_plans[Family.IPV6].spare_if_router_says is None


@pytest.mark.parametrize("phase", list(Phase))
def test_on_battery_there_are_few_looks_whatever_the_phase_except_to_confirm(phase):
    unclear = {Family.IPV4: replace(SETTLED, streak=0, doubts=2)}
    assert next_look(phase, unclear, at(0.0), 0.5, make_policy(), on_battery=True) == (185.0, "on battery")
    assert (
        next_look(Phase.DEGRADED, {Family.IPV4: SETTLED}, at(0.0), 0.0, make_policy(), on_battery=True)[1] == "confirm"
    )


def test_another_word_of_the_tripwire_ends_a_rest_of_ipv4_services_only():
    torn = sees(Disputed((HOME, MOVED), "why"), outside=MOVED, v6=Unknown("no IPv6 here"))
    doubtful = replace(SETTLED, streak=0, doubts=8)
    four = EchoPlan(0, 5, spare_if_outside_says=MOVED, meanwhile=torn.public[Family.IPV4])
    assert plan_after(Phase.DEGRADED, doubtful, 1, make_policy(), torn) == four
    six = echo_plan.plan(Phase.DEGRADED, Family.IPV6, Belief(doubts=8), torn, at(1), make_policy())
    assert six == EchoPlan(0, meanwhile=Unknown("no IPv6 here"))


def test_a_tripwire_that_named_the_address_spares_the_services_as_a_router_does():
    vouched = replace(SETTLED, outside_said=HOME)
    spared = EchoPlan(first=1, turn=5, expected=HOME, spare_if_outside_says=HOME)
    assert plan_after(Phase.UP, vouched, 3_599, make_policy()) == spared
