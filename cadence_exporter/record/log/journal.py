"""What may be written to the log, as values: a fact of a cycle, or an event outside of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from cadence_exporter.model.instants import WallTime


class Level(IntEnum):
    """How much a line matters. The names in lower case are the settings' and the metric's."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40

    @property
    def label(self) -> str:
        """As in the settings and in metric labels."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the log."""

    subject: str
    status: str
    detail: str = ""
    named: str = ""
    """The key of ``detail`` when it is a value, as ``ip`` in ``ip=192.0.2.7``."""
    extras: Mapping[str, str] = field(default_factory=dict)
    level: Level = Level.INFO
    icon: str = "🟢"
    at: WallTime | None = None
    """When it was seen; ``None``: when the cycle ended, or now."""


class Journal(Protocol):
    """Where messages outside of cycles go: start, stop, reload, faults, a store that was set aside."""

    def event(self, fact: Fact) -> None:
        """Write it. Never raises; safe from any thread."""
        ...

    def counts(self) -> Mapping[tuple[str, ...], float]:
        """Messages written since the process began, by level, as counter keys."""
        ...
