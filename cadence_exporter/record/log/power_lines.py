"""The lines about the modem's power and the UPS."""

from collections.abc import Iterator

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.observation import Answered
from cadence_exporter.model.recovery import Bounce, PowerOutcome, PowerResult, Suppression
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.log.layout import milliseconds

_NOTHING = "—————————"
_RESULTS = {
    PowerResult.SUCCESS: ("🔌", Level.WARNING),
    PowerResult.REHEARSED: ("🔵", Level.WARNING),
    PowerResult.REFUSED: ("🟠", Level.WARNING),
    PowerResult.FAILED: ("🔴", Level.ERROR),
    PowerResult.DOUBTFUL: ("🔴", Level.ERROR),
}
_POWER_ON = {PowerResult.SUCCESS: "seen to be on", PowerResult.REHEARSED: "rehearsed: it was never off"}


def power_facts(cycle: Cycle) -> Iterator[Fact]:
    """What the UPS and the switch said, what was done, and what kept it from being done."""
    yield from _ups(cycle)
    yield from _plug(cycle)
    if cycle.power is not None:
        yield _done(cycle.power)
    withheld = cycle.decision.withheld
    if not withheld or any(each.reason is Suppression.DISABLED for each in withheld):
        return
    detail = "; ".join(each.detail for each in withheld)
    reasons = ",".join(each.reason for each in withheld)
    yield Fact("RECOVERY", "WITHHELD", reasons, "reasons", {"why": detail}, icon="🟠")


def _ups(cycle: Cycle) -> Iterator[Fact]:
    seen = cycle.observation.ups
    if seen is None:
        return
    if not isinstance(seen, Answered):
        yield Fact("UPS", "UNKNOWN", _NOTHING, "", {"reason": seen.reason, "detail": seen.detail}, Level.WARNING, "🟡")
        return
    ups = seen.value
    extras = {"rtt": milliseconds(seen.took_s)}
    if ups.charge is not None:
        extras["charge"] = f"{ups.charge:.0%}"
    if ups.runtime_s is not None:
        extras["runtime"] = f"{ups.runtime_s:.0f}s"
    status, level, icon = ("MAINS", Level.INFO, "🟢")
    if ups.low_battery:
        status, level, icon = ("LOW", Level.ERROR, "🔴")
    elif ups.on_battery:
        status, level, icon = ("BATTERY", Level.WARNING, "🔋")
    yield Fact("UPS", status, " ".join(sorted(ups.flags)), "status", extras, level, icon)


def _plug(cycle: Cycle) -> Iterator[Fact]:
    """A healthy switch in a healthy home is not worth a line."""
    seen, said = cycle.observation.plug, cycle.assessment.power.plug
    if seen is None:
        return
    if isinstance(said, str):
        yield Fact("PLUG", "UNKNOWN", seen.source, "device", {"why": said}, Level.WARNING, "🟠")
    elif cycle.memory.phase is not Phase.UP or not said.on or cycle.memory.recovery.unfinished is not None:
        watts = {} if said.watts is None else {"watts": f"{said.watts:g}"}
        extras = {"rtt": milliseconds(seen.took_s), **watts}
        yield Fact("PLUG", "ON" if said.on else "OFF", seen.source, "device", extras, icon="🟢" if said.on else "🟡")


def _done(outcome: PowerOutcome) -> Fact:
    icon, level = _RESULTS[outcome.result]
    extras = {"result": str(outcome.result), "rtt": milliseconds(outcome.took_s), "detail": outcome.detail}
    if not isinstance(outcome.action, Bounce):
        said = _POWER_ON.get(outcome.result)
        return Fact(
            "RECOVERY", "POWER_ON", said or "not sure to be on", "", extras,
            Level.INFO if said else Level.ERROR, icon, outcome.at.wall,
        )  # fmt: skip
    who = "by hand" if outcome.action.by_hand else "modem"
    receipt = outcome.receipt
    if receipt is not None and receipt.watts_before is not None and receipt.watts_off is not None:
        extras["watts"] = f"{receipt.watts_before:g} -> {receipt.watts_off:g}"
    return Fact(
        "RECOVERY", "BOUNCE", f"{who}, off for {outcome.action.off_for_s:g}s", "", extras, level, icon, outcome.at.wall
    )
