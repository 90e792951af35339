import os
import signal
import subprocess
import sys

import pytest

from cadence_exporter.cli.signals import STOPS, Signals
from cadence_exporter.demo.home import Home
from tests.blackbox.instance import Instance, wait_for


@pytest.fixture
def rung():
    return []


@pytest.fixture
def signals(rung):
    ours = (*STOPS, signal.SIGHUP, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in ours}
    signals = Signals({signal.SIGHUP: lambda: rung.append("reload"), signal.SIGUSR1: lambda: rung.append("check")})
    yield signals
    signals.close()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_that_came_before_anybody_waited_is_not_lost(signals, number):
    os.kill(os.getpid(), number)
    assert signals.wait() is True


def test_other_signals_ring_in_the_order_in_which_they_came(signals, rung):
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM):
        os.kill(os.getpid(), number)
    assert signals.wait() is True
    assert rung == ["reload", "check", "reload"]


def test_a_loop_that_ends_by_itself_is_no_stop(signals):
    signals.loop_ended()
    assert signals.wait() is False


def test_after_the_first_stop_another_one_changes_nothing(signals):
    signals.close()
    os.kill(os.getpid(), signal.SIGINT)


def test_a_stop_while_the_imports_go_by_is_a_clean_one(tmp_path):
    """As the first process of a container would otherwise ignore it."""
    script = (
        "import os, signal, sys\n"
        "class Slow:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'cadence_exporter.cli.run': os.kill(os.getpid(), signal.SIGTERM)\n"
        "from cadence_exporter.cli import main\n"
        "sys.meta_path.insert(0, Slow())\n"
        "main(['run'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
def test_a_stop_in_the_moment_of_the_first_answer_is_obeyed(tmp_path):
    with Home() as home:
        for number in range(8):
            settings = home.as_settings(tmp_path / f"state-{number}")
            with Instance(tmp_path / f"run-{number}", settings) as instance:
                wait_for(lambda instance=instance: instance.get("/metrics")[0] == 200, "the first answer")
                assert instance.stop() == 0
