"""What can be closed can be used in a ``with`` statement."""

from abc import ABC, abstractmethod
from typing import Self


class Closes(ABC):
    """Closed at the end of the ``with`` block, however that ends."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Give back ports and threads. May be called twice."""
