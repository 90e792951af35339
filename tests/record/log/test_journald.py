"""In systemd's journal a line has one time, and its level."""

import io
import os

import pytest

from cadence_exporter.record.log.console import Console, Style
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.log.journald import is_the_journal
from cadence_exporter.record.log.layout import Format
from tests.record.cycles import Hands


def written(style, level=Level.INFO):
    stream = io.StringIO()
    Console(stream, Hands(), style).event(Fact("SERVICE", "STOP", "clean", icon="👋", level=level))
    return stream.getvalue()


def test_the_journal_is_known_by_device_and_inode(tmp_path):
    with (tmp_path / "log").open("w") as stream:
        found = os.fstat(stream.fileno())
        ours = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert is_the_journal(ours, stream.fileno())
        assert not is_the_journal({"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino + 1}"}, stream.fileno())
        assert not is_the_journal({}, stream.fileno())
    assert not is_the_journal(ours, 10_000), "an output that is closed is no journal"


def test_a_line_for_people_leaves_the_time_to_the_journal():
    line = written(Style(to_journal=True))
    assert line.startswith("<6>👋 SERVICE     STOP ")
    assert written(Style()).endswith(line.removeprefix("<6>"))


@pytest.mark.parametrize(
    ("level", "priority"), [(Level.DEBUG, "<7>"), (Level.INFO, "<6>"), (Level.WARNING, "<4>"), (Level.ERROR, "<3>")]
)
def test_the_level_is_the_priority_of_the_journal(level, priority):
    assert written(Style(level=Level.DEBUG, to_journal=True), level).startswith(priority)


@pytest.mark.parametrize("form", [Format.JSON, Format.LOGFMT])
def test_lines_for_programs_keep_their_time(form):
    line = written(Style(form, to_journal=True))
    assert line.startswith("<6>")
    assert '"ts"' in line or " ts=" in line or line.startswith("<6>ts=")
