"""What is told outside while the service runs: the sinks, what waits for them, and how they fare."""

from collections.abc import Iterator

from cadence_exporter.model.delivery import SinkName, SinkState
from cadence_exporter.outbound.https import Https
from cadence_exporter.record.heartbeat import LONGEST_SILENCE_S
from cadence_exporter.record.log.journal import Fact
from cadence_exporter.record.log.sink_lines import sink_facts
from cadence_exporter.record.sheets.rows import LastTimes
from cadence_exporter.record.sinks.board import SinkBoard
from cadence_exporter.record.sinks.courier import LONGEST_PAUSE_S, Courier, Sink
from cadence_exporter.record.sinks.outbox import Outbox
from cadence_exporter.record.sinks.sinks import Sinks
from cadence_exporter.record.state.marks import Marks
from cadence_exporter.seams import Clock
from cadence_exporter.settings.schema import Settings
from cadence_exporter.wiring import Post, sinks


class Telling:
    """Lives as long as the process; a reload begins it anew with other settings. ``sinks`` is the recorder."""

    def __init__(self, clock: Clock, https: Https) -> None:
        self.outbox = Outbox()
        self._board = SinkBoard(clock, self.outbox)
        self._clock = clock
        self._https = https
        self._last = LastTimes()
        self.sinks = Sinks(note=self._last.note)
        self._told_by: tuple[object, ...] = ()

    def begin(self, settings: Settings, marks: Marks) -> None:
        """As ``settings`` want it; who tells already goes on. Called by the loop's thread, or before it runs."""
        concerned = (settings.sheets, settings.notify, settings.heartbeat, settings.site)
        if concerned == self._told_by:
            return
        self._told_by = concerned
        if marks.last_outage is not None and self._last.outage is None:
            self._last.outage = marks.last_outage.ended
        self._last.change = self._last.change or max(marks.address_changed.values(), default=None)
        made = sinks(settings, Post(self._clock, self._https, self.outbox, self._last))
        self.outbox.open([channel for _, channel in made])
        self._board.open({sink.channel: sink.name for sink, _ in made})
        self.sinks.replace([self._courier(sink) for sink, _ in made])

    def _courier(self, sink: Sink) -> Courier:
        longest_s = LONGEST_SILENCE_S if sink.name is SinkName.HEARTBEAT else LONGEST_PAUSE_S
        return Courier(sink, self.sinks.lane(sink.channel), self._board, self._clock, longest_s)

    def states(self) -> tuple[SinkState, ...]:
        """Right now. Safe from any thread."""
        return self._board.states()

    def lines(self) -> Iterator[Fact]:
        """For the log of a cycle: the sheet in each, the others when there is news. Called by the loop's thread."""
        for state in self._board.states():
            if self._board.news(state.sink) or state.sink is SinkName.SHEETS:
                yield from sink_facts(state)
