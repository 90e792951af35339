"""A fleet of one owner: every home writes with the same token, and the provider counts the token's requests, not the homes."""

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread

from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.simulate.home import VPN
from cadence_exporter.simulate.ills import Ills
from cadence_exporter.simulate.zone import Trouble
from tests.simulation.fleet_home import FleetHome, Patch, Story

MOST_REQUESTS, WINDOW_S, BLOCK_S = 1200, 300.0, 300.0
"""Cloudflare, "Rate limits", April 2026: 1,200 requests in five minutes a user or account token; beyond it all calls are blocked
with 429 for the next five minutes, and retry-after says how many seconds are left, rounded up."""
GIVEN_UP_S = 2 * 3600.0


@dataclass
class Token:
    """The provider's count. ``most`` None: no limit."""

    most: int | None = MOST_REQUESTS
    says_how_long: bool = True
    """Whether a 429 carries retry-after."""
    passed: int = 0
    refused: int = 0
    _recent: deque[float] = field(default_factory=deque)
    _blocked_until: float = -math.inf

    def refuses(self, at: float) -> bool:
        """One request at ``at`` seconds; requests come in order."""
        if self.most is None:
            self.passed += 1
            return False
        while self._recent and self._recent[0] <= at - WINDOW_S:
            self._recent.popleft()
        if at >= self._blocked_until and len(self._recent) >= self.most:
            self._blocked_until = at + BLOCK_S
        if at < self._blocked_until:
            self.refused += 1
            return True
        self._recent.append(at)
        self.passed += 1
        return False

    def wait_s(self, at: float) -> float | None:
        """What retry-after says."""
        return float(max(1, math.ceil(self._blocked_until - at))) if self.says_how_long else None


class Turns:
    """One home as a coroutine: it goes on until its next cycle or its next request at the provider, and says when that is.

    A thread, because the product's code knows nothing of being interrupted; only one of all runs at a time.
    """

    def __init__(self, home: FleetHome, token: Token) -> None:
        self._home = home
        self._go, self._paused = Lock(), Lock()
        self._go.acquire()
        self._paused.acquire()
        self._at: float | None = 0.0
        self._error: BaseException | None = None
        home.sim.world.zone.troubles = SharedTrouble(token, home, self.pause)
        self._thread = Thread(target=self._live, daemon=True)
        self._thread.start()

    def go_on(self) -> float | None:
        """Seconds after t0 of what comes next; None when all is done."""
        self._go.release()
        self._paused.acquire()
        if self._error is not None:
            raise self._error
        return self._at

    def pause(self) -> float:
        """Called from within: the others first, as far as they are behind. Returns the time, in seconds after t0."""
        self._at = self._home.sim.world.clock.true - self._home.t0
        self._paused.release()
        self._go.acquire()
        return self._at

    def _live(self) -> None:
        self._go.acquire()
        try:
            self._cycle_until_known_right()
        except BaseException as error:  # noqa: BLE001 - handed to whoever plays
            self._error = error
        self._at = None
        self._paused.release()

    def _cycle_until_known_right(self) -> None:
        """The loop's own two steps."""
        home, loop = self._home, self._home.sim._start()
        wakeup = Wakeup(frozenset({Reason.START}))
        while not wakeup.stops:
            next_look = loop.cycle(wakeup)
            if home.trace.right_s is not None and loop.memory.records[VPN.key].verified == home.address:
                return
            wakeup = loop.around.doorbell.wait(next_look)
            if home.sim.world.clock.true >= home.t0:  # before that, nobody is anybody's business
                self.pause()


class SharedTrouble(Ills[Trouble]):
    """The troubles of one home's provider, asked once a request."""

    __slots__ = ("_home", "_pause", "_token")

    def __init__(self, token: Token, home: FleetHome, pause: Callable[[], float]) -> None:
        super().__init__()
        self._token = token
        self._home = home
        self._pause = pause

    @property
    def newest(self) -> Trouble | None:
        at = self._pause()
        if not self._token.refuses(at):
            return None
        # Without the header the product's own rule for Cloudflare holds: the documented five minutes.
        self._home.sim.world.zone.retry_after_s = self._token.wait_s(at) or BLOCK_S
        return Trouble.SLOW_DOWN


@dataclass(frozen=True)
class Shared:
    """How a fleet with one token fared."""

    homes: int
    right_s: list[float]
    """Seconds after t0, sorted; homes that were not right after six hours are missing."""
    passed: int
    refused: int
    broken: int


def share(story: Story, seeds: range, token: Token) -> Shared:
    """All homes side by side, until each record is known to be right or six hours are over."""
    with Patch.context() as patch:
        story.plant(patch)
        homes = [FleetHome(story, seed, GIVEN_UP_S) for seed in seeds]
        _play([Turns(home, token) for home in homes])
    right = sorted(home.trace.right_s for home in homes if home.trace.right_s is not None)
    return Shared(len(homes), right, token.passed, token.refused, sum(home.done().broken for home in homes))


def _play(homes: list[Turns]) -> None:
    """Whoever is behind goes on."""
    due = [(-math.inf, number) for number in range(len(homes))]
    while due:
        _, number = due[0]
        at = homes[number].go_on()
        if at is None:
            heapq.heappop(due)
        else:
            heapq.heapreplace(due, (at, number))
