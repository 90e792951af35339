"""The listeners of one running instance: begun with it, and begun anew when the settings that concern them change."""

from collections.abc import Callable

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.hearing import Hearing
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners.board import ListenerBoard
from cadence_exporter.observe.listeners.supervisor import Supervisor
from cadence_exporter.observe.public_ip.last_word import LastWord
from cadence_exporter.record.log.journal import Fact, Journal
from cadence_exporter.seams import Faults
from cadence_exporter.settings.schema import Settings
from cadence_exporter.wiring import listeners

GOODBYE_S = 0.2
"""For those who can say goodbye at once; nobody's thread is waited for longer."""


class Listening:
    """Who hears, and who is to."""

    def __init__(
        self, clock: SystemClock, faults: Faults, journal: Journal, ring: Callable[[Reason], None],
        random_bytes: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        """``random_bytes`` must be unpredictable."""
        self._clock = clock
        self._faults = faults
        self._journal = journal
        self._random_bytes = random_bytes
        self.board = ListenerBoard(ring, self._tell)
        self.word = LastWord()
        """What the tripwire says, for the crew."""
        self._supervisor: Supervisor | None = None
        self._heard_by: tuple[object, ...] = ()

    def begin(self, settings: Settings) -> None:
        """Listen as ``settings`` want it; whoever does so already goes on."""
        concerned = (settings.router, settings.wan, settings.public_ip.families)
        if concerned == self._heard_by:
            return
        self._heard_by = concerned
        self.stop()
        wanted = listeners(settings, self._clock, self.word, self._random_bytes)
        self._supervisor = Supervisor(wanted, self.board, self._clock, self._faults)
        self._supervisor.start()

    def stop(self) -> None:
        """No ring comes from them any more. Does not wait."""
        if self._supervisor is not None:
            self._supervisor.stop()

    def close(self) -> None:
        """After ``stop``: a moment for those who say goodbye."""
        if self._supervisor is not None:
            self._supervisor.join(GOODBYE_S)

    def _tell(self, hearing: Hearing) -> None:
        word, icon = ("UP", "👂") if hearing.up else ("DOWN", "🙉")
        extras = {"why": hearing.why} if hearing.why and not hearing.up else {}
        self._journal.event(Fact("LISTENER", word, hearing.name, extras=extras, icon=icon))
