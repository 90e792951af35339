"""Random lives of one record: the production decision, reconciler and hands against a model zone in which anything may go wrong."""

from types import MappingProxyType

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cadence_exporter.act.dns.reconcile import Reconciler
from cadence_exporter.act.hands import Hands
from cadence_exporter.decide import dns, remember
from cadence_exporter.model.assessment import Agreed
from cadence_exporter.model.decision import ConfirmVisible, Refused
from cadence_exporter.model.memory import Belief, Memory, Phase, RecordMemory
from cadence_exporter.model.outcome import Result
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.record.state.image import memory_of, memory_rows
from cadence_exporter.simulate.lane import InlineLane
from tests.act.dns.pretend import StillClock
from tests.decide.cases import HOME, MOVED, SPEC, make_policy
from tests.exhaustive.abstract import PRIVATE
from tests.exhaustive.occasions import Broken
from tests.exhaustive.zone_of_a_record import (
    READ_FAULTS,
    RESOLVERS,
    STRANGE,
    WRITE_FAULTS,
    ModelResolver,
    ModelZone,
    Requests,
)

CALL_TIMEOUT_S = 8.0
DAY_S = 86_400.0
HAND_EDITS = (
    (),
    (str(HOME),),
    (str(MOVED),),
    (str(STRANGE),),
    ("192.168.1.10",),
    ("no address at all",),
    (str(HOME), str(MOVED)),
    (str(HOME), str(HOME)),
)
WEATHER = st.tuples(
    st.lists(st.sampled_from((None, None, None, *READ_FAULTS)), max_size=2),
    st.sampled_from((None,) * 4 + WRITE_FAULTS),
    st.sampled_from((None,) * 6 + HAND_EDITS),
)
"""Of one action: what befalls its readings and its write, and what somebody does to the zone between the two."""
SEEN = (Result.VERIFIED, Result.VISIBLE)
SHOWN = (Result.HELD, Result.UPDATED, Result.CREATED)
WRITTEN = (Result.UPDATED, Result.CREATED)


class Unperturbed:
    """The faults that hands catch: here they are weather."""

    def caught(self, where, error):
        if isinstance(error, AssertionError):
            raise error


class LifeOfARecord(RuleBasedStateMachine):
    """From the decision about one record to what is remembered of it, over and over, in any weather at its zone."""

    @initialize(
        in_public_dns=st.sampled_from((True, True, True, False)),
        spec=st.sampled_from((SPEC, SPEC, RecordSpec(SPEC.key, SPEC.provider, create=False),
                              RecordSpec(SPEC.key, SPEC.provider, id="r1"))),
        resolvers=st.sampled_from((2, 2, 1, 0)),
        most=st.sampled_from((1, 2, 3)),
    )  # fmt: skip
    def begins(self, in_public_dns, spec, resolvers, most):
        self.broken: list[str] = []
        self.clock, self.spec = StillClock(), spec
        self.zone = ModelZone(self.clock, in_public_dns=in_public_dns, complain=self.broken.append)
        self.resolvers = [ModelResolver(name, self.zone) for name in ("one", "two")[:resolvers]]
        reconciler = Reconciler(
            self.clock,
            self.resolvers,
            {self.zone.name: self.zone},
            rehearse=False,
            call_timeout_s=CALL_TIMEOUT_S,
            lane=InlineLane,
        )
        self.hands = Hands(reconciler, Unperturbed(), self.clock)
        self.policy = make_policy(records=(spec,), max_changes_per_day=most)
        self.record, self.wanted, self.turn = RecordMemory(), HOME, 0
        self.counted: list[float] = []
        """When writes ended that the process lived to remember."""

    @rule(contents=st.sampled_from(HAND_EDITS))
    def somebody_edits_the_zone(self, contents):
        self.zone.become(*contents)

    @rule(cname=st.sampled_from((None, "elsewhere.example.net")))
    def somebody_puts_or_removes_a_cname(self, cname):
        self.zone.cname = cname

    @rule()
    def a_late_write_lands(self):
        if self.zone.late:
            self.zone.late.pop(0)()

    @rule(
        wait=st.sampled_from((1.0, 6.0, 30.0, 301.0, 901.0, 1801.0, 3601.0, 86_401.0)),
        address=st.sampled_from((None, None, HOME, MOVED, HOME, MOVED, STRANGE, PRIVATE)),
        modes=st.none() | st.tuples(st.sampled_from(RESOLVERS), st.sampled_from(RESOLVERS)),
        weather=WEATHER,
        killed=st.sampled_from((False, False, False, False, True)),
    )
    def a_cycle(self, wait, address, modes, weather, killed):
        self.clock.at += wait
        self.wanted = address or self.wanted
        for resolver, mode in zip(self.resolvers, modes or (), strict=False):
            resolver.turn(mode)
        reads, self.zone.writes, hand = weather
        self.zone.reads = list(reads)
        self.zone.hand_between = None if hand is None else lambda: self.zone.become(*hand)
        self.acts(killed=killed)

    @rule(address=st.sampled_from((HOME, MOVED)), wait=st.sampled_from((30.0, 901.0)))
    def there_and_back_unseen(self, address, wait):
        """The home moves, and back again; resolvers say all the time what was there first."""
        for resolver in self.resolvers:
            resolver.turn("stale")
        for self.wanted in (address, HOME if address == MOVED else MOVED, address):
            self.clock.at += wait
            self.acts()

    @rule(times=st.integers(1, 4))
    def somebody_insists(self, times):
        """On an address of theirs, as often as it is put right."""
        for resolver in self.resolvers:
            resolver.turn("honest")
        for _ in range(times):
            self.zone.become(str(STRANGE))
            self.clock.at += 3601.0
            self.acts()

    @rule()
    def the_process_is_restarted(self):
        memory = Memory(Phase.UP, self.clock.now(), records=MappingProxyType({self.spec.key: self.record}))
        self.record = memory_of(memory_rows(memory), self.clock.now()).records[self.spec.key]

    @rule(address=st.sampled_from((HOME, MOVED)))
    def calm_days(self, address):
        """Everything is well again and a person puts right what only a person can: then the record ends right."""
        zone = self.zone
        zone.late.clear()
        zone.reads, zone.writes, zone.hand_between, zone.cname = [], None, None, None
        pinned_lost = self.spec.id is not None and all(each.id != self.spec.id for each in zone.held)
        if len(zone.held) > 1 or pinned_lost or (not zone.held and not self.spec.create):
            zone.become(str(STRANGE))
            zone.held = tuple(each if self.spec.id is None else _with_id(each, self.spec.id) for each in zone.held)
        for resolver in self.resolvers:
            resolver.turn("honest")
        self.wanted = address
        for _ in range(3):
            self.clock.at += DAY_S + 1
            self.acts()
        if [each.content for each in zone.held] != [str(address)] or self.record.verified != address:
            raise Broken(f"calm for days, and it ends as {zone.held}, {self.record}")

    def acts(self, *, killed=False):
        """Decide, put the intent on disk, act, remember; a process that is killed remembers only the intent."""
        now = self.clock.now()
        considered = self.considered(now)
        if considered is None or isinstance(considered, Refused):
            self.left_alone(considered)
            return
        intended = dns.intend(self.record, considered)
        self.zone.now = asked = Requests(considered)
        (outcome,) = self.hands.perform((considered,))
        written = [each for each in asked.calls if each != "read"]
        self.spent(len(written))
        self.honest(outcome, asked)
        self.undone(outcome)
        if killed:
            self.record = intended
            self.the_process_is_restarted()
        else:
            # What the provider refused in so many words is no write; everything else may have been one.
            self.counted += [self.clock.at] * len(written) if outcome.result is not Result.REFUSED else []
            self.record = remember.after(intended, outcome, 0.5)
            self.cached(intended, outcome)
        self.attempted(written)
        if self.broken:
            raise Broken("; ".join(self.broken))

    def considered(self, now):
        self.turn += 1
        believed = Belief(self.wanted, 2, now, self.wanted, now.wall, turn=self.turn)
        standing = dns.Standing(Phase.UP, believed, Agreed(self.wanted, ("a", "b")))
        return dns.consider(self.spec, self.record, standing, now, self.policy)

    def left_alone(self, considered):
        record, now = self.record, self.clock.now()
        if considered is None and (record.verified != self.wanted or record.verified_at is None):
            raise Broken(f"left alone, and not known to be right: {record}")
        if considered is None and now.wall - record.verified_at >= self.policy.cache_max_age_s:
            raise Broken(f"left alone on a stale cache: {record}")

    def spent(self, writes):
        """What reached the provider, and was remembered, within a day."""
        within = sum(self.clock.at - at < DAY_S for at in self.counted)
        if writes > 1 or (writes and within + writes > self.policy.max_changes_per_day):
            self.broken.append(f"{within + writes} writes within a day, {writes} of them now")

    def honest(self, outcome, asked):
        """A result that calls the record right is what resolvers or the provider said in this very action."""
        address = outcome.action.address
        if outcome.result in SEEN and not outcome.visible_at_once:
            operators = {operator for operator, _ in asked.said}
            if not asked.said or any(addresses != (address,) for _, addresses in asked.said):
                self.broken.append(f"{outcome.result}, resolvers said {asked.said}")
            elif getattr(outcome.action, "resolvers_may_lag", False):
                self.broken.append(f"{outcome.result} by resolvers that may lag: {operators}")
        elif outcome.result in SHOWN:
            ours = [each for each in asked.shown.held if self.spec.id in (None, each.id)] if asked.shown else []
            if asked.calls[-1:] != ["read"] or [each.content for each in ours] != [str(address)] or asked.shown.cname:
                self.broken.append(f"{outcome.result}, the provider showed {asked.shown} ({asked.calls})")
        if outcome.result in WRITTEN and len(asked.calls) != 3:
            self.broken.append(f"{outcome.result} by {asked.calls}")

    def undone(self, outcome):
        """Resolvers that only lag never vouch for an address that we overwrote ourselves within a day."""
        zone, modes = self.zone, {each.mode for each in self.resolvers}
        if outcome.result is not Result.VERIFIED or zone.ours_since is None or modes - {"honest", "stale", "servfail"}:
            return
        contents = [each.content for each in zone.held if self.spec.id in (None, each.id)]
        if self.clock.at - zone.ours_since < DAY_S and str(outcome.action.address) not in contents:
            self.broken.append(f"{outcome.result} as {outcome.action.address}, we made it {contents}")

    def cached(self, intended, outcome):
        """Nothing but such a result is ever vouched for; a look that failed leaves what was known."""
        record = self.record
        settled = outcome.result in (*SEEN, *SHOWN)
        kept = (record.verified, record.verified_at) == (intended.verified, intended.verified_at)
        known = isinstance(outcome.action, ConfirmVisible) or record.verified_at is None
        if settled != (record.verified_at == outcome.at.wall) or (not settled and not (kept and known)):
            self.broken.append(f"{outcome.result}, remembered as {record}")
        if settled and record.verified != outcome.action.address:
            self.broken.append(f"{outcome.result} of {outcome.action.address}, remembered as {record}")
        if outcome.result in (Result.FAILED, Result.REFUSED) and record.hold_until is None:
            self.broken.append(f"{outcome.result}, and tried again at once")

    def attempted(self, written):
        within = sum(self.clock.at - at < DAY_S for at in self.counted)
        known = sum(self.clock.at - each.instant < DAY_S for each in self.record.writes)
        if known != within:
            self.broken.append(f"{within} writes were made within a day, {known} are counted; the last one {written}")


def _with_id(held, id_):
    return type(held)(held.content, id_, held.ttl, held.proxied)
