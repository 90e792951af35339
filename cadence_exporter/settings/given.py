"""A value that somebody gave, and where: what the layers of the settings are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cadence_exporter.errors import Problem

Steps = tuple[str | int, ...]
"""A way down from one setting into its value: ``(0, "ttl")`` is the ttl of the first record."""


@dataclass(frozen=True, slots=True)
class Given:
    """One setting as one layer has it."""

    value: object
    origin: str
    """For people: ``cadence.yaml:12``, ``environment CADENCE_SITE``, ``.env:3``, ``secret file /run/secrets/token``."""
    where: str
    """For messages: ``cadence.yaml:12:5``, ``environment``, ``.env:3:1``."""
    label: str
    """What it is called there: the dotted key, or the name of the variable."""
    base: Path
    """What a relative path in it is relative to."""
    places: Mapping[Steps, str] = field(default_factory=dict)
    """``where`` of the parts of the value."""
    labels: Mapping[Steps, str] = field(default_factory=dict)
    """What parts of the value are called, when it was not given as one piece."""

    def problem(self, text: str, steps: Steps = ()) -> Problem:
        """A problem with this value, or with a part of it; it points at the innermost part whose place is known."""
        label = self.labels.get(steps, self.label + spell(steps))
        for length in range(len(steps), -1, -1):
            if steps[:length] in self.places:
                return Problem(self.places[steps[:length]], label, text)
        return Problem(self.where, label, text)


Layer = Mapping[str, Given]
"""Dotted key -> what was given."""


def spell(steps: Steps) -> str:
    """``(0, "ttl")`` as ``[0].ttl``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
