"""What ails a part of the world. Every part has a list of ills; each passes by itself, and the calm after a storm lifts all."""

from collections.abc import Callable
from typing import Generic, TypeVar

I = TypeVar("I")  # noqa: E741 - an ill


class Ills(Generic[I]):
    """The newest one shows. ``watch`` lists that hold something are found by the world's ``heal``."""

    __slots__ = ("active", "told")

    def __init__(self) -> None:
        self.active: list[I] = []
        self.told: Callable[[], None] | None = None
        """Who notices when one comes or goes."""

    def __bool__(self) -> bool:
        return bool(self.active)

    @property
    def newest(self) -> I | None:
        """What shows, or ``None`` in good health."""
        return self.active[-1] if self.active else None

    def add(self, ill: I) -> None:
        """Fall ill."""
        self.active.append(ill)
        self._tell()

    def lift(self, ill: I) -> None:
        """One of them passes; already lifted by a general calm is fine."""
        if ill in self.active:
            self.active.remove(ill)
            self._tell()

    def clear(self) -> None:
        """All pass."""
        self.active.clear()
        self._tell()

    def _tell(self) -> None:
        if self.told is not None:
            self.told()
