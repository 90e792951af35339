"""One running instance: the loop, and everything that lives as long as the process does."""

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from random import SystemRandom

from cadence_exporter import __version__
from cadence_exporter.cli.listening import Listening
from cadence_exporter.cli.telling import Telling
from cadence_exporter.clock import SystemClock
from cadence_exporter.equipment import Equipment, Surroundings
from cadence_exporter.errors import SettingsError, StateUnavailable
from cadence_exporter.loop import Loop
from cadence_exporter.model.recovery import REHEARSAL, EnsureOn
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.doorbell import QueueDoorbell
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.record.desk import Desk
from cadence_exporter.record.faults import CountedFaults
from cadence_exporter.record.log.console import Console, Stream, Style
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.log.journald import is_the_journal
from cadence_exporter.record.log.layout import Format
from cadence_exporter.record.metrics.exposition import Metrics
from cadence_exporter.record.metrics.snapshot import About
from cadence_exporter.record.state.history import read
from cadence_exporter.record.state.lock import InUse
from cadence_exporter.record.state.place import forgets_because
from cadence_exporter.record.state.store import SqliteStore
from cadence_exporter.record.supervisor import Supervisor
from cadence_exporter.record.web.listen import ListenFailed
from cadence_exporter.record.web.live_config import LiveWebConfig
from cadence_exporter.record.web.nic_update import NicLogin, NicUpdate
from cadence_exporter.record.web.past import Past
from cadence_exporter.record.web.routes import Routes
from cadence_exporter.record.web.server import WebServer
from cadence_exporter.record.web.status import BoardSettings, StatusBoard
from cadence_exporter.settings.load import Loaded
from cadence_exporter.settings.schema import Settings
from cadence_exporter.wiring import Kept, call_budgets, equipment, recovery_policy

NEEDS_RESTART = ("listen", "state_dir", "web_config_file")
"""What is opened once, at the start."""


class Service:
    """Built whole or not at all. Raises SettingsError, ListenFailed, or InUse when another instance has the state directory."""

    def __init__(self, load: Callable[[], Loaded], output: Stream) -> None:
        self._load = load
        loaded = load()
        export(loaded.exports)
        self._settings = loaded.settings
        self.clock = SystemClock()
        self._to_journal = is_the_journal(os.environ)
        self._console = Console(output, self.clock, style(self._settings, to_journal=self._to_journal))
        self._faults = CountedFaults(self._console)
        self._calls = CallLog()
        self._https = Https(self.clock, self._calls)
        self.doorbell = QueueDoorbell(self.clock)
        web_config = LiveWebConfig(self._settings.web_config_file, self._web_config_broke)
        self._telling = Telling(self.clock, self._https)
        self._store = SqliteStore(self._settings.state_dir, self.clock, self._faults, self._telling.outbox)
        self._claim_state()
        memory = self._store.load(self.clock.now())
        self._telling.begin(self._settings, self._store.marks)
        self._console.asides = self._telling.lines
        self._metrics = Metrics(self._store, memory, self.clock, about(self._settings), self._console)
        self._board = StatusBoard(
            self.clock, board_settings(self._settings), self._store.marks.last_outage, self._metrics.calls_last_hour
        )
        self._board.go_on_from(Past(partial(read, self._settings.state_dir), self.clock))
        self._supervisor = Supervisor(os.environ, self._board.stuck_at, os.getpid())
        self._listening = Listening(
            self.clock, self._faults, self._console, self.doorbell.ring, SystemRandom().randbytes
        )
        self._desk = Desk(self.doorbell.ring, self.clock)
        self._board.last_request = self._desk.last
        self._metrics.hearings = self._board.hearings = self._listening.board.hearings
        self._metrics.sinks = self._board.sinks = self._telling.states
        gear = self._equip(self._settings, memory.recovery.identity)
        self.loop = Loop(self._surroundings(), gear, memory, self._reload)
        self._nic_update = NicUpdate(self._board, self.clock, self.doorbell.ring)
        self._nic_update.allow(nic_login(self._settings))
        routes = Routes(
            self._board, self._metrics.registry, web_config, self.doorbell.ring, self._nic_update, self._desk
        )
        try:
            self.web = WebServer(self._settings.listen_address(), routes, web_config, self.clock, self._faults)
        except ListenFailed:
            self._store.close(self.clock.now())
            raise
        self._announce(loaded)

    def listen(self) -> None:
        """Answer HTTP from now on, before anything has been probed, and hear of changes."""
        self.web.start()
        self._supervisor.starting(self._board.first_cycle_may_take_s)
        where = f"{self._settings.listen_address()[0] or '*'}:{self.web.port}"
        self._console.event(Fact("SERVICE", "LISTEN", where, extras={"pid": str(os.getpid())}, icon="👂"))
        self._listening.begin(self._settings)

    def stop(self) -> None:
        """Ask the loop to end, now; it does not wait for a probe that hangs."""
        self._supervisor.stopping()
        self.doorbell.ring(Reason.STOP)
        self.loop.equipment.crew.abandon()
        self._listening.stop()

    def close(self) -> None:
        """The clean end; called by the loop's thread after its last cycle."""
        self._leave_power_on()
        self._store.close(self.clock.now())
        self._listening.close()
        why = self.loop.ended_because
        extras, level = ({}, Level.INFO) if why is None else ({"why": why}, Level.WARNING)
        self._console.event(Fact("SERVICE", "STOP", "clean", extras=extras, level=level, icon="👋"))

    def _leave_power_on(self) -> None:
        """A bounce of which nobody has seen the end is not left to the device alone. What comes of it, the next start looks at again."""
        owed = self.loop.memory.recovery.unfinished
        if owed is None or not self.loop.memory.recovery.can_be_ended(self.loop.equipment.policy.recovery):
            return
        outcome = self.loop.equipment.leave_on(EnsureOn(owed))
        extras = {"result": str(outcome.result), "detail": outcome.detail}
        self._console.event(Fact("RECOVERY", "LEFT_ON", "power on before the end", extras=extras, icon="🔌"))

    def _claim_state(self) -> None:
        """One instance a state directory. A directory that cannot be used at all is the store's to report: the loop runs without."""
        try:
            self._store.acquire()
        except InUse:
            raise
        except StateUnavailable as error:
            self._console.event(Fact("STORE", "CAUTION", str(error), level=Level.WARNING, icon="🟡"))

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            clock=self.clock,
            doorbell=self.doorbell,
            store=self._store,
            recorders=(
                self._metrics,
                self._board,
                self._console,
                self._telling.sinks,
                self._desk,
                self._supervisor,
            ),
            requests=self._desk.take,
            recalled=self._store.recalled,
            calls=self._calls,
            faults=self._faults,
            draw=SystemRandom().random,
            entering=self._console.during,
        )

    def _equip(self, settings: Settings, identity: str | None) -> Equipment:
        kept = Kept(self._listening.word, identity, self._desk.bounce_taken)
        return equipment(settings, self.clock, self._https, self._faults, rehearse=False, kept=kept)

    def _reload(self) -> Equipment | None:
        """The settings once more. A bad file changes nothing, is said, and is counted."""
        try:
            loaded = self._load()
        except SettingsError as error:
            for problem in error.problems:
                self._console.event(Fact("SETTINGS", "REFUSED", str(problem), level=Level.ERROR, icon="🔴"))
            self._metrics.reloaded(succeeded=False, at=self.clock.wall())
            return None
        for key in NEEDS_RESTART:
            if getattr(loaded.settings, key) != getattr(self._settings, key):
                self._console.event(
                    Fact("SETTINGS", "RESTART", f"{key} changes with a restart only", level=Level.WARNING, icon="🟡")
                )
        fresh = self._equip(loaded.settings, self.loop.memory.recovery.identity)
        self._listening.begin(loaded.settings)
        self._telling.begin(loaded.settings, self._store.marks)
        self._settings = loaded.settings
        self._console.restyle(style(loaded.settings, to_journal=self._to_journal))
        self._board.settings = board_settings(loaded.settings)
        self._nic_update.allow(nic_login(loaded.settings))
        self._metrics.about(about(loaded.settings))
        self._metrics.reloaded(succeeded=True, at=self.clock.wall())
        self._announce(loaded)
        return fresh

    def _announce(self, loaded: Loaded) -> None:
        where = ", ".join(loaded.files) or "no file: defaults and environment"
        extras = {"version": __version__, "site": loaded.settings.site}
        self._console.event(Fact("SETTINGS", "READ", where, extras=extras, icon="📖"))
        for warning in loaded.warnings:
            self._console.event(Fact("SETTINGS", "CAUTION", warning, level=Level.WARNING, icon="🟡"))
        if loaded.settings.recovery.enabled:
            self._caution_about_the_ledger()

    def _caution_about_the_ledger(self) -> None:
        """Cooldown and budget hold over a restart only where something survives it."""
        directory = self._settings.state_dir
        why = forgets_because(directory) if self._store.up else "it cannot be written, so the power is not cut at all"
        if why is not None:
            text = f"the ledger of bounces does not survive a restart: state_dir is {directory}, and {why}"
            self._console.event(Fact("RECOVERY", "CAUTION", text, level=Level.WARNING, icon="🟡"))

    def _web_config_broke(self, error: SettingsError) -> None:
        for problem in error.problems:
            self._console.event(Fact("WEB_CONFIG", "REFUSED", str(problem), level=Level.ERROR, icon="🔴"))


def export(variables: Mapping[str, str]) -> None:
    """Put into the process what libraries read from there: TZ and REQUESTS_CA_BUNDLE out of ``.env``."""
    os.environ.update(variables)
    time.tzset()


def style(settings: Settings, *, to_journal: bool = False) -> Style:
    """How the log looks."""
    return Style(
        format=Format(settings.log.format),
        level=Level[settings.log.level.upper()],
        site=settings.site,
        cache_max_age_s=settings.dns.cache_max_age,
        to_journal=to_journal,
    )


def board_settings(settings: Settings) -> BoardSettings:
    """What the status page shows of the settings."""
    timeout = settings.loop.probe_timeout
    return BoardSettings(
        settings.site,
        settings.record_specs(),
        timeout,
        recovery_policy(settings),
        call_budgets(settings),
        settings.dns.cache_max_age,
    )


def nic_login(settings: Settings) -> NicLogin | None:
    """Who may make the update call of routers; ``None``: nobody."""
    section = settings.nic_update
    if section.username is None or section.password is None:
        return None
    return NicLogin(section.username, section.password.get_secret_value())


def about(settings: Settings) -> About:
    """What the metrics show of the settings and the program."""
    return About(
        __version__,
        features=features(settings),
        records=settings.record_specs(),
        max_changes_per_day=settings.dns.max_changes_per_day,
        max_calls_per_hour=call_budgets(settings),
        public_ip_info=settings.metrics.public_ip_info,
        recovery=recovery_policy(settings),
    )


def features(settings: Settings) -> Mapping[str, bool]:
    """What is switched on, for the metrics. The service does what it says: only ``once`` can rehearse."""
    recovery = settings.recovery
    return {
        "dns_reconcile": bool(settings.record_specs()),
        "dry_run": False,
        "recovery": recovery.enabled,
        "rehearsal": recovery.enabled and recovery.device.type == REHEARSAL,
    }
