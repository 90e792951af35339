"""When an outage begins and ends, and which layer it is laid to."""

from dataclasses import replace

from cadence_exporter.decide.phase import TOLERATED_DOUBTS
from cadence_exporter.model.assessment import Assessment, Link
from cadence_exporter.model.decision import OutageEnded
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Belief, Layer, Memory, Outage, Phase


def begins(memory: Memory, phase: Phase, lan: Link, belief: Belief) -> Layer | None:
    """The layer of an outage that begins now. A home that was never UP has none to lose; an address change alone is none."""
    if memory.outage is not None or memory.up_cycles == 0:
        return None
    if phase is Phase.DOWN:
        return Layer.LAN if lan is Link.DOWN else Layer.WAN
    lost_sight = belief.doubts > TOLERATED_DOUBTS and memory.phase is Phase.UP and phase is Phase.DEGRADED
    return Layer.IP if lost_sight else None


def after(
    outage: Outage | None, began: Layer | None, phase: Phase, now: Now
) -> tuple[Outage | None, OutageEnded | None]:
    """The outage in progress after this cycle, and the one that ended with it."""
    if outage is None:
        return (Outage(now, began), None) if began else (None, None)
    if phase is Phase.UP:
        return None, OutageEnded(outage.began, now, outage.layer, outage.fault)
    return outage, None


def lay(outage: Outage | None, assessment: Assessment) -> Outage | None:
    """The outage, laid to the first layer that is named while it shows itself: what follows, as the line comes back, is not its cause."""
    if outage is None or outage.fault is not None or assessment.fault is None:
        return outage
    shows = outage.layer is Layer.IP or assessment.wan is Link.DOWN
    return replace(outage, fault=assessment.fault) if shows else outage
