"""What of a cycle is worth telling outside. Pure."""

from collections.abc import Iterator

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import Reconcile
from cadence_exporter.model.delivery import Happening, Kind
from cadence_exporter.model.instants import Now
from cadence_exporter.model.recovery import Bounce


def happenings(cycle: Cycle) -> Iterator[Happening]:
    """In the order in which they are told."""
    yield from _outages(cycle)
    wall = cycle.ended.wall
    for change in cycle.decision.address_changes:
        if change.before is not None and change.before != change.after:
            facts = {"family": f"ipv{change.after.version}", "before": str(change.before), "after": str(change.after)}
            yield Happening(f"address-ipv{change.after.version}-{cycle.id}", Kind.ADDRESS_CHANGED, wall, facts)
    for outcome in cycle.outcomes:
        if isinstance(outcome.action, Reconcile) and outcome.wrote:
            key = outcome.action.record.key
            before = ",".join(str(ip) for ip in outcome.found)
            facts = {"record": str(key), "before": before, "after": str(outcome.action.address)}
            yield Happening(f"dns-{key.name}-{key.type}-{cycle.id}", Kind.DNS_CHANGED, outcome.at.wall, facts)
    yield from _bounces(cycle)


def _bounces(cycle: Cycle) -> Iterator[Happening]:
    """However it ended: a cut that was refused is news as well, and the cooldown keeps it rare."""
    done = cycle.power
    if done is not None and isinstance(done.action, Bounce):
        facts: dict[str, str | float] = {
            "asked": "by hand" if done.action.by_hand else "by itself",
            "seconds": done.action.off_for_s,
            "result": str(done.result),
        }
        yield Happening(f"bounce-{round(done.at.wall * 1000)}", Kind.BOUNCED, done.at.wall, facts)


def _outages(cycle: Cycle) -> Iterator[Happening]:
    over, current = cycle.decision.outage_ended, cycle.memory.outage
    if over is not None:
        facts: dict[str, str | float] = {
            "began": over.began.wall,
            "ended": over.ended.wall,
            "seconds": over.seconds,
            "layer": str(over.where),
        }
        yield Happening(f"{incident(over.began)}-ended", Kind.OUTAGE_ENDED, over.ended.wall, facts)
    if cycle.decision.outage_began is not None and current is not None:
        facts = {"began": current.began.wall, "layer": str(cycle.decision.outage_began)}
        yield Happening(f"{incident(current.began)}-began", Kind.OUTAGE_BEGAN, current.began.wall, facts)


def incident(began: Now) -> str:
    """The id of an outage: when it began, in milliseconds, which is stored and survives a restart."""
    return f"outage-{round(began.wall * 1000)}"
