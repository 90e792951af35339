"""All sinks as one recorder: the loop hands it each cycle, and it never keeps the loop waiting."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.outbound.lane import Lane, Worker
from cadence_exporter.record.sinks.courier import Courier


class Sinks:
    """Implements ``seams.Recorder``. Used by the loop's thread only."""

    name = "sinks"

    def __init__(
        self, make_lane: Callable[[str], Worker] = Lane, note: Callable[[Cycle], None] = lambda _: None
    ) -> None:
        """``note`` hears of each cycle, also of those after which no sink has its turn: one hangs, or waits after a failure."""
        self._make_lane = make_lane
        self._note = note
        self._lanes: dict[str, Worker] = {}
        self._couriers: Sequence[Courier] = ()

    def record(self, cycle: Cycle) -> None:
        """See the seam. What one courier raises keeps none of the others from its turn."""
        self._note(cycle)
        with ExitStack() as every:
            for courier in self._couriers:
                every.callback(courier.record, cycle)

    def lane(self, channel: str) -> Worker:
        """The lane of a channel: the same one after a reload, so that what is under way is not begun a second time."""
        if channel not in self._lanes:
            self._lanes[channel] = self._make_lane(f"sink {channel}")
        return self._lanes[channel]

    def replace(self, couriers: Sequence[Courier]) -> None:
        """These are in use from now on."""
        self._couriers = couriers
        in_use = {courier.channel for courier in couriers}
        for channel in self._lanes.keys() - in_use:
            self._lanes.pop(channel).close()
