"""The catalogue is whole, and its page is that of this catalogue."""

import pytest

from tests.sensitivity.__main__ import REPORT
from tests.sensitivity.catalogue import catalogue
from tests.sensitivity.layers import FINDS, show
from tests.sensitivity.planted import LAYERS, SHOWN_TO, STORE, VERDICTS, Planted


def test_each_defect_has_a_name_of_its_own_and_is_shown_to_a_layer():
    names = [planted.name for planted in catalogue()]
    assert len(names) == len(set(names)) >= 80
    assert all(planted.shown_to for planted in catalogue())
    assert set(FINDS) == set(LAYERS) == {layer for layers in SHOWN_TO.values() for layer in layers}


def test_the_page_has_a_row_for_each_defect_and_each_was_found():
    rows = {row.split(" | ")[0].removeprefix("| "): row for row in REPORT.read_text(encoding="utf-8").splitlines()}
    for planted in catalogue():
        assert f"| {planted.kind} |" in rows[planted.name]
        assert " s |" in rows[planted.name], planted.name


def of_name(name):
    return next(planted for planted in catalogue() if planted.name == name)


@pytest.mark.parametrize(("name", "layer"), [("the loudest echo wins", VERDICTS), ("counters start over", STORE)])
def test_what_is_planted_is_found_and_taken_away_again(name, layer):
    assert show(of_name(name), layer)[0]
    assert show(Planted("nothing at all", "store", lambda _patch: None), layer)[0] is None
