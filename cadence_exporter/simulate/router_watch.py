"""The question to the router of the pretend home. Between changes nothing happens: each answer would be as the one before."""

from typing import TYPE_CHECKING

from cadence_exporter.model.observation import Answered
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.simulate.dice import Dice

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

EVERY_S = 5.0
GIVE_UP_S = 1.75
AGAIN_S = 2.0
"""As in production; a test holds them together."""


class WorldRouterWatch:
    """What ``observe.listeners.router_watch`` does, noticed as late as there: with the next question."""

    def __init__(self, world: "World", dice: Dice, *, on: bool) -> None:
        self._world = world
        self._dice = dice
        self._on = on
        self._heard: object = None
        """The last answer; None: it never spoke."""
        self._silent = False
        self._planned = False

    def restart(self) -> None:
        """The process began anew."""
        self._heard, self._silent = None, False
        self.poke()

    def poke(self) -> None:
        """Something about the router or its line changed."""
        if self._on and not self._planned:
            self._planned = True
            self._world.after(self._dice.uniform(0, EVERY_S), self._ask, lasting=True)

    def _ask(self) -> None:
        self._planned = False
        answer = self._world.router.natpmp()
        if not isinstance(answer, Answered):
            news = self._heard is not None and not self._silent
            self._silent = True
            self._ring(news=news, after_s=GIVE_UP_S)
            return
        news = self._heard is not None and (self._silent or self._heard != answer.value)
        self._heard, self._silent = answer.value, False
        self._ring(news=news, after_s=0.0)

    def _ring(self, *, news: bool, after_s: float) -> None:
        if news:
            for seconds in (after_s, after_s + AGAIN_S):
                self._world.after(seconds, lambda: self._world.doorbell.ring(Reason.ROUTER), lasting=True)
