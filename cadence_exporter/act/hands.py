"""Performs what was decided. One of the named borders: whatever goes wrong in here becomes an Outcome, never an exception."""

from collections.abc import Sequence
from typing import assert_never

from cadence_exporter.act.dns.reconcile import Reconciler
from cadence_exporter.model.decision import Action, ConfirmVisible, Reconcile
from cadence_exporter.model.outcome import Outcome, Result
from cadence_exporter.seams import Clock, Faults


class Hands:
    """One action after the other, in the order decided."""

    def __init__(self, reconciler: Reconciler, faults: Faults, clock: Clock) -> None:
        self._reconciler = reconciler
        self._faults = faults
        self._clock = clock

    def perform(self, actions: Sequence[Action]) -> tuple[Outcome, ...]:
        """One outcome per action. Never raises."""
        return tuple(self._perform_one(action) for action in actions)

    def _perform_one(self, action: Action) -> Outcome:
        began = self._clock.monotonic()
        try:
            return self._do(action)
        except Exception as error:  # noqa: BLE001 - a named border: a bug in one provider must not stop the loop
            self._faults.caught("act", error)
            at = self._clock.now()
            words = f"internal error: {type(error).__name__}"  # its text could hold a secret
            # What a bug interrupted may have been written: it counts against the budget.
            attempted = self._reconciler.attempted if isinstance(action, Reconcile) else None
            return Outcome(action, Result.FAILED, words, at, at.instant - began, attempted)

    def _do(self, action: Action) -> Outcome:
        match action:
            case Reconcile():
                return self._reconciler.reconcile(action)
            case ConfirmVisible():
                return self._reconciler.confirm(action)
            case _:
                assert_never(action)
