"""The one way to switch any device: only the one that is known, only when its power is sure to come back, and on in every doubt."""

from cadence_exporter.act.power.relay import Relay
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.power import BounceReceipt, Identity, PowerReading, Proof, plain_id
from cadence_exporter.seams import Clock

_LOOKS = 2
"""How often the relay is read after the cut: one lost packet shall not turn a good bounce into a blip."""

_LATE_S = 5.0
"""How much more than asked for a timer may say: devices round up, and a countdown is armed before the cut."""

_CUT_SHARE = 0.4
"""Of the time left, what telling the device to cut may take; the rest is for looking, and for turning on in a doubt."""


class _AnotherDevice(ProbeFailed):
    """At the address answers a device that is not ours."""


class GuardedSwitch:
    """A ``PowerSwitch``. ``known`` is the id that was pinned, or learnt at the first contact and then kept by whoever keeps memory."""

    def __init__(self, relay: Relay, clock: Clock, *, known: str | None, independent_network: bool) -> None:
        self.name = relay.name
        self.device_owns_timer = relay.proof is not Proof.CONTROLLER
        self.known = plain_id(known) if known else None
        self._relay = relay
        self._clock = clock
        self._independent_network = independent_network

    def identify(self, deadline: Instant) -> Identity:
        """Who is there; the first one is remembered. Raises ProbeFailed."""
        identity = self._relay.identify(deadline)
        if self.known is not None and identity.id != self.known:
            raise _AnotherDevice(
                FailureReason.CONTENT,
                f"another device answers: {identity.id} ({identity.model}) in place of {self.known}; it is not switched",
            )
        self.known = identity.id
        return identity

    def is_on(self, deadline: Instant) -> PowerReading:
        """What the relay says. Raises ProbeFailed."""
        return self._relay.read(deadline)

    def bounce(self, off_for_s: float, deadline: Instant) -> BounceReceipt:
        """See the seam. Raises ActionFailed."""
        self._refuse_unsafe()
        try:
            identity = self.identify(deadline)
            self._relay.prepare(off_for_s, deadline)
            before = self._relay.read(deadline)
        except ProbeFailed as error:
            raise ActionFailed(f"{self.name}: {error.detail}", refusal=isinstance(error, _AnotherDevice)) from error
        if not before.on:
            raise ActionFailed(f"{self.name}: is off already; turn it on first", refusal=True, doubtful=True)
        cut_at = self._clock.monotonic()
        said = self._cut(off_for_s, deadline)
        after = self._look(deadline)
        doubt = _doubt(self._relay, after, off_for_s)
        if doubt or after is None:
            on = self._turned_on(deadline)
            detail = f"{self.name}: {doubt}{said}; turned on again: {'yes' if on else 'not confirmed'}"
            # A command whose answer was lost may still be under way.
            raise ActionFailed(detail, doubtful=not on or bool(said))
        return BounceReceipt(
            identity=identity,
            proof=self._relay.proof,
            cut_at=cut_at,
            off_for_s=off_for_s,
            on_due_at=later(self._clock.monotonic(), off_for_s if after.timer_left_s is None else after.timer_left_s),
            watts_before=before.watts,
            watts_off=after.watts,
        )

    def ensure_on(self, deadline: Instant) -> None:
        """See the seam. Raises ActionFailed (doubtful)."""
        try:
            self.identify(deadline)
            self._relay.turn_on(deadline)
            reading = self._relay.read(deadline)
        except ProbeFailed as error:
            another = isinstance(error, _AnotherDevice)
            raise ActionFailed(f"{self.name}: {error.detail}", refusal=another, doubtful=True) from error
        except ActionFailed as error:
            raise ActionFailed(f"{self.name}: {error.detail}", refusal=error.refusal, doubtful=True) from error
        if not reading.on:
            raise ActionFailed(f"{self.name}: still says off after it was told to turn on", doubtful=True)

    def _refuse_unsafe(self) -> None:
        if not self.device_owns_timer and not self._independent_network:
            raise ActionFailed(
                f"{self.name}: cannot turn the power on again by itself; only with recovery.device.independent_network: true",
                refusal=True,
            )
        if self.known is None:
            raise ActionFailed(f"{self.name}: was never identified, so nobody knows what hangs on it", refusal=True)

    def _cut(self, off_for_s: float, deadline: Instant) -> str:
        """Tell the device. What goes wrong is only words: whether it happened is for the relay to say."""
        try:
            self._relay.cut(off_for_s, self._sooner(deadline, _CUT_SHARE))
        except (ProbeFailed, ActionFailed) as error:
            return f" ({error.detail})"
        return ""

    def _look(self, deadline: Instant) -> PowerReading | None:
        for looks_left in range(_LOOKS, 0, -1):
            try:
                return self._relay.read(self._sooner(deadline, 1 / (looks_left + 1)))
            except ProbeFailed:
                continue
        return None

    def _turned_on(self, deadline: Instant) -> bool:
        """Without proof, nothing stays off."""
        try:
            self._relay.turn_on(self._sooner(deadline, 0.5))
            return self._relay.read(deadline).on
        except (ProbeFailed, ActionFailed):
            return False

    def _sooner(self, deadline: Instant, share: float) -> Instant:
        now = self._clock.monotonic()
        return later(now, max(0.0, deadline - now) * share)


def _doubt(relay: Relay, after: PowerReading | None, off_for_s: float) -> str:
    """Why the reading after the cut proves nothing; empty when it proves that the power is off and comes back."""
    if after is None:
        return "the relay could not be read after the cut"
    if after.on and (relay.cuts_at_once or not after.returns):
        return "still says on after it was told to cut"
    if relay.proof in (Proof.TIMER, Proof.SCRIPT) and not after.returns:
        return "cut the power, but nothing says that it turns it on again"
    if after.timer_left_s is not None and after.timer_left_s > off_for_s + _LATE_S:
        return f"has a timer of {after.timer_left_s:g} s in place of {off_for_s:g} s"
    return ""
