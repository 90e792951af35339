"""While DOWN, nobody outside is asked for our address before a WAN target has answered: a dead line costs no calls."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class PathGate:
    """Of one observation. Opens with the first target that answers; stays shut when the last one has failed."""

    def __init__(self, targets: int) -> None:
        self._left = targets
        self._open = False
        self._news = threading.Condition()

    def through(self, reach: Callable[[], T]) -> Callable[[], T]:
        """``reach``, watched: it answers, or raises."""

        def watched() -> T:
            try:
                answer = reach()
            except BaseException:
                self._note(works=False)
                raise
            self._note(works=True)
            return answer

        return watched

    def opens(self, seconds: float) -> bool:
        """Wait until it is known whether the path works, at most for ``seconds``."""
        with self._news:
            self._news.wait_for(lambda: self._open or self._left <= 0, max(0.0, seconds))
            return self._open

    def _note(self, *, works: bool) -> None:
        with self._news:
            self._left -= 1
            self._open = self._open or works
            self._news.notify_all()
