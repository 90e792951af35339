import os
import threading

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.record.log.console import Console, Style
from cadence_exporter.record.log.journal import Fact
from cadence_exporter.record.log.spool import MOST_WAITING, Spool

DROPPED = ("cadence_log_messages_dropped_total",)


@pytest.fixture
def pipe():
    ends = list(os.pipe())
    yield ends
    for end in ends:
        os.close(end)


def test_lines_come_out_in_order_and_the_farewell_waits_for_them(pipe):
    spool = Spool(pipe[1], "utf-8")
    for number in range(1000):
        spool.write(f"{number} 🐾\n")
    spool.close()
    with open(os.dup(pipe[0]), encoding="utf-8") as reader:  # noqa: PTH123 - a descriptor
        assert [reader.readline() for _ in range(1000)] == [f"{number} 🐾\n" for number in range(1000)]
    assert spool.dropped == 0


def test_a_reader_that_stopped_costs_lines_and_nothing_else(pipe):
    spool = Spool(pipe[1], "utf-8")
    line = "x" * 99 + "\n"
    for _ in range(2 * MOST_WAITING):
        spool.write(line)
    lost = spool.dropped
    assert 0 < lost <= MOST_WAITING
    spool.close()
    with open(os.dup(pipe[0]), encoding="utf-8") as reader:  # noqa: PTH123 - a descriptor
        for _ in range(2 * MOST_WAITING - lost):
            assert reader.readline() == line
    assert spool.dropped == lost


def test_a_descriptor_that_does_not_block_is_waited_for(pipe):
    os.set_blocking(pipe[1], False)
    spool = Spool(pipe[1], "utf-8")
    for _ in range(1000):
        spool.write("x" * 99 + "\n")
    with open(os.dup(pipe[0]), encoding="utf-8") as reader:  # noqa: PTH123 - a descriptor
        assert all(reader.readline() == "x" * 99 + "\n" for _ in range(1000))
    spool.close()
    assert spool.dropped == 0


def test_a_closed_output_is_counted_line_by_line():
    spool = Spool.over(None)
    console = Console(spool, SystemClock(), Style())
    for _ in range(3):
        console.event(Fact("SERVICE", "TEST"))
    spool.close()
    assert console.counts()[DROPPED] == 3
    assert console.counts()["cadence_log_messages_total", "info"] == 3


def test_no_thread_is_left_after_the_farewell(pipe):
    spool = Spool(pipe[1], "ascii")
    spool.write("grüße\n")
    spool.close()
    assert spool._thread not in threading.enumerate()
    assert os.read(pipe[0], 100) == b"gr??e\n"
