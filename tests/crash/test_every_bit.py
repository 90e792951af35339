"""Files of a full story, cut at any length and with any bit flipped: noticed, or nothing that is acted on has changed.

A sample of each always; all of them with ``make soak``.
"""

import random

import pytest

from tests.crash.damage import cut, flipped, kinds
from tests.crash.story import tell

SAMPLE = 250
FILES = ("database", "copy", "log")
PARTS = 4
"""So that several processes can share the work."""


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return tell(tmp_path_factory.mktemp("bits") / "told", patch)


@pytest.mark.parametrize("file", FILES)
def test_a_sample_of_bits_and_lengths_is_noticed_or_harmless(points, folder, file):
    damage = kinds(folder / "left", points)[file]
    content, chance = damage.files[damage.name], random.Random(11)  # noqa: S311 - repeatable
    ends = damage.try_all(flipped(content, chance.sample(range(8 * len(content)), SAMPLE)))
    ends += damage.try_all(content[:length] for length in chance.sample(range(len(content)), SAMPLE))
    print(f"\n{file}, {len(content)} bytes: {dict(ends)}")
    assert ends.total() == 2 * SAMPLE
    assert ends["set aside"] + ends["an earlier commit"] > SAMPLE


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("file", FILES)
def test_every_length_is_noticed_or_harmless(points, folder, file, part):
    damage = kinds(folder / "left", points)[file]
    content = damage.files[damage.name]
    ends = damage.try_all(list(cut(content))[part::PARTS])
    print(f"\n{file}, each {PARTS}th of {len(content)} lengths: {dict(ends)}")


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("file", FILES)
def test_every_bit_is_noticed_or_harmless(points, folder, file, part):
    damage = kinds(folder / "left", points)[file]
    content = damage.files[damage.name]
    ends = damage.try_all(flipped(content, range(part, 8 * len(content), PARTS)))
    print(f"\n{file}, each {PARTS}th of {8 * len(content)} bits: {dict(ends)}")


def _its_own(image):
    return image.get(("meta", "digest"), ("",))[0]


def test_state_without_its_checksum_would_be_believed(points, folder, monkeypatch):
    """The defect that these tests are there for."""
    monkeypatch.setattr("cadence_exporter.record.state.image._digest", _its_own)
    damage = kinds(folder / "left", points)["database"]
    content = damage.files[damage.name]
    at = 8 * content.index(b"81.2.69.143", content.index(b"vpn.example.com"))
    with pytest.raises(AssertionError):
        damage.try_all(flipped(content, range(at, at + 88)))
