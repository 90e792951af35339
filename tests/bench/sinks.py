"""``python -m tests.bench.sinks``: does a cycle notice the sinks? Two loops side by side in one process, cycle by cycle in turn.

One has no sinks, the other all three against services that are slow, refuse, lie or never answer. Both commit to a store of their own
with fsync. A pretend crew answers at once, so that what is measured is what comes after it. Between cycles there is a short rest in
which the lanes work; the clock of the sinks jumps by three minutes a cycle, so that something is due after each.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.child import Said
from cadence_exporter.outbound.https import Https
from cadence_exporter.record.heartbeat import CHANNEL as HEARTBEAT
from cadence_exporter.record.heartbeat import Heartbeat
from cadence_exporter.record.notify.messenger import Addressee, Messenger
from cadence_exporter.record.sheets.account import SCOPE, Account, Tokens
from cadence_exporter.record.sheets.api import SheetsApi
from cadence_exporter.record.sheets.rows import LastTimes
from cadence_exporter.record.sheets.sheet import CHANNEL as SHEETS
from cadence_exporter.record.sheets.sheet import Sheet, SheetPlace
from cadence_exporter.record.sinks.board import SinkBoard
from cadence_exporter.record.sinks.courier import Courier
from cadence_exporter.record.sinks.outbox import Outbox
from cadence_exporter.record.sinks.sinks import Sinks
from cadence_exporter.record.state.store import SqliteStore
from tests.fakes.google import LOST, SPREADSHEET, FakeGoogle, serving
from tests.record.cycles import eventful, make_cycle, make_faults
from tests.record.sinks.sink_world import sign_here

CYCLES = 1000
REST_S = 0.05
"""Far shorter than any wait of the loop, long enough for most deliveries to be over: they begin when a cycle ends."""
TROUBLES = ("slow", "lie", "garbage", 429, 403, 500, "never", None)


class Ahead:
    """Real time, and a monotonic clock that gains three minutes a cycle."""

    def __init__(self):
        self.skipped = 0.0

    def monotonic(self):
        return Instant(time.monotonic() + self.skipped)

    def wall(self):
        return WallTime(time.time())

    def now(self):
        return Now(self.monotonic(), self.wall())


class RealDeadlines:
    """The sinks count in jumped time, the sockets in real time: each call has two seconds."""

    def __init__(self):
        self._clock = SystemClock()
        self._https = Https(self._clock, CallLog())

    def call(self, request, deadline):
        return self._https.call(request, Instant(self._clock.monotonic() + 2.0))


def loop(folder, clock, url, account):
    """What happens after the outcomes: commit, then the sinks. Without ``url`` there are none."""
    outbox, sinks = Outbox(), Sinks()
    board = SinkBoard(clock, outbox)
    faults, _ = make_faults(clock)
    store = SqliteStore(folder, clock, faults, outbox)
    store.load(clock.now())
    if url:
        to = Addressee(1, "json://x")
        outbox.open([SHEETS, HEARTBEAT, to.channel])
        tokens = Tokens(Account.of(account), RealDeadlines(), clock, sign_here, (SCOPE,))
        place = SheetPlace(SPREADSHEET, "Cadence", "home", "0")
        made = (
            Sheet(place, SheetsApi(RealDeadlines(), tokens, url), outbox, clock, LastTimes()),
            Heartbeat(f"{url}/ping", RealDeadlines(), outbox, clock),
            Messenger(to, lambda *_: Said(5, b""), outbox, clock),
        )
        board.open({sink.channel: sink.name for sink in made})
        sinks.replace([Courier(sink, sinks.lane(sink.channel), board, clock) for sink in made])

    def cycle(number):
        made = eventful(clock.now(), number) if number % 21 == 0 else make_cycle(clock.now())
        object.__setattr__(made, "id", f"{number}-x")
        began = time.perf_counter()
        store.commit(made)
        sinks.record(made)
        return time.perf_counter() - began

    return cycle, outbox, board


def serve():
    """The services, in a process of their own; what is wrong with them changes each second."""
    google, dice = FakeGoogle(SystemClock()), random.Random(1)  # noqa: S311 - weather

    def now():
        return TROUBLES[int(time.monotonic()) % len(TROUBLES)]

    def fault(step):
        trouble = now()
        if trouble == "slow":
            time.sleep(0.3)
            return None
        return None if dice.random() > 0.7 else "lost" if trouble == "never" else trouble

    def answer(method, path, headers, body):
        if path == "/ping":
            return (LOST if now() == "never" else 200), {}, b"OK"
        return google.handle(method, path, headers, body)

    google.fault = fault
    with serving(answer) as url:
        print(json.dumps([url, google.account(f"{url}/token")]), flush=True)
        sys.stdin.read()


def main(cycles):
    clock = Ahead()
    took = {"without": [], "with": []}
    child = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with tempfile.TemporaryDirectory() as folder, child:
        url, account = json.loads(child.stdout.readline())
        bare, _, _ = loop(Path(folder) / "bare", clock, "", account)
        full, _, board = loop(Path(folder) / "full", clock, url, account)
        for number in range(cycles):
            pair = [("without", bare), ("with", full)]
            for name, cycle in pair if number % 2 else reversed(pair):
                took[name].append(cycle(number))
                time.sleep(REST_S)  # after each: what one set going must not be charged to the other
            clock.skipped += 180.0
        child.stdin.close()
    figures = {
        name: {f"p{percent}": round(1000 * quantiles(values, n=100)[percent - 1], 3) for percent in (50, 95, 99)}
        for name, values in took.items()
    }
    ratios = {key: round(figures["with"][key] / figures["without"][key], 3) for key in figures["with"]}
    told = {str(state.sink): [state.delivered, sum(state.failures.values()), state.backlog] for state in board.states()}
    print(json.dumps({"cycles": cycles, "milliseconds": figures, "ratio": ratios, "delivered, failed, waiting": told}))


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else CYCLES)
