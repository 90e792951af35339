"""What the metrics read of the pretend disk."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from cadence_exporter.model.address import Family
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Phase
from cadence_exporter.record.metrics.tally import CounterKey
from cadence_exporter.record.state.chronicle import OutageHeld
from cadence_exporter.record.state.marks import Marks
from cadence_exporter.simulate.disk import Disk


class DiskLedger:
    """Implements ``record.metrics.Ledger``: the disk, with what the real store finds in its histories after a restart."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.marks = Marks()

    @property
    def up(self) -> bool:
        """Whether the last commit is on disk."""
        return self._disk.up

    def counters(self) -> Mapping[CounterKey, float]:
        """As of the last commit."""
        return self._disk.counters()

    def state_seconds(self) -> Mapping[Phase, float]:
        """Right now."""
        return self._disk.state_seconds()

    def take(self, cycle: Cycle) -> None:
        """Keep when things last happened."""
        over = cycle.decision.outage_ended
        if over is not None:
            held = OutageHeld(over.began.wall, over.ended.wall, over.seconds, over.layer)
            self.marks = replace(self.marks, last_outage=held)
        changed = {
            Family(f"ipv{change.after.version}"): cycle.ended.wall
            for change in cycle.decision.address_changes
            if change.before not in (None, change.after)
        }
        if changed:
            both = {**self.marks.address_changed, **changed}
            self.marks = replace(self.marks, address_changed=MappingProxyType(both))
        if any(outcome.wrote for outcome in cycle.outcomes):
            self.marks = replace(self.marks, last_mutation=cycle.ended.wall)
