"""How the values of the model are made: read-only by the type checker's word, and quick to make.

A cycle makes some thirty values. With ``dataclass(frozen=True)`` each field is set by a call of ``object.__setattr__``, which took a
fifth of the time of a simulated cycle. So the promise is kept before anything runs: mypy refuses an assignment to a field.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots that compares and hashes by its fields. Nobody assigns to them: ``dataclasses.replace`` makes another one."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
