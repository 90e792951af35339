"""What was scraped, kept as changes and written as OpenMetrics text with timestamps, to be loaded into Prometheus."""

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

QUIET_TICKS = 2
"""A value that stays is written at every second scrape only, unless its family is told otherwise: half the size.

Any five minutes still hold two samples: what ``rate(...[5m])`` needs, and as long as Prometheus takes one for the present.
"""

Row = tuple[str, ...]
"""The series that are written together, as ``name{labels}``: one, or all of one histogram's child."""


@dataclass(slots=True)
class _Changes:
    """The values of one row, from each tick on at which one of them changed. Nothing at all: absent from then on."""

    ticks: "array[int]" = field(default_factory=lambda: array("L"))
    values: "list[array[float] | None]" = field(default_factory=list)

    def note(self, tick: int, values: Sequence[float]) -> None:
        self.ticks.append(tick)
        self.values.append(array("d", values) if values else None)


class History:
    """Families of rows over time."""

    def __init__(self) -> None:
        self._times: list[str] = []
        self._rows: dict[str, dict[Row, _Changes]] = {}

    def tick(self, at_s: float) -> None:
        """What is noted from now on was scraped at this Unix time, which is later than the one before."""
        self._times.append(f"{at_s:.3f}")

    def note(self, family: str, row: Row, values: Sequence[float]) -> None:
        """One row has changed; without values it is gone. A row belongs to one family."""
        self._rows.setdefault(family, {}).setdefault(row, _Changes()).note(len(self._times) - 1, values)

    def write(self, out: TextIO, families: Mapping[str, tuple[str, str, str]], whole: Collection[str] = ()) -> None:
        """``families``: by the name they were noted under, their name, type and help in the exposition; in that order.

        Of those in ``whole`` every scrape is written.
        """
        for key, (name, kind, text) in families.items():
            if key in self._rows:
                out.write(f"# HELP {name} {text}\n# TYPE {name} {kind}\n")
                step = 1 if key in whole else QUIET_TICKS
                for row, changes in self._rows[key].items():
                    out.writelines(self._lines(row, changes, step))
        out.write("# EOF\n")

    def _lines(self, row: Row, changes: _Changes, step: int) -> Iterator[str]:
        ends = [*changes.ticks[1:], len(self._times)]
        for begin, end, values in zip(changes.ticks, ends, changes.values, strict=True):
            if values is None:
                continue
            samples = [f"{series} {value!r} " for series, value in zip(row, values, strict=True)]
            for time in self._times[begin:end:step]:
                yield from (f"{sample}{time}\n" for sample in samples)


def series(name: str, labels: Mapping[str, str]) -> str:
    """``name{labels}``. Values are names of our own and addresses: nothing in them wants escaping."""
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name
