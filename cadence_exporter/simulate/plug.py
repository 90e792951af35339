"""The plug of the pretend home, on a clock of its own: its timer runs on when nobody talks to it, its contacts keep a history."""

from collections.abc import Callable
from enum import StrEnum

from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.outcome import ApiCall
from cadence_exporter.model.power import Identity, PowerReading, Proof
from cadence_exporter.seams import Clock

SERVICE = "actuator"
CALL_S = 0.05
SILENCE_S = 2.0
"""So long a caller waits for a device that does not answer, when its deadline is farther away."""
OURS, STRANGER = "a8032abe54dc", "50c7bf0000ff"


class Restores(StrEnum):
    """What the relay does when the plug gets mains, or restarts."""

    ON = "on"
    LAST = "last"
    OFF = "off"


class PlugFault(StrEnum):
    """What becomes of one call."""

    LOST_BEFORE = "lost_before"
    LOST_AFTER = "lost_after"
    SILENT_AFTER = "silent_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    GARBAGE_AFTER = "garbage_after"
    DENIED = "denied"
    RESTART_BEFORE = "restart_before"
    RESTART_AFTER = "restart_after"


_NOT_OBEYED = frozenset(
    {PlugFault.LOST_BEFORE, PlugFault.ERROR_BEFORE, PlugFault.DENIED, PlugFault.RESTART_BEFORE},
)
_RESTARTS = frozenset({PlugFault.RESTART_BEFORE, PlugFault.RESTART_AFTER})


class Plug:
    """``says_on`` is what the relay believes; ``history`` what its contacts really did."""

    def __init__(self, time: Callable[[], float], restores: Restores = Restores.ON) -> None:
        self._time = time
        self.restores = restores
        self.says_on = True
        self.mains = True
        self.flip_at: float | None = None
        self.takes_timers = True
        self.timer_works = True
        """False: it is shown, and never comes due."""
        self.stuck = False
        """Commands are taken and change nothing."""
        self.welded = False
        self.is_stranger = False
        """Another device answers at the address."""
        self.stranger_switched = 0
        self.history: list[tuple[float, bool]] = [(time(), True)]
        self._off_since: float | None = None
        self._armed = False
        """Whether a timer was set with the last cut."""
        self._was_told_off = False
        """By a command, and not by its own settings after a restart."""
        self.longest_armed_off_s = 0.0
        """The longest time off that a timer should have ended."""
        self._longest_off_s = 0.0
        self.told: Callable[[bool, float], None] = lambda _on, _at: None
        """Who hangs on the contacts: told what they do, and when."""
        self.timer_set: Callable[[float], None] = lambda _seconds: None
        """Who sees to it that a timer comes due although nobody looks."""
        self.obeyed: Callable[[bool], None] = lambda _on: None
        """Told of each command that was carried out."""
        self.went_off_by_itself: Callable[[], None] = lambda: None
        """It was on before a restart, and is set up to be off after one: its owner's doing, and his to put right."""

    @property
    def power_on(self) -> bool:
        """Whether what hangs on it has power."""
        self.catch_up()
        return self.history[-1][1]

    @property
    def timer_left_s(self) -> float | None:
        """Seconds until the relay flips by itself."""
        self.catch_up()
        return None if self.flip_at is None else max(0.0, self.flip_at - self._time())

    def longest_off_s(self) -> float:
        """The longest time that the relay was open while the plug had mains."""
        self.catch_up()
        now_s = 0.0 if self._off_since is None else self._time() - self._off_since
        return max(self._longest_off_s, now_s)

    def off_s(self) -> float:
        """How long the relay is open by now, with mains."""
        self.catch_up()
        return 0.0 if self._off_since is None else self._time() - self._off_since

    def set(self, on: bool, flip_after_s: float | None = None) -> None:
        """A command. A timer is replaced."""
        self.catch_up()
        if self.stuck:
            return
        now = self._time()
        self._was_told_off = not on
        self._switch(on=on, at=now)
        self.flip_at = None
        if flip_after_s is not None and self.takes_timers:
            self.flip_at = now + flip_after_s
            self.timer_set(flip_after_s)
        self._armed = self.flip_at is not None
        self.obeyed(on)

    def restart(self) -> None:
        """It starts anew: its timer is forgotten."""
        self.catch_up()
        self.flip_at = None
        on = self.says_on if self.restores is Restores.LAST else self.restores is Restores.ON
        self._switch(on=on, at=self._time())
        if not on and not self._was_told_off:
            self.went_off_by_itself()

    def turn_on_by_hand(self) -> None:
        """Somebody presses the button on it."""
        self.catch_up()
        self.flip_at = None
        self._switch(on=True, at=self._time())

    def lose_mains(self) -> None:
        """Dark, its load too."""
        self.catch_up()
        self.mains, self.flip_at = False, None
        self._note(self._time())

    def get_mains(self) -> None:
        """It starts anew."""
        self.mains = True
        self.restart()

    def catch_up(self) -> None:
        """Do what came due since anybody looked, at the time at which it came due."""
        if self.flip_at is not None and self.timer_works and self.flip_at <= self._time():
            due, self.flip_at = self.flip_at, None
            self._switch(on=not self.says_on, at=due)

    def _switch(self, *, on: bool, at: float) -> None:
        self.says_on = on
        self._was_told_off = self._was_told_off and not on
        self._note(at)

    def _note(self, at: float) -> None:
        closed = self.says_on or self.welded
        if self._off_since is not None and (closed or not self.mains):
            self._longest_off_s = max(self._longest_off_s, at - self._off_since)
            if self._armed:
                self.longest_armed_off_s = max(self.longest_armed_off_s, at - self._off_since)
            self._off_since = None
        elif self._off_since is None and not closed and self.mains and self._was_told_off:
            self._off_since = at
        power = closed and self.mains
        if power != self.history[-1][1]:
            self.history.append((at, power))
            self.told(power, at)


class PlugLine:
    """Implements ``act.power.relay.Relay``: the plug as it is talked to, with everything that gets lost on the way."""

    name = "simulated"
    cuts_at_once = True

    def __init__(self, plug: Plug, clock: Clock, count: Callable[[ApiCall], None], proof: Proof = Proof.TIMER) -> None:
        self.plug = plug
        self.proof = proof
        self.checks_settings = True
        """Whether its settings can be read before the cut."""
        self.fault: Callable[[], PlugFault | None] = lambda: None
        self.spend: Callable[[float], None] = lambda _seconds: None
        self.reachable: Callable[[], bool] = lambda: True
        self._clock = clock
        self._count = count

    def identify(self, deadline: Instant) -> Identity:
        """See the seam."""
        self._call(deadline)
        return Identity(STRANGER if self.plug.is_stranger else OURS, "simulated", "1")

    def read(self, deadline: Instant) -> PowerReading:
        """See the seam."""
        self._call(deadline)
        if self.plug.is_stranger:
            return PowerReading(on=True)
        left_s = self.plug.timer_left_s
        return PowerReading(
            on=self.plug.says_on,
            watts=9.5 if self.plug.power_on else 0.0,
            returns=left_s is not None,
            timer_left_s=left_s,
        )

    def prepare(self, off_for_s: float, deadline: Instant) -> None:
        """See the seam."""
        del off_for_s
        self._call(deadline)
        if self.checks_settings and self.plug.restores is not Restores.ON:
            raise ActionFailed("its relay does not come back on after a power failure: change that", refusal=True)

    def cut(self, off_for_s: float, deadline: Instant) -> None:
        """See the seam."""
        timer_s = off_for_s if self.proof is Proof.TIMER else None
        self._call(deadline, lambda: self._set(on=False, flip_after_s=timer_s))

    def turn_on(self, deadline: Instant) -> None:
        """See the seam."""
        self._call(deadline, lambda: self._set(on=True))

    def _set(self, *, on: bool, flip_after_s: float | None = None) -> None:
        if self.plug.is_stranger:
            self.plug.stranger_switched += 1
        else:
            self.plug.set(on, flip_after_s)

    def _call(self, deadline: Instant, obey: Callable[[], None] = lambda: None) -> None:
        """One request on its way. Raises ProbeFailed."""
        left_s = deadline - self._clock.monotonic()
        if left_s <= 0.0:
            raise ProbeFailed(FailureReason.TIMEOUT, "no time left")
        self.spend(min(CALL_S, left_s))
        fault = self.fault()
        if not self.reachable():
            self._fail(min(SILENCE_S, left_s), "does not answer")
        if fault is None or fault not in _NOT_OBEYED:
            obey()
        if fault in _RESTARTS:
            self.plug.restart()
        if fault is not None:
            self._fail(left_s if fault is PlugFault.SILENT_AFTER else CALL_S, fault.value)
        self._count(ApiCall(SERVICE, "2xx", CALL_S, SERVICE))

    def _fail(self, took_s: float, words: str) -> None:
        self.spend(took_s)
        self._count(ApiCall(SERVICE, "error", took_s, SERVICE))
        raise ProbeFailed(FailureReason.TIMEOUT, words)
