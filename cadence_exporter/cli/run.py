"""``cadence-exporter run``: the service, until SIGTERM or SIGINT. SIGHUP reads the settings again, SIGUSR1 asks for a cycle."""

import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from cadence_exporter.cli.service import Service
from cadence_exporter.cli.signals import Signals
from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.record.log.spool import Spool
from cadence_exporter.record.web.listen import ListenFailed
from cadence_exporter.settings.load import Loaded, load

STOP_GRACE_S = 1.3
"""A cycle that is stuck in a provider's call is left behind after this: a stop takes at most two seconds."""
CANNOT_START = 2
CRASHED = 1


def run(config: Path | None, environ: Mapping[str, str], cwd: Path, started: Callable[[], None] = lambda: None) -> int:
    """Serve until told to stop; ``started`` is called when the HTTP side listens. Raises SettingsError.

    Returns 0 after a clean stop (also of its own accord, when the battery of the UPS runs out), 2 when the service cannot start,
    1 when its loop broke.
    """
    output = Spool.over(sys.stdout)
    try:
        return _serve(lambda: load(config, environ, cwd), output, started)
    finally:
        output.close()


def _serve(load_settings: Callable[[], Loaded], output: Spool, started: Callable[[], None]) -> int:
    try:
        service = Service(load_settings, output)
    except (ListenFailed, StateUnavailable) as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    signals = Signals(
        {
            signal.SIGHUP: lambda: service.doorbell.ring(Reason.RELOAD),
            signal.SIGUSR1: lambda: service.doorbell.ring(Reason.SIGNAL),
        }
    )
    thread = threading.Thread(target=lambda: _loop(service, signals), name="loop", daemon=True)
    service.listen()
    started()
    thread.start()
    told = signals.wait()
    signals.close()
    service.stop()
    thread.join(STOP_GRACE_S)
    service.web.stop()
    return 0 if told or service.loop.ended_because is not None else CRASHED


def _loop(service: Service, signals: Signals) -> None:
    """The deciding thread. Whatever it dies of ends the process, so that a supervisor restarts it."""
    try:
        service.loop.run()
        service.close()
    finally:
        signals.loop_ended()
