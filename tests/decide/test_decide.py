"""What one decision keeps and forgets, and that each record is considered with what is known of it."""

from dataclasses import replace
from ipaddress import ip_address

from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.pace import SHORT_WAIT_SPREAD
from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import Agreed, Disputed, FaultLayer, Link, Nat, Unknown
from cadence_exporter.model.decision import ConfirmVisible, Reconcile, Refusal, Refused
from cadence_exporter.model.instants import WallTime, later
from cadence_exporter.model.memory import Belief, Change, Memory, Phase, RecordMemory, Rest
from cadence_exporter.model.power import PowerReading
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.recovery import Ask, Bounce, PowerView, RecoveryPolicy, Request, Suppression
from cadence_exporter.model.trace import UsualPath
from tests.decide.cases import HOME, MOVED, SPEC, at, fresh, make_policy, sees

TRUSTED = Belief(candidate=HOME, streak=2, candidate_since=at(1), confirmed=HOME)
UP = Memory(phase=Phase.UP, since=at(5), cycle=40, up_cycles=30, beliefs={Family.IPV4: TRUSTED})
OTHER = RecordSpec(RecordKey("www.example.com", RecordType.A), "cloudflare")
URL = "https://a.example"
MAINTENANCE = Request(Ask.MAINTENANCE_ON, 600.0)


def test_a_record_that_the_settings_no_longer_name_is_forgotten():
    known = replace(fresh(), records={SPEC.key: RecordMemory(verified=HOME)})
    assert set(decide(known, sees(), at(1), 0.0, make_policy()).memory.records) == {SPEC.key}
    assert decide(known, sees(), at(1), 0.0, make_policy(records=())).memory.records == {}


def test_cycles_are_counted_and_those_in_which_home_is_up_once_more():
    stayed = decide(UP, sees(), at(60), 0.0, make_policy()).memory
    assert (stayed.cycle, stayed.up_cycles) == (41, 31)
    fell = decide(UP, sees(wan=Link.DOWN), at(60), 0.0, make_policy()).memory
    assert (fell.cycle, fell.up_cycles) == (41, 30)


def test_a_phase_is_dated_by_the_cycle_that_entered_it():
    assert decide(UP, sees(), at(60), 0.0, make_policy()).memory.since == at(5)
    assert decide(UP, sees(wan=Link.DOWN), at(60), 0.0, make_policy()).memory.since == at(60)


def test_what_is_intended_is_remembered_for_that_record_beside_what_was_known_of_it():
    known = RecordMemory(verified=MOVED, verified_at=WallTime(7.0), writes=(at(2),), failures=1)
    fine = RecordMemory(verified=HOME, verified_at=at(60).wall)
    policy = make_policy(records=(SPEC, OTHER))
    decision = decide(replace(UP, records={SPEC.key: known, OTHER.key: fine}), sees(), at(60), 0.0, policy)
    assert [action.record for action in decision.actions] == [SPEC]
    intended = replace(known, verified_at=None, change=Change(HOME, at(1)))
    assert decision.memory.records == {SPEC.key: intended, OTHER.key: fine}


def test_a_record_is_left_alone_for_as_long_as_its_own_cache_vouches_for_it():
    memory = replace(UP, records={SPEC.key: RecordMemory(verified=HOME, verified_at=at(60).wall)})
    assert decide(memory, sees(), at(61), 0.0, make_policy()).actions == ()
    actions = decide(memory, sees(), at(60 + 3600), 0.0, make_policy()).actions
    assert [type(action) for action in actions] == [Reconcile]


def test_a_refusal_names_the_phase_or_the_verdict_of_this_very_cycle():
    down = decide(UP, sees(wan=Link.DOWN), at(60), 0.0, make_policy())
    assert down.refused == (Refused(SPEC.key, Refusal.NOT_UP, "the connection is down"),)
    torn = decide(UP, sees(Disputed((HOME, MOVED), "they differ")), at(60), 0.0, make_policy())
    assert [refused.reason for refused in torn.refused] == [Refusal.DISPUTED]


def test_a_family_that_governs_only_since_a_reload_has_to_earn_up_itself():
    policy = make_policy(families=(Family.IPV6,), records=())
    seen = sees(v6=Agreed(ip_address("2a01:4f8::1"), ("a", "b")))
    decision = decide(UP, seen, at(60), 0.0, policy)
    assert decision.memory.phase is Phase.DEGRADED
    assert decision.transition.why == "address changed to 2a01:4f8::1"
    silent = decide(UP, sees(v6=Unknown("silence")), at(60), 0.0, policy)
    assert silent.memory.phase is Phase.DEGRADED
    assert silent.transition.why == "the public address is not clear"


def test_each_start_begins_at_any_of_the_echo_services_and_from_then_on_they_take_turns():
    def turns(memory, draws):
        return [decide(memory, sees(), at(60), draw, make_policy()).memory.beliefs[Family.IPV4].turn for draw in draws]

    draws = [number / 997 for number in range(997)]
    begun = [turn % 5 for turn in turns(fresh(), draws)]
    assert all(150 < begun.count(service) < 250 for service in range(5))
    assert set(turns(UP, draws)) == {TRUSTED.turn + 1}


def published(key=SPEC.key):
    """A change that no resolver has shown yet, and that it is time to ask after."""
    change = Change(HOME, at(40), at(50), looks=1, next_look=at(55).instant)
    return {key: RecordMemory(verified=HOME, verified_at=at(50).wall, writes=(at(50),), change=change)}


def test_under_maintenance_no_record_is_written_and_what_was_published_is_still_looked_at():
    policy = make_policy(records=(SPEC, OTHER))
    decision = decide(replace(UP, records=published()), sees(), at(60), 0.0, policy, (MAINTENANCE,))
    assert decision.actions == (ConfirmVisible(SPEC, HOME),)
    assert decision.refused == (Refused(OTHER.key, Refusal.MAINTENANCE, "maintenance mode is on"),)
    assert OTHER.key not in decision.memory.records, "nothing is noted as begun"


def test_a_cycle_that_cuts_the_power_follows_nothing_up_and_refuses_only_what_it_would_have_changed():
    view = PowerView(plug=PowerReading(on=True))
    policy = make_policy(records=(SPEC, OTHER), recovery=RecoveryPolicy(device="shelly"))
    memory = replace(UP, records=published(), started=at(0).instant)
    decision = decide(memory, replace(sees(), power=view), at(60), 0.0, policy, (Request(Ask.BOUNCE),))
    assert isinstance(decision.power, Bounce)
    assert decision.actions == ()
    assert decision.refused == (Refused(OTHER.key, Refusal.NOT_UP, "the power of the modem is being cut"),)


def test_what_a_cycle_learns_is_kept_until_it_learns_something_else():
    path = UsualPath(ip_address("192.168.1.1"), (), reached=True, at=at(3).wall)
    other = replace(path, reached=False)
    rests = {(Family.IPV4, URL): Rest(9, at(500).instant), (Family.IPV4, "https://b.example"): Rest(1, at(1).instant)}
    before = replace(
        UP,
        echo_rests=rests,
        started=at(1).instant,
        on_disk=False,
        calls=(("doh", at(4).instant),),
        usual_path=path,
        router_edge=True,
        nat=Nat.CGNAT,
    )
    kept = decide(before, sees(), at(60), 0.5, make_policy(records=())).memory
    same = (kept.echo_rests, kept.started, kept.on_disk, kept.calls, kept.usual_path, kept.router_edge, kept.nat)
    assert same == (rests, at(1).instant, False, before.calls, path, True, Nat.CGNAT)
    news = replace(sees(), usual_path=other, router_edge=False, nat=Nat.OPEN, asked={(Family.IPV4, URL): False})
    learnt = decide(before, news, at(60), 0.5, make_policy(records=())).memory
    assert (learnt.usual_path, learnt.router_edge, learnt.nat) == (other, False, Nat.OPEN)
    assert learnt.echo_rests[Family.IPV4, URL] == Rest(10, later(at(60).instant, 900.0 * (1 + 0.5 * SHORT_WAIT_SPREAD)))
    fell = decide(before, replace(news, wan=Link.DOWN), at(60), 0.5, make_policy(records=())).memory
    assert fell.echo_rests == {}, "a dead path says nothing of the services"


def test_the_power_is_decided_about_in_the_phase_that_the_cycle_comes_to():
    policy = make_policy(records=(), recovery=RecoveryPolicy(enabled=True, device="shelly", ups=True))
    view = PowerView(link_up=True, on_mains=True, plug=PowerReading(on=True))
    dead = replace(sees(wan=Link.DOWN), fault=FaultLayer.ACCESS, power=view)
    down = replace(UP, phase=Phase.DOWN, since=at(10_000), started=at(0).instant)
    cut = decide(down, dead, at(20_000), 0.0, policy)
    assert (cut.power, cut.withheld, cut.memory.recovery.awaiting_up) == (Bounce(30.0), (), at(20_000))
    just_fell = decide(replace(down, phase=Phase.DEGRADED), dead, at(20_000), 0.0, policy)
    assert (just_fell.power, [each.reason for each in just_fell.withheld]) == (None, [Suppression.ESCALATION])


def test_a_home_on_battery_looks_rarely_and_ends_when_the_battery_is_seen_to_run_out():
    policy = make_policy(records=())
    dark = decide(UP, replace(sees(), power=PowerView(on_mains=False)), at(60), 0.0, policy)
    assert (dark.why, dark.stop, dark.memory.recovery.on_battery) == ("on battery", None, True)
    low = replace(sees(), power=PowerView(on_mains=False, low_battery=True))
    assert decide(dark.memory, low, at(120), 0.0, policy).stop == "the battery of the UPS runs out"


def test_what_the_tripwire_said_when_the_address_was_agreed_on_is_kept_with_the_belief():
    agreed = decide(UP, sees(outside=HOME), at(60), 0.0, make_policy(records=())).memory
    assert agreed.beliefs[Family.IPV4].outside_said == HOME
