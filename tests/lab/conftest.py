"""A lab for each test, or the reason why there is none."""

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab, missing

WHY_NOT = missing()


@pytest.fixture
def lab() -> Iterator[Lab]:
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    with Lab() as made:
        yield made
