"""The real service, whole, with one thing changed: its waits are skipped. Run as a child process by the benchmark.

Clock and doorbell are the seams of the loop; these two are real time plus the waits that were not waited for. Everything else is the
product's own: settings, probes and their threads, TLS, DNS reconciliation, the store and its fsync, metrics, log, web server.

Listeners would hear real time only, so there are none. With an address as the fourth word, the tripwire is taken to have heard that
address at the end of each wait that was skipped, as it would have.

``python -m tests.bench.unhurried CONFIG HOURS REST_S [ADDRESS]`` writes one JSON document to stdout; the log goes to /dev/null.
"""

import json
import os
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from cadence_exporter.cli import listening as listening_module
from cadence_exporter.cli import service as service_module
from cadence_exporter.cli.service import Service
from cadence_exporter.loop import Loop
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.observation import Failed, Observation, Reading
from cadence_exporter.model.outcome import Result
from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.observe.public_ip.last_word import LastWord
from cadence_exporter.record.log.spool import Spool
from cadence_exporter.settings.load import load
from tests.bench.process import resident_mib


class SkippingClock:
    """Real time plus what was skipped."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def monotonic(self) -> Instant:
        return Instant(time.monotonic() + self.skipped)

    def wall(self) -> WallTime:
        return WallTime(time.time() + self.skipped)

    def now(self) -> Now:
        return Now(self.monotonic(), self.wall())


class SkippingDoorbell:
    """Comes back at once, and the clock says that it is due."""

    stopping = False

    def __init__(self, clock: SkippingClock, hours: float, rest_s: float, heard: Callable[[], None]) -> None:
        self._clock = clock
        self._heard = heard
        self._end = clock.monotonic() + hours * 3600
        self._rest_s = rest_s
        # Arrays, because lists of numbers would look like a leak of the product's.
        self.real = array("d")
        """The real instant after each wait: the parent dates its arrivals with it."""
        self.skipped = array("d")
        """What was skipped so far."""
        self.cpu = array("d")
        """CPU of the whole process so far, at each wait."""
        self.resident_mib = array("d")
        self.open_files = array("d")

    def wait(self, until: Instant) -> Wakeup:
        self.resident_mib.append(resident_mib(os.getpid()))
        self.open_files.append(len(list(Path("/proc/self/fd").iterdir())))
        self.cpu.append(time.process_time())
        if self._rest_s:
            time.sleep(self._rest_s)
        self._clock.skipped += max(0.0, until - self._clock.monotonic())
        self._heard()
        self.real.append(time.monotonic())
        self.skipped.append(self._clock.skipped)
        return (
            Wakeup(frozenset({Reason.STOP}))
            if self._clock.monotonic() >= self._end
            else Wakeup(frozenset({Reason.DUE}))
        )

    def ring(self, reason: Reason) -> None:
        """Nobody rings here."""


class Cycles:
    """Keeps, of each cycle, what the benchmark needs."""

    name = "bench"

    def __init__(self) -> None:
        self.slowest_probe = array("d")
        self.actions = array("d")
        self.not_up: list[int] = []
        self.surprises: list[str] = []
        """What did not go as it does in a healthy home, with the cycle's number."""

    def record(self, cycle: Cycle) -> None:
        self.slowest_probe.append(slowest(cycle.observation))
        self.actions.append(len(cycle.outcomes))
        if cycle.memory.phase is not Phase.UP:
            self.not_up.append(cycle.number)
        self.surprises += [f"{cycle.number}: {words}" for words in surprises(cycle)]


def surprises(cycle: Cycle) -> Iterator[str]:
    """Probes that failed, and outcomes that are not a plain verification."""
    for reading in readings(cycle.observation):
        if isinstance(reading, Failed):
            yield f"{reading.source}: {reading.reason}, {reading.detail}"
    for outcome in cycle.outcomes:
        if outcome.result is not Result.VERIFIED:
            yield f"{outcome.result}: {outcome.detail}"


def readings(seen: Observation) -> list[Reading[Any]]:
    """Every probe of an observation."""
    echoes = (reading for each in seen.echo.values() for reading in each.readings)
    return [seen.router, *seen.wan, *([seen.router_wan] if seen.router_wan else []), *echoes]


def slowest(seen: Observation) -> float:
    """Seconds of the slowest probe of an observation."""
    return max(reading.took_s for reading in readings(seen))


class TimedLoop(Loop):
    """The loop, with the real length of each cycle noted: the commit and the recorders included."""

    lengths: "array[float]"

    def cycle(self, wakeup: Wakeup) -> Instant:
        began = time.perf_counter()
        try:
            return super().cycle(wakeup)
        finally:
            self.lengths.append(time.perf_counter() - began)


def main() -> None:
    config, hours, rest_s = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    outside = IPv4Address(sys.argv[4]) if sys.argv[4:] else None
    with Path(os.devnull).open("w") as nowhere:
        document = measure(config, Pace(hours, rest_s, outside), Spool.over(nowhere))
    json.dump(document, sys.stdout)


class Pace(NamedTuple):
    """How long, how fast, and what the tripwire hears."""

    hours: float
    rest_s: float
    outside: IPv4Address | None


def measure(config: Path, pace: Pace, log: Spool) -> dict[str, Any]:
    clock, word = SkippingClock(), LastWord()

    def heard() -> None:
        if pace.outside is not None:
            word.say(pace.outside, clock.monotonic())

    with (
        mock.patch.object(service_module, "SystemClock", return_value=clock),
        mock.patch.object(listening_module, "LastWord", return_value=word),
    ):
        service = Service(lambda: load(config, os.environ, Path.cwd()), log)
    doorbell, cycles = SkippingDoorbell(clock, pace.hours, pace.rest_s, heard), Cycles()
    heard()
    around = service.loop.around
    loop = TimedLoop(
        replace(around, doorbell=doorbell, recorders=(*around.recorders, cycles)),
        service.loop.equipment,
        service.loop.memory,
        lambda: None,
    )
    loop.lengths = array("d")
    with mock.patch.object(listening_module.Listening, "begin"):
        service.listen()
    doorbell.real.append(time.monotonic())
    doorbell.skipped.append(clock.skipped)
    loop.run()
    service.close()
    service.web.stop()
    return {
        "real": list(doorbell.real),
        "skipped": list(doorbell.skipped),
        "cpu_s": list(doorbell.cpu),
        "lengths": list(loop.lengths),
        "slowest_probe": list(cycles.slowest_probe),
        "actions": list(cycles.actions),
        "not_up": cycles.not_up,
        "surprises": cycles.surprises,
        "resident_mib": list(doorbell.resident_mib),
        "open_files": list(doorbell.open_files),
        "scapy": "scapy" in sys.modules,
    }


if __name__ == "__main__":
    main()
