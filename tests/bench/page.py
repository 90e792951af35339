"""The status page of a home that flapped as often as the store keeps, and of one where little happened: made anew for each asking."""

import time
from collections.abc import Iterator
from dataclasses import replace

from cadence_exporter.record.state.chronicle import OutageHeld, TransitionHeld
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.state.schema import KEPT_ROWS
from cadence_exporter.record.state.watched import WatchedHeld
from cadence_exporter.record.web.page import render
from cadence_exporter.record.web.past import Past
from tests.bench.figures import Figure, percentile
from tests.page.scene import DAY, Home, month, wall

ASKINGS = 40
DAYS = 29.0
_STATES = ("up", "down", "degraded")


def figures() -> list[Figure]:
    steps = KEPT_ROWS["transition"]
    return [
        *_of("a month with seven outages", month()),
        *_of(f"a month with {steps} transitions, as many as are kept", flapping(steps)),
    ]


def flapping(steps: int) -> HistoryView:
    """Up, down, degraded, up: one step after the other through the whole month."""
    each_s = DAYS * DAY / steps
    times = [wall(DAYS * DAY - number * each_s) for number in range(steps + 1)]
    words = [_STATES[number % 3] for number in range(steps + 1)]
    return replace(
        month(),
        transitions=tuple(TransitionHeld(times[n], words[n - 1], words[n], "no answer") for n in range(1, steps + 1)),
        outages=tuple(OutageHeld(times[n], times[n + 1], each_s, "isp") for n in range(1, steps, 3)),
        watched=(WatchedHeld(times[0], times[-1]),),
    )


def _of(what: str, view: HistoryView) -> Iterator[Figure]:
    board = Home().healthy().board
    board.past = Past(lambda _: view, board._clock)
    took, size = [], 0
    for _ in range(ASKINGS):
        began = time.perf_counter()
        size = len(render(board.as_dict(), board.shown()).body)
        took.append(1000.0 * (time.perf_counter() - began))
    yield Figure("Status page", f"made, p50: {what}", percentile(took, 0.5), "ms", note=f"{size / 1024:.0f} KiB")
    yield Figure("Status page", f"made, p95: {what}", percentile(took, 0.95), "ms")
