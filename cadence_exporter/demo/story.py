"""What happens in the pretend home while somebody watches: a minute with everything in it, then variations for ever."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo import cloudflare_faults as faults
from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.doh import DohMode
from cadence_exporter.demo.home import RECORD, Home
from cadence_exporter.model.instants import later
from cadence_exporter.seams import Clock

LIE = "198.41.0.4"
SECOND_LIE = "192.36.148.17"
SECOND_LIAR = 2
"""Not the neighbour of the first (0): a healthy home asks two neighbours in turn, and must meet a liar each time."""
CGNAT_ADDRESS = "100.64.7.9"
STRANGE_CONTENT = "192.33.4.12"

Act = Callable[[Home], None]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens ``after_s`` seconds (at speed 1) after the event before it, at any speed no sooner than ``least_s``."""

    after_s: float
    tell: str
    act: Act
    least_s: float = 0.0


def opening() -> tuple[Event, ...]:
    """The first minute."""
    return (
        Event(
            0, f"A home comes up at 93.184.216.34. Watch for INIT, DEGRADED, UP, then {RECORD} being created.", _nothing
        ),
        Event(
            9,
            "The line gets a new address, 81.2.69.142. Watch it being confirmed, published and seen by resolvers.",
            lambda home: home.change_address("81.2.69.142"),
        ),
        Event(
            10,
            f"One echo service starts to lie ({LIE}). A single voice moves nothing: if it is its turn, it is outvoted.",
            lambda home: home.echo_lies(0, LIE),
        ),
        Event(
            5,
            "A second one joins: two against two. Watch 'disputed', then DEGRADED: still nothing is written.",
            lambda home: home.echo_lies(SECOND_LIAR, LIE),
        ),
        Event(10, "The liars are honest again.", Home.echoes_honest),
        Event(2, "The line is dead for ten seconds. Watch DOWN: the router answers, the world does not.", Home.cut_wan),
        Event(
            10,
            "The line works again. Watch it climb: DOWN, DEGRADED, UP; the record was right all along.",
            Home.restore_wan,
        ),
    )


def variations() -> tuple[tuple[Event, ...], ...]:
    """What goes on happening, one after the other; each leaves the home as healthy as it found it."""
    return (
        (
            Event(
                9,
                "The modem hangs. Watch WITHHELD: Cadence does not cut its power while nobody knows that it is the access line.",
                Home.modem_hangs,
            ),
            Event(
                9,
                "Somebody asks for it (cadence-exporter bounce --yes). Watch BOUNCE: the plug turns it on again after ten seconds.",
                lambda home: home.ask_for_bounce(),
            ),
            Event(18, "The modem should be back by now; else somebody pulls its plug.", Home.modem_restarted, 14.0),
        ),
        (
            Event(
                12,
                f"Somebody changes {RECORD} by hand at the provider. Watch the cache run out and the record being put right.",
                _edit_by_hand,
            ),
            Event(24, "That should be repaired by now.", _nothing),
        ),
        (
            Event(
                5,
                "New address 89.160.20.112, and the provider answers 429. Watch it wait, then converge.",
                _move_while_throttled,
            ),
            Event(16, "That should be published by now.", _nothing),
        ),
        (
            Event(
                5,
                "New address 2.125.160.216, and one resolver keeps the old answer. Watch 'published' long before 'visible'.",
                _move_while_stale,
            ),
            Event(12, "The resolver lets go of the old answer.", _resolvers_normal),
        ),
        (
            Event(10, "The router loses power. Watch LAN and WAN go, in one observation.", Home.router_off),
            Event(6, "It comes back with a new address, 81.2.69.160.", _back_with_another),
        ),
        (
            Event(
                14,
                f"The provider of the line puts the home behind carrier-grade NAT ({CGNAT_ADDRESS}). Watch it being refused.",
                lambda home: home.change_address(CGNAT_ADDRESS),
            ),
            Event(
                10,
                "And gives it a public address again, 93.184.216.34.",
                lambda home: home.change_address("93.184.216.34"),
            ),
        ),
        (
            Event(
                14,
                f"Two echo services agree on a lie ({SECOND_LIE}). Watch 'disputed', and nothing being written.",
                _two_liars,
            ),
            Event(12, "They are honest again.", Home.echoes_honest),
        ),
        (
            Event(8, "The line is dead for eight seconds.", Home.cut_wan),
            Event(8, "The line works again, with the address 81.2.69.142.", _restored_elsewhere),
        ),
    )


class Story(Closes):
    """Plays the events in a thread of its own, ``speed`` times as fast, and tells each one before it happens."""

    def __init__(self, home: Home, speed: float, tell: Callable[[str], None], clock: Clock | None = None) -> None:
        self._home = home
        self._speed = speed
        self._tell = tell
        self._clock = clock or SystemClock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play, name="story", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """End the story wherever it is."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _play(self) -> None:
        # Due times add up from the first, so that slow acts do not shift the whole story.
        due = self._clock.monotonic()
        for event in events():
            due = later(due, max(event.after_s / self._speed, event.least_s))
            if self._over.wait(max(0.0, due - self._clock.monotonic())):
                return
            self._tell(event.tell)
            event.act(self._home)


def events() -> Iterator[Event]:
    """The opening, then the variations for ever."""
    yield from opening()
    for variation in cycle(variations()):
        yield from variation


def _nothing(_: Home) -> None:
    """Only told."""


def _edit_by_hand(home: Home) -> None:
    home.cloudflare.edit_by_hand(RECORD, "A", content=STRANGE_CONTENT)


def _move_while_throttled(home: Home) -> None:
    home.cloudflare.inject(faults.too_many_requests(1))
    home.change_address("89.160.20.112")


def _move_while_stale(home: Home) -> None:
    home.resolvers[1].mode = DohMode.STALE
    home.change_address("2.125.160.216")


def _resolvers_normal(home: Home) -> None:
    for resolver in home.resolvers:
        resolver.mode = DohMode.NORMAL


def _back_with_another(home: Home) -> None:
    home.change_address("81.2.69.160")
    home.router_on()


def _two_liars(home: Home) -> None:
    home.echo_lies(0, SECOND_LIE)
    home.echo_lies(SECOND_LIAR, SECOND_LIE)


def _restored_elsewhere(home: Home) -> None:
    home.change_address("81.2.69.142")
    home.restore_wan()
