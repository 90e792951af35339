"""Builders of whole cycles for the tests of the record stage."""

from dataclasses import replace
from ipaddress import ip_address
from types import MappingProxyType

from cadence_exporter.decide import budget
from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import Agreed, Assessment, Link
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import AddressChanged, Decision, OutageEnded, Reconcile, Transition
from cadence_exporter.model.instants import Boot, Instant, Now, WallTime
from cadence_exporter.model.memory import Belief, Change, Layer, Memory, Phase, RecordMemory
from cadence_exporter.model.observation import (
    Answered,
    EchoAnswer,
    EchoRound,
    Failed,
    FailureReason,
    Observation,
    PathWorks,
    RouterAlive,
    RouterMethod,
)
from cadence_exporter.model.outcome import ApiCall, Operation, Outcome, Result
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.record.faults import CountedFaults
from cadence_exporter.record.log.console import Console, Style
from cadence_exporter.record.log.journal import Level

WALL = 1769598524.9  # Wed Jan 28 2026, 11:08:44.9 UTC
HOME = ip_address("93.184.216.34")
MOVED = ip_address("81.2.69.142")
KEY = RecordKey("vpn.example.com", RecordType.A)
SPEC = RecordSpec(KEY, "cloudflare")
MICROSECOND = 1e-6


class Hands:
    """A clock set by hand."""

    def __init__(self, seconds=1000.0, wall=WALL):
        self.seconds = seconds
        self.ahead = wall - seconds

    def monotonic(self):
        return Instant(self.seconds)

    def wall(self):
        return WallTime(self.seconds + self.ahead)

    def now(self):
        return Now(self.monotonic(), self.wall())

    def since_boot(self):
        return Boot("this-boot", self.seconds)


class Broken:
    """A stream that keeps what it is given."""

    encoding = "utf-8"

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def make_faults(clock, level=Level.INFO):
    stream = Broken()
    return CountedFaults(Console(stream, clock, Style(level=level))), stream


def at(seconds, wall=None):
    return Now(Instant(seconds), WallTime(WALL - 1000.0 + seconds if wall is None else wall))


def observation(now, *, asked=1, router=True, wan=True):
    echo = tuple(Answered(f"echo{n}", EchoAnswer(HOME, f"op{n}"), 0.074) for n in range(asked))
    up = Answered("router", RouterAlive(ip_address("192.168.0.1"), RouterMethod.ARP), 0.009)
    path = Answered("tls://1.1.1.1:443", PathWorks("1.1.1.1", 443), 0.028)
    return Observation(
        at=now,
        took_s=0.15,
        gateway=ip_address("192.168.0.1"),
        router=up if router else Failed("router", FailureReason.TIMEOUT, "no answer", 8.0),
        wan=(path if wan else Failed("tls://1.1.1.1:443", FailureReason.REFUSED, "refused", 0.1),),
        router_wan=None,
        echo=MappingProxyType({Family.IPV4: EchoRound(echo, 4, spared=asked == 0)}),
    )


def memory(phase=Phase.UP, cycle=3408, up=3403, since=None, **changes):
    values = {
        "beliefs": MappingProxyType({Family.IPV4: Belief(HOME, 2, None, HOME, WallTime(WALL - 4000))}),
        "records": MappingProxyType({KEY: RecordMemory(verified=HOME, verified_at=WallTime(WALL - 250))}),
    }
    return Memory(phase, since or at(0), cycle, up, **{**values, **changes})


def make_cycle(
    now=None,
    before=None,
    after=None,
    *,
    seen=None,
    public=None,
    calls=(),
    outcomes=(),
    wait=129.0,
    took=0.295,
    **decided,
):
    now = now or at(1000)
    after = after or memory()
    before = before or memory()
    ended = Now(Instant(now.instant + took), WallTime(now.wall + took))
    after = replace(after, calls=budget.after(before.calls, calls, ended.instant)) if calls else after
    values = {
        "actions": (),
        "refused": (),
        "transition": None,
        "outage_began": None,
        "outage_ended": None,
        "address_changes": (),
        "why": "healthy",
    }
    return Cycle(
        id="3408-abcdef",
        began=now,
        ended=ended,
        wakeup=Wakeup(frozenset({Reason.DUE})),
        before=before,
        memory=after,
        observation=seen or observation(now),
        assessment=Assessment(
            Link.UP, Link.UP, MappingProxyType({Family.IPV4: public or Agreed(HOME, ("a", "b"))}), None, cgnat=False
        ),
        decision=Decision(memory=after, next_look=Instant(ended.instant + wait), **{**values, **decided}),
        outcomes=tuple(outcomes),
        calls=tuple(calls),
        phase_seconds=MappingProxyType({"observe": 0.2, "decide": 0.001, "act": 0.05, "total": took}),
    )


def reconcile(address=MOVED, evidence=None, *, may_write=True):
    return Reconcile(SPEC, address, evidence or at(990), at(1000), full_truth=True, turn=0, may_write=may_write)


def outcome(result, action=None, now=None, operation=None, **more):
    return Outcome(action or reconcile(), result, "", now or at(1000.2), 0.2, operation, **more)


def eventful(now, number=1):
    """A cycle in which everything happens at once."""
    change = Change(MOVED, at(now.instant - 10, now.wall - 10), now, next_look=now.instant)
    return make_cycle(
        now,
        before=memory(
            Phase.DEGRADED, records=MappingProxyType({KEY: RecordMemory(verified=HOME, verified_at=now.wall)})
        ),
        after=memory(
            Phase.UP,
            cycle=number,
            up=number,
            beliefs=MappingProxyType({Family.IPV4: Belief(HOME, 2, None, HOME, now.wall)}),
            records=MappingProxyType(
                {KEY: RecordMemory(verified=MOVED, verified_at=now.wall, writes=(now,), change=change)}
            ),
        ),
        calls=(
            ApiCall("cloudflare", "2xx", 0.1, "api"),
            ApiCall("doh", "error", 0.2, "doh"),
            ApiCall("doh", "2xx", 0.2, "doh"),
        ),
        outcomes=(
            outcome(Result.UPDATED, reconcile(evidence=change.evidence_at), now, Operation.UPDATE, found=(HOME,)),
        ),
        actions=(reconcile(),),
        transition=Transition(Phase.DEGRADED, Phase.UP, "confirmed"),
        outage_ended=OutageEnded(at(now.instant - 60, now.wall - 60), now, Layer.WAN),
        address_changes=(AddressChanged(MOVED, HOME),),
    )
