"""Homes to look at in a browser: the real HTTP side over a month of made-up history."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address

from prometheus_client import CollectorRegistry

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import Agreed, FaultLayer, Link, Nat
from cadence_exporter.model.decision import AddressChanged, OutageEnded, Refusal, Refused, Transition
from cadence_exporter.model.delivery import SinkName, SinkState, Trouble
from cadence_exporter.model.hearing import Ear, Hearing
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Belief, Layer, Outage, Phase, RecordMemory
from cadence_exporter.model.power import PowerReading
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.recovery import PowerView, RecoveryMemory, RecoveryPolicy
from cadence_exporter.model.trace import Hop
from cadence_exporter.record.state.chronicle import AddressHeld, BounceHeld, DnsChangeHeld, OutageHeld, TransitionHeld
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.state.watched import WatchedHeld
from cadence_exporter.record.web.live_config import LiveWebConfig
from cadence_exporter.record.web.past import Past
from cadence_exporter.record.web.routes import Routes
from cadence_exporter.record.web.server import WebServer
from cadence_exporter.record.web.status import BoardSettings, StatusBoard
from tests.record.web.web_world import HOME, NOON, Faults, HandClock, make_cycle, when

MOVED = ip_address("81.2.69.142")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
VPN, NAS = RecordKey("vpn.example.com", RecordType.A), RecordKey("nas.example.com", RecordType.A)
POLICY = RecoveryPolicy(enabled=True, device="shelly", max_per_day=4)
HOSTILE = "<script>alert('pwned')</script><img src=x onerror=alert(1)>\"'&\u202e\x1b[2J"
AT = 40 * DAY
"""Seconds on the clock that is turned by hand; far enough from zero for a month before it."""


def wall(ago: float) -> WallTime:
    return WallTime(NOON + AT - ago)


OUTAGES = (
    (25.3 * DAY, 40.0, "access"),
    (21.1 * DAY, 2.4 * HOUR, "isp"),
    (14.6 * DAY, 65.0, "access"),
    (9.2 * DAY, 18 * MINUTE, "upstream"),
    (5.03 * DAY, 25.0, "access"),
    (19.4 * HOUR, 3.3 * MINUTE, "isp"),
    (6.2 * HOUR, 35.0, "access"),
)


def month(*, ongoing: float | None = None, text: str = "") -> HistoryView:
    """Since 26 days, with a night in which Cadence did not run. ``ongoing``: an outage that began so long ago."""
    steps = [
        TransitionHeld(wall(26 * DAY), "init", "degraded", "the WAN path works"),
        TransitionHeld(wall(26 * DAY - 60), "degraded", "up", "confirmed"),
    ]
    for ago, seconds, why in OUTAGES:
        steps.append(TransitionHeld(wall(ago), "up", "down", text or why))
        steps.append(TransitionHeld(wall(ago - seconds), "down", "degraded", "the WAN path works"))
        steps.append(TransitionHeld(wall(ago - seconds - 4), "degraded", "up", "confirmed"))
    for ago, to in ((11 * DAY, "degraded"), (11 * DAY - 10, "up")):
        steps.append(TransitionHeld(wall(ago), "init" if to == "degraded" else "degraded", to, "after a restart"))
    if ongoing is not None:
        steps.append(TransitionHeld(wall(ongoing), "up", "down", "no WAN target answers"))
    changes = (
        DnsChangeHeld(
            text or "vpn.example.com",
            "A",
            str(HOME),
            str(MOVED),
            "update",
            wall(30 * HOUR),
            wall(30 * HOUR - 8),
            wall(30 * HOUR - 14),
        ),
        DnsChangeHeld(
            "nas.example.com",
            "A",
            str(HOME),
            str(MOVED),
            "update",
            wall(30 * HOUR),
            wall(30 * HOUR - 9),
            wall(30 * HOUR - 15),
        ),
    )
    return HistoryView(
        addresses=(
            AddressHeld(Family.IPV4, HOME, wall(26 * DAY), wall(30 * HOUR)),
            AddressHeld(Family.IPV4, MOVED, wall(30 * HOUR), wall(0)),
        ),
        outages=tuple(
            OutageHeld(wall(ago), wall(ago - seconds), seconds, text or why) for ago, seconds, why in OUTAGES
        ),
        dns_changes=changes,
        transitions=tuple(sorted(steps, key=lambda each: each.at)),
        bounces=(
            BounceHeld(
                at=wall(21.1 * DAY - 300),
                by_hand=False,
                off_for_s=30.0,
                result="success",
                detail=text or "its timer turns it on",
                up_after_s=95.0,
            ),
        ),
        watched=(WatchedHeld(wall(26 * DAY), wall(11.4 * DAY)), WatchedHeld(wall(11 * DAY), wall(10))),
    )


def sinks(text: str = "") -> tuple[SinkState, ...]:
    good = SinkState(
        sink=SinkName.HEARTBEAT, up=True, why="", trouble=None, backlog=0, delivered=812, dropped=0, failures={},
        last_success=wall(60), took_s=0.1, retry_in_s=None,
    )  # fmt: skip
    why = text or "HTTP 429: asked to slow down"
    bad = replace(
        good, sink=SinkName.SHEETS, up=False, why=why, trouble=Trouble.RATE_LIMITED, backlog=3, retry_in_s=120.0
    )
    return (good, bad)


def hearings(text: str = "") -> tuple[Hearing, ...]:
    up = {"up": True, "why": "", "rings": 0, "packets": 0, "ignored": {}}
    fields = {name: value for name, value in up.items() if name in Hearing.__dataclass_fields__}
    return (
        Hearing(Ear.NETLINK, **fields),
        Hearing(Ear.ROUTER_WATCH, **{**fields, "rings": 2}),
        Hearing(Ear.TRIPWIRE, **{**fields, "rings": 1}),
        Hearing(Ear.UPNP, **{**fields, "up": False, "why": text or "the router does not answer"}),
    )


class Home:
    """A board to look at."""

    def __init__(self, site: str = "home") -> None:
        self.clock = HandClock()
        self.clock.seconds = AT
        self.keys = (VPN, NAS)
        self.board = StatusBoard(
            self.clock,
            self._settings(site, self.keys),
            calls_last_hour=lambda: {"ip_echo": 3, "doh": 2, "cloudflare": 0},
        )

    def _settings(self, site: str, keys: tuple[RecordKey, ...]) -> BoardSettings:
        specs = tuple(RecordSpec(key, "cloudflare") for key in keys)
        budget = {"ip_echo": 60, "doh": 120, "cloudflare": 30}
        return BoardSettings(site, specs, 8.0, POLICY, budget, 3600.0)

    def _records(self) -> dict[RecordKey, RecordMemory]:
        return {key: RecordMemory(verified=MOVED, verified_at=wall(250)) for key in self.keys}

    def healthy(self) -> "Home":
        """UP since the small outage of six hours ago."""
        since = when(AT - 6.2 * HOUR + 39)
        self.board.hearings, self.board.sinks = hearings, sinks
        self.board.past = Past(lambda _: month(), self.clock)
        for ago, changes in (
            (30 * HOUR, {"address_changes": (AddressChanged(HOME, MOVED),)}),
            (
                6.2 * HOUR,
                {"outage_began": Layer.WAN, "transition": Transition(Phase.UP, Phase.DOWN, "no WAN target answers")},
            ),
            (
                6.2 * HOUR - 35,
                {
                    "outage_ended": OutageEnded(
                        when(AT - 6.2 * HOUR), when(AT - 6.2 * HOUR + 35), Layer.WAN, FaultLayer.ACCESS
                    )
                },
            ),
            (6.2 * HOUR - 39, {"transition": Transition(Phase.DEGRADED, Phase.UP, f"address {MOVED} confirmed")}),
        ):
            self.board.record(make_cycle(at=AT - ago, **changes))
        cycle = make_cycle(at=AT - 20, memory=self._memory(Phase.UP, since))
        public = {Family.IPV4: Agreed(MOVED, ("a", "b"))}
        assessment = replace(
            cycle.assessment,
            public=public,
            power=PowerView(
                link_up=True, on_mains=True, plug=PowerReading(on=True, watts=11.2), plug_id="a8032abe54dc"
            ),
            nat=Nat.OPEN,
        )
        self.board.record(replace(cycle, assessment=assessment))
        return self

    def _memory(self, phase: Phase, since: Now) -> dict[str, object]:
        bounced = Now(Instant(since.instant - HOUR), WallTime(since.wall - HOUR))
        return {
            "phase": phase,
            "since": since,
            "cycle": 12_480,
            "up_cycles": 12_466,
            "records": self._records(),
            "beliefs": {Family.IPV4: Belief(MOVED, 2, since, MOVED, since.wall)},
            "nat": Nat.OPEN,
            "started": Instant(AT - 11 * DAY),
            "recovery": RecoveryMemory(bounces=(bounced,), identity="a8032abe54dc"),
        }

    def stuck(self) -> "Home":
        """A loop that stands still since an hour, in a home that was UP."""
        self.healthy().clock.seconds += HOUR
        return self

    def down(self, text: str = "") -> "Home":
        """DOWN since eleven minutes. ``text`` stands wherever somebody outside can write something."""
        key = RecordKey(text, RecordType.A) if text else VPN
        self.keys = (key, NAS)
        since = when(AT - 11 * MINUTE)
        self.board.settings = self._settings(text or "home", self.keys)
        self.board.hearings, self.board.sinks = (lambda: hearings(text)), (lambda: sinks(text))
        self.board.past = Past(lambda _: month(ongoing=11 * MINUTE, text=text), self.clock)
        self.board.last_request = lambda: {
            "ask": text or "bounce",
            "at": None,
            "done": None,
            "answer": text or "cooldown",
        }
        memory = {
            **self._memory(Phase.DOWN, since),
            "nat": Nat.CGNAT,
            "outage": Outage(since, Layer.WAN, FaultLayer.ISP),
        }
        memory["records"] = {
            key: RecordMemory(verified=HOME, verified_at=wall(9000), refusal=text or "two records of that name")
        }
        cycle = make_cycle(
            at=AT - 10,
            key=key,
            memory=memory,
            refused=(Refused(key, Refusal.CONFLICT, text or "two records of that name"),),
            transition=Transition(Phase.UP, Phase.DOWN, text or "no WAN target answers"),
            why=text or "not up",
        )
        assessment = replace(
            cycle.assessment,
            wan=Link.DOWN,
            fault=FaultLayer.ISP,
            fault_why=text or "the trace ends two hops behind the router",
            last_hop=Hop(3, ip_address("81.2.69.1")),
            power=PowerView(link_up=True, on_mains=True, plug=text or "connection refused"),
        )
        self.board.record(replace(cycle, assessment=assessment))
        return self

    def starting(self) -> "Home":
        """Nothing is known yet."""
        return self


@contextmanager
def served(home: Home) -> Iterator[str]:
    """The real server on loopback; gives the address of the page."""
    live = LiveWebConfig(None, lambda problem: None)
    routes = Routes(home.board, CollectorRegistry(), live, lambda reason: None)
    server = WebServer(("127.0.0.1", 0), routes, live, SystemClock(), Faults())
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}/"
    finally:
        server.stop()
