"""Everything about power in the pretend home: mains, UPS, plug and modem, and who is asked about them. Nothing of it without recovery."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cadence_exporter.act.power.guarded_switch import GuardedSwitch
from cadence_exporter.act.power.hand import PowerHand
from cadence_exporter.act.power.rehearsal import Rehearsal
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant, Now, later
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.observation import Answered, Failed, Reading
from cadence_exporter.model.power import PlugSeen, Proof
from cadence_exporter.model.recovery import Ask, RecoveryPolicy, Request
from cadence_exporter.model.ups import UpsReading
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.seams import Faults, PowerSwitch
from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.ills import Ills
from cadence_exporter.simulate.modem import Modem
from cadence_exporter.simulate.plug import Plug, PlugFault, PlugLine, Restores
from cadence_exporter.simulate.ups import Ups

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

TIMEOUT_S = 10.0
LOOK_AGAIN_S = 3600.0
"""How often the plug is asked while all is well."""
MAINS = "no mains"


@dataclass(frozen=True, slots=True)
class RecoverySpec:
    """What hangs on what in this home, and how its owner set recovery up."""

    policy: RecoveryPolicy
    proof: Proof = Proof.TIMER
    restores: Restores = Restores.ON
    checks_settings: bool = True
    """Whether the kind of plug lets its settings be read."""
    feeds_router: bool = False
    """The router hangs on the plug too: the plug is on the network that it cuts."""
    independent_network: bool = False
    ups_runtime_s: float | None = None
    boot_s: tuple[float, float] = (60.0, 360.0)


@dataclass(slots=True)
class Cut:
    """A command to cut that the plug obeyed."""

    at: float
    """True seconds."""
    noted: bool
    """Whether the ledger on disk held it."""
    by_hand: bool


@dataclass(slots=True)
class _Loss:
    """How many more calls it takes until one is lost, and how."""

    calls_left: int
    fault: PlugFault


@dataclass(slots=True)
class PowerDiary:
    """What truly happened; the checkers read it."""

    cuts: list[Cut] = field(default_factory=list)
    asked: list[tuple[float, Request]] = field(default_factory=list)
    """What people asked for and was handed over, with the time."""


class Power:
    """One home's."""

    def __init__(self, world: "World", spec: RecoverySpec, seed: int) -> None:
        self.spec = spec
        self._world = world
        self._dice = dice(seed, "power")
        clock = world.clock
        self.plug = Plug(lambda: clock.true, spec.restores)
        self.modem = Modem(world, lambda: self._dice.uniform(*spec.boot_s), feeds_router=spec.feeds_router)
        self.plug.told = self.modem.power
        self.plug.timer_set = lambda seconds: world.after(seconds, self.plug.catch_up, lasting=True)
        self.ups = None if spec.ups_runtime_s is None else Ups(lambda: clock.true, spec.ups_runtime_s)
        self.silent: Ills[str] = Ills()
        """The plug does not answer."""
        self._losses: list[_Loss] = []
        self._requests: list[Request] = []
        self.diary = PowerDiary()
        self.by_hand = False
        """Whether a person asked for a bounce in the cycle under way."""
        self.at_cut: list[Callable[[], None]] = []
        """What befalls the home when the power is cut next."""
        self.watchers: list[Callable[[Cut], None]] = []
        self.line = PlugLine(self.plug, clock, lambda call: world.call(call.service, call.code), spec.proof)
        self.line.checks_settings = spec.checks_settings
        self.line.fault, self.line.spend, self.line.reachable = self._fault, self._spend, self._reachable
        self.plug.obeyed = self._obeyed
        self.plug.went_off_by_itself = self._owner_puts_it_right
        self.switch: PowerSwitch = Rehearsal(clock)
        self._asked_at: Instant | None = None
        self.mains_cuts = 0
        self._owed = False
        self._over = False
        self.trouble_at = 0.0
        """When a call to the plug went wrong last, in true seconds."""

    def begin(self, memory: Memory | None, faults: Faults) -> PowerHand:
        """The hands of a new process, or of new settings."""
        self._asked_at = None
        clock, spec = self._world.clock, self.spec
        if spec.policy.device != "rehearsal":
            known = spec.policy.identity or (memory.recovery.identity if memory else None)
            self.switch = GuardedSwitch(self.line, clock, known=known, independent_network=spec.independent_network)
        return PowerHand(self.switch, clock, faults, TIMEOUT_S)

    def look(self, memory: Memory, now: Now) -> tuple[Reading[PlugSeen] | None, Reading[UpsReading] | None]:
        """What the crew sees of it. The plug is left in peace while all is well, but for once an hour."""
        due = self._asked_at is None or now.instant - self._asked_at >= LOOK_AGAIN_S
        wanted = self.spec.policy.enabled and (due or memory.phase is Phase.DOWN)
        asked = any(request.ask is Ask.BOUNCE for request in self._requests)
        plug: Reading[PlugSeen] | None = None
        if wanted or asked or memory.recovery.unfinished is not None:
            self._asked_at = now.instant
            plug = self._look_at_plug()
        return plug, None if self.ups is None else self.ups.read()

    def ask(self, request: Request) -> None:
        """A person asks for something."""
        self._requests.append(request)
        self._world.doorbell.ring(Reason.REQUEST)

    def take(self) -> Sequence[Request]:
        """See ``loop.Surroundings.requests``."""
        self.by_hand = False
        if not self._requests:
            return ()
        taken, self._requests = tuple(self._requests), []
        self.by_hand = any(request.ask is Ask.BOUNCE for request in taken)
        self.diary.asked += [(self._world.clock.true, each) for each in taken]
        return taken

    def forget(self) -> None:
        """The process is gone, and with it what nobody took."""
        self._requests = [request for request in self._requests if self._over]

    def lose_calls(self, *losses: tuple[int, PlugFault]) -> None:
        """Of the calls to come, these go wrong."""
        self._losses = [_Loss(number, fault) for number, fault in losses]

    def mains_fail(self) -> None:
        """In the whole house. With a UPS all goes on; without one the modem is dark, and so is the plug."""
        self.mains_cuts += 1
        if self.ups is not None:
            if self.ups.mains_gone_at is None:
                self.ups.mains_gone_at = self._world.clock.true
            number = self.mains_cuts
            self._world.after(self.ups.runtime_s, lambda: self._battery_empty(number))
        else:
            self._dark()

    def mains_return(self) -> None:
        """Everything boots at once."""
        self.mains_cuts += 1
        if self.ups is not None:
            self.ups.mains_gone_at = None
        if not self.plug.mains:
            self.plug.get_mains()
            if not self.spec.feeds_router:
                self._world.router.off.lift(MAINS)

    @property
    def dark(self) -> bool:
        """Neither mains nor battery."""
        return not self.plug.mains

    def heal(self) -> None:
        """The calm: everything but the relay, which only Cadence or its timer puts right."""
        self.modem.heal(power=self.plug.power_on)
        self.mains_return()
        self._turned_on_by_its_owner()
        self.silent.clear()
        self._losses.clear()
        self.at_cut.clear()
        self._over = True
        self.ask(Request(Ask.MAINTENANCE_OFF))
        self.plug.is_stranger, self.plug.takes_timers, self.plug.stuck = False, True, False
        if self.ups is not None:
            self.ups.silent.clear()

    def _battery_empty(self, number: int) -> None:
        if number == self.mains_cuts and self.ups is not None and self.ups.on_battery:
            self._dark()

    def _dark(self) -> None:
        if self.plug.mains:
            self.plug.lose_mains()
            if not self.spec.feeds_router:
                self._world.router.off.add(MAINS)

    def _look_at_plug(self) -> Reading[PlugSeen]:
        clock = self._world.clock
        began = clock.monotonic()
        deadline = later(began, TIMEOUT_S)
        try:
            seen = PlugSeen(self.switch.identify(deadline), self.switch.is_on(deadline))
        except ProbeFailed as error:
            return Failed("actuator", error.reason, error.detail, clock.monotonic() - began)
        return Answered("actuator", seen, clock.monotonic() - began)

    def _reachable(self) -> bool:
        world = self._world
        here = self.plug.mains and not self.silent.active and not world.unplugged.active
        if here and (self.spec.independent_network or not world.router.off.active):
            return True
        self.trouble_at = world.clock.true
        return False

    def _fault(self) -> PlugFault | None:
        if not self._losses:
            return None
        for loss in self._losses:
            loss.calls_left -= 1
        due = next((loss for loss in self._losses if loss.calls_left < 0), None)
        if due is None:
            return None
        self._losses.remove(due)
        self.trouble_at = self._world.clock.true
        return due.fault

    def _spend(self, seconds: float) -> None:
        """A call takes time, and the host may die before and after it."""
        self._world.step()
        self._world.pass_time(seconds)
        self._world.step()

    def _owner_puts_it_right(self) -> None:
        """Not what Cadence did, and not what it has to undo: on again when its owner finds the modem dark, or with the calm."""
        self._owed = True
        self._world.after(self._dice.uniform(60.0, 1800.0), self._turned_on_by_its_owner)

    def _turned_on_by_its_owner(self) -> None:
        if self._owed:
            self._owed = False
            self.plug.turn_on_by_hand()

    def _obeyed(self, on: bool) -> None:
        """The relay was told, and moves."""
        if not on:
            world = self._world
            cut = Cut(world.clock.true, world.disk.has_noted_a_bounce(), self.by_hand)
            self.diary.cuts.append(cut)
            for watch in self.watchers:
                watch(cut)
            befalls, self.at_cut = self.at_cut, []
            for befall in befalls:
                befall()
        self._world.step()
