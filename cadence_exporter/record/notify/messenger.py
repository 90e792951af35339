"""The sink: one URL, one message at a time, held back while nothing would get out, and one summary for all that came meanwhile."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cadence_exporter.model.assessment import Link
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.delivery import Happening, Kind, SinkName, Trouble
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.recovery import Bounce
from cadence_exporter.outbound.child import RunChild
from cadence_exporter.record.notify import say
from cadence_exporter.record.notify.messages import compose, incident_of
from cadence_exporter.record.sinks.courier import DeliveryFailed
from cadence_exporter.record.sinks.outbox import Channel, Outbox
from cadence_exporter.seams import Clock
from cadence_exporter.settings.extras import how_to_add

CHILD_S = 40.0
"""A message that was not delivered by then is not delivered: the child is killed."""
MOST_WAITING = 200
SHORTEST_INCIDENT_S = 60.0
DIGEST_LETTERS = 16
"""In hexadecimal: never two alike in a list."""
_COST = 2**13
"""Of scrypt: 8 MiB and some 20 ms a URL, once for each start and reload. Who guesses passwords pays as much for each guess."""


@dataclass(frozen=True)  # no slots: what is worked out once is kept
class Addressee:
    """One URL of the settings."""

    number: int
    """Its place in ``notify.urls``, counted from 1: what logs may say of it."""
    url: str = field(repr=False)
    site: str = "home"
    quiet_s: float = 300.0
    """Between two messages, and how long an incident lasts before its beginning is told."""
    show_addresses: bool = True

    @cached_property
    def channel(self) -> Channel:
        """What waits for it. Its name is the URL's alone: another place in the list must not lose or double what waits."""
        return Channel(f"notify {digest_of(self.url)}", tuple(Kind), MOST_WAITING, formerly=f"notify {self.number}")


def digest_of(url: str) -> str:
    """Tells URLs apart in the store without their being there.

    A guess can be tested against it by whoever has the store or a backup of it, and some URLs hold a password that a person chose:
    so that each guess costs them, this is scrypt (RFC 7914) and no plain hash.
    """
    digest = hashlib.scrypt(url.encode(), salt=b"cadence notify channel", n=_COST, r=8, p=1, dklen=DIGEST_LETTERS // 2)
    return digest.hex()


class Messenger:
    """Implements ``courier.Sink``."""

    name = SinkName.NOTIFY

    def __init__(self, addressee: Addressee, run_child: RunChild, outbox: Outbox, clock: Clock) -> None:
        self._to = addressee
        self.channel = addressee.channel.name
        self._run_child = run_child
        self._outbox = outbox
        self._clock = clock
        self._understood = False
        self._said_at: Instant | None = None

    def plan(self, cycle: Cycle) -> Callable[[], int | None] | None:
        """First whether the URL is understood at all; then what waits, when it is time."""
        if not self._understood:
            return self._check
        if cycle.assessment.wan is not Link.UP:
            return None
        now = self._clock.monotonic()
        if self._said_at is not None and now - self._said_at < self._to.quiet_s:
            return None
        waiting = due(self._outbox.waiting(self.channel), cycle, self._to.quiet_s)
        return (lambda: self._say(waiting)) if waiting else None

    def _check(self) -> None:
        self._asked({"url": self._to.url})
        self._understood = True

    def _say(self, told: Sequence[Happening]) -> int:
        message = compose(self._to.site, told, show_addresses=self._to.show_addresses)
        said = {"title": message.title, "body": message.body, "type": message.type}
        self._asked({"url": self._to.url, "parent": os.getpid(), **said})
        self._said_at = self._clock.monotonic()
        self._outbox.delivered(self.channel, [happening.id for happening in told])
        return len(told)

    def _asked(self, message: Mapping[str, object]) -> None:
        said = self._run_child(say.__name__, json.dumps(message).encode(), CHILD_S)
        which = f"entry {self._to.number} of notify.urls"
        if said.code == say.NOT_INSTALLED:
            raise DeliveryFailed(Trouble.SETUP, f"Apprise is not installed: {how_to_add('notify')}")
        if said.code == say.NOT_UNDERSTOOD:
            raise DeliveryFailed(Trouble.SETUP, f"{which} is no URL that Apprise understands")
        if said.code is None or said.code < 0:
            raise DeliveryFailed(Trouble.TIMEOUT, f"{which}: not delivered in time")
        if said.code != 0:
            raise DeliveryFailed(Trouble.REJECTED, f"{which}: the service did not take the message")


def due(waiting: Sequence[Happening], cycle: Cycle, quiet_s: float) -> tuple[Happening, ...]:
    """What may be told now. Nothing while an outage goes on that began with the line: its end comes with everything in one message.

    An incident in which the line works (the address is not known) is told when that has lasted for the quiet period; a home that is
    merely on its way back up is not one. Right after the power was cut the line only seems to work.
    """
    if cycle.power is not None and isinstance(cycle.power.action, Bounce):
        return ()
    over = {incident_of(each) for each in waiting if each.kind is Kind.OUTAGE_ENDED}
    open_ = [each for each in waiting if each.kind is Kind.OUTAGE_BEGAN and incident_of(each) not in over]
    outage = cycle.memory.outage
    if outage is not None and cycle.memory.phase is not Phase.UP:
        lasted_s = cycle.ended.instant - cycle.memory.since.instant
        if not open_ or lasted_s < max(quiet_s, SHORTEST_INCIDENT_S):
            return ()
        return tuple(waiting)
    return tuple(waiting)
