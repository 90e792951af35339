"""docs/LAB.md, from what was measured."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import percentile

Line = dict[str, Any]


def write_page(lines: Sequence[Line], page: Path) -> None:
    """Write the tables that there is something for."""
    page.write_text(
        "\n".join(row for row in (*_renumberings(lines), *_outages(lines), *_healthy(lines), *_floods(lines))) + "\n"
    )


def _of(lines: Iterable[Line], kind: str, mode: str) -> list[Line]:
    return [line for line in lines if (line["kind"], line["mode"]) == (kind, mode)]


def _spread(values: Sequence[float | None]) -> str:
    """p50, p95, max; nearest rank. What never came is the worst of all."""
    known = [float("inf") if value is None else value for value in values]
    return " | ".join(f"{percentile(known, share):.1f}" for share in (0.5, 0.95)) + f" | {max(known):.1f}"


def _renumberings(lines: Sequence[Line]) -> Iterable[str]:
    yield "| mode | from | n | p50 | p95 | max |\n| --- | --- | --- | --- | --- | --- |"
    for mode in ("announcing", "tripwire", "poll"):
        found = _of(lines, "renumber", mode)
        if found:
            for key in ("from_new", "from_lost", "up"):
                yield f"| {mode} | {key} | {len(found)} | {_spread([line[key] for line in found])} |"


def _outages(lines: Sequence[Line]) -> Iterable[str]:
    yield "\n| mode | what | n | p50 | p95 | max |\n| --- | --- | --- | --- | --- | --- |"
    for mode in ("announcing", "tripwire", "poll"):
        found = _of(lines, "outage", mode)
        if found:
            for key in ("down", "up"):
                yield f"| {mode} | {key} | {len(found)} | {_spread([line[key] for line in found])} |"


def _healthy(lines: Sequence[Line]) -> Iterable[str]:
    yield "\n| mode | seconds | calls | STUN packets | CPU s |\n| --- | --- | --- | --- | --- |"
    for mode in ("announcing", "tripwire", "poll"):
        for line in _of(lines, "healthy", mode):
            yield f"| {mode} | {line['seconds']:.0f} | {line['total']} {line['calls']} | {line['stun']} | {line['cpu_s']:.1f} |"


def _floods(lines: Sequence[Line]) -> Iterable[str]:
    yield "\n| source | sent | writes | calls | cycles | CPU s |\n| --- | --- | --- | --- | --- | --- |"
    for line in _of(lines, "flood", "announcing"):
        yield (
            f"| {line['source']} | {line['sent']} | {line['writes']} | {line['total']} | {line['cycles']} | {line['cpu_s']:.1f} |"
        )
