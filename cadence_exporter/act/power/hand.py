"""Performs what was decided about the power. A named border, as the hands for DNS: whatever goes wrong becomes an outcome."""

from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.instants import Instant, Now, later
from cadence_exporter.model.power import BounceReceipt, Proof
from cadence_exporter.model.recovery import REHEARSAL, Bounce, EnsureOn, PowerAction, PowerOutcome, PowerResult
from cadence_exporter.seams import Clock, Faults, PowerSwitch


class PowerHand:
    """One switch, and how long it may take."""

    def __init__(self, switch: PowerSwitch, clock: Clock, faults: Faults, timeout_s: float) -> None:
        self._switch = switch
        self._clock = clock
        self._faults = faults
        self._timeout_s = timeout_s

    def perform(self, action: PowerAction) -> PowerOutcome:
        """Never raises. A bug in the middle of a bounce leaves it in doubt: somebody owes a look at the relay."""
        began = self._clock.monotonic()
        try:
            receipt = self._do(action, later(began, self._timeout_s))
        except ActionFailed as error:
            return self._outcome(action, _failure(error), error.detail, began)
        except Exception as error:  # noqa: BLE001 - a named border: a bug in one driver must not stop the loop
            self._faults.caught("act", error)
            words = f"internal error: {type(error).__name__}"  # its text could hold a secret
            return self._outcome(action, PowerResult.DOUBTFUL, words, began)
        if receipt is None:
            return self._seen_on(action, began)
        result = PowerResult.REHEARSED if receipt.proof is Proof.REHEARSED else PowerResult.SUCCESS
        return self._outcome(action, result, f"comes back by {receipt.proof}", began, receipt)

    def _do(self, action: PowerAction, deadline: Instant) -> BounceReceipt | None:
        match action:
            case Bounce():
                return self._switch.bounce(action.off_for_s, deadline)
            case EnsureOn():
                self._switch.ensure_on(deadline)
                return None

    def _seen_on(self, action: PowerAction, began: Instant) -> PowerOutcome:
        if self._switch.name == REHEARSAL:
            return self._outcome(action, PowerResult.REHEARSED, "nothing was switched", began)
        return self._outcome(action, PowerResult.SUCCESS, "the relay says on", began)

    def _outcome(
        self,
        action: PowerAction,
        result: PowerResult,
        detail: str,
        began: Instant,
        receipt: BounceReceipt | None = None,
    ) -> PowerOutcome:
        at: Now = self._clock.now()
        return PowerOutcome(action, result, detail, at, at.instant - began, receipt)


def _failure(error: ActionFailed) -> PowerResult:
    if error.doubtful:
        return PowerResult.DOUBTFUL
    return PowerResult.REFUSED if error.refusal else PowerResult.FAILED
