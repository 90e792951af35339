"""Sinks over a pretend outside, a clock set by hand, and lanes that do their work on the spot."""

import functools
import json
from dataclasses import replace
from types import MappingProxyType

from google.auth import crypt, jwt

from cadence_exporter.model.assessment import Assessment, Link
from cadence_exporter.model.decision import AddressChanged, OutageEnded
from cadence_exporter.model.instants import Now, WallTime, later
from cadence_exporter.model.memory import Layer, Outage, Phase
from cadence_exporter.model.outcome import Operation, Result
from cadence_exporter.model.recovery import Bounce, PowerOutcome, PowerResult
from cadence_exporter.outbound.child import Said
from cadence_exporter.record.sheets.account import SCOPE, Account, Tokens
from cadence_exporter.record.sheets.api import SheetsApi
from cadence_exporter.record.sheets.rows import LastTimes
from cadence_exporter.record.sheets.sheet import CHANNEL, Sheet, SheetPlace
from cadence_exporter.record.sinks.board import SinkBoard
from cadence_exporter.record.sinks.courier import Courier
from cadence_exporter.record.sinks.outbox import Outbox
from cadence_exporter.record.sinks.sinks import Sinks
from cadence_exporter.simulate.lane import InlineLane
from tests.fakes.google import SPREADSHEET, FakeGoogle, InProcess
from tests.record.cycles import HOME, MOVED, Hands, at, make_cycle, memory, outcome, reconcile

LOG = "Cadence log home"
HOSTILE_DETAIL = "http://plug/off?key=hunter2canary"
"""Of a device: it is for the log of this machine only."""


@functools.cache
def signer_of(key, key_id):
    """Reading a key proves it first, which takes longer than everything else of an hour of a home."""
    return crypt.RSASigner.from_string(key, key_id)


def sign_here(module, message, timeout_s):
    """The child's work without the child."""
    asked = json.loads(message)
    return Said(0, jwt.encode(signer_of(asked["key"], asked["key_id"]), asked["claims"]))


def with_wan(cycle, link):
    values = {name: getattr(cycle.assessment, name) for name in Assessment.__dataclass_fields__}
    assessment = Assessment(**{**values, "wan": link})
    return type(cycle)(
        **{name: getattr(cycle, name) for name in cycle.__dataclass_fields__} | {"assessment": assessment}
    )


class World:
    """A home with a sheet."""

    def __init__(self, spreadsheet=SPREADSHEET, *, shows=True, worksheet="Cadence", site="home"):
        self.clock = Hands()
        self.google = FakeGoogle(self.clock)
        self.https = InProcess(self.google)
        self.place = SheetPlace(spreadsheet, worksheet, site, "0.1.0", shows)
        self.outbox = Outbox()
        self.outbox.open([CHANNEL])
        self.numbers = 0
        self.last = LastTimes()
        self.begin()

    def begin(self, run_child=sign_here, account=None):
        """As after a start of the process, with what waits."""
        self.board = SinkBoard(self.clock, self.outbox)
        self.board.open({CHANNEL.name: Sheet.name})
        tokens = Tokens(Account.of(account or self.google.account()), self.https, self.clock, run_child, (SCOPE,))
        self.sheet = Sheet(
            self.place, SheetsApi(self.https, tokens, "https://sheets.invalid"), self.outbox, self.clock, self.last
        )
        self.courier = Courier(self.sheet, InlineLane("sheets"), self.board, self.clock)

    @property
    def state(self):
        return self.board.states()[0]

    def cycle(self, *, wan=Link.UP, pause=180.0, power=None, **what):
        """One cycle, committed (what happened waits) and recorded."""
        self.clock.seconds += pause
        self.numbers += 1
        cycle = replace(with_wan(make_cycle(self.clock.now(), **what), wan), power=power)
        object.__setattr__(cycle, "id", f"{self.numbers}-abc")
        self.outbox.take(cycle)
        sinks = Sinks(InlineLane, note=self.last.note)
        sinks.replace([self.courier])
        sinks.record(cycle)
        return cycle

    def outage(self, seconds=60.0, **more):
        """A cycle with which an outage ended."""
        now = self.clock.now()
        began = at(now.instant + 180 - seconds, now.wall + 180 - seconds)
        ended = at(now.instant + 180, now.wall + 180)
        return self.cycle(outage_ended=OutageEnded(began, ended, Layer.WAN), **more)

    def bounce(self, result=PowerResult.SUCCESS, *, by_hand=False, **more):
        """A cycle in which the modem's power was cut, or was to be."""
        now = Now(later(self.clock.monotonic(), 180), WallTime(self.clock.wall() + 180))
        power = PowerOutcome(Bounce(30.0, by_hand=by_hand), result, f"{HOSTILE_DETAIL}", now, 1.0)
        return self.cycle(power=power, **more)

    def move(self, **more):
        """A cycle with a new address that was published."""
        written = outcome(Result.UPDATED, reconcile(), self.clock.now(), Operation.UPDATE, found=(HOME,))
        return self.cycle(address_changes=(AddressChanged(HOME, MOVED),), outcomes=(written,), **more)


def down(clock):
    """Memory while an outage goes on."""
    return memory(Phase.DOWN, outage=Outage(clock.now(), Layer.WAN), records=MappingProxyType({}))
