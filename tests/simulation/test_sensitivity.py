"""The promises are worth something: each planted defect is found within a bounded number of seeds."""

import pytest

from tests.simulation.defects import DEFECTS, Defect


def seeds_until_found(defect: Defect) -> tuple[int, str] | None:
    """How many seeds it took, and which promise was broken first."""
    for number, seed in enumerate(defect.seeds):
        account = defect.broken(seed)
        if account is not None:
            return number + 1, account.broken[0].promise
    return None


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_defect_is_found(defect, monkeypatch):
    defect.plant(monkeypatch)
    assert seeds_until_found(defect) is not None


def test_there_are_enough_defects():
    assert len({defect.name for defect in DEFECTS}) >= 30
