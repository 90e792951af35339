import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.settings.durations import MOST_S, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("1d", 86400.0),
        ("1h30m", 5400.0),
        ("1.5s", 1.5),
        (0, 0.0),
        (" 2S ", 2.0),
    ],
)
def test_durations_are_read_as_seconds(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "1", 60, 1.5, "1x", "-1s", "1 s", "1e3s", "1s1", None, True, [], "٣s", "1w", "1s\n1"]
)
def test_anything_else_is_refused_with_a_sentence(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|unit"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=int(MOST_S * 1000)))
def test_every_millisecond_is_written_so_that_it_reads_the_same(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert 0 <= parse_duration(text) <= MOST_S
