"""What was measured, beside the bound it has to keep."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. Without a bound it is shown for information."""

    group: str
    name: str
    value: float
    unit: str
    bound: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.bound is None:
            return ""
        return "PASS" if self.value <= self.bound else "OVER"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest-rank percentile; ``share`` in 0..1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Sequence[Figure]) -> str:
    """Lines for people: group, name, value, bound, verdict, note."""
    lines = []
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            lines.append(f"\n{group}")
        bound = f"<= {figure.bound:g}" if figure.bound is not None else ""
        value = f"{figure.value:.3g}" if abs(figure.value) < 100 else f"{figure.value:.0f}"
        lines.append(
            f"  {figure.name:<58} {value:>8} {figure.unit:<10} {bound:>8} {figure.verdict:<5} {figure.note}".rstrip()
        )
    return "\n".join(lines)
