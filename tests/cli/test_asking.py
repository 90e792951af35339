"""The commands that ask a running instance for something: what they say where nobody obeys, or nobody is there."""

import socket

import pytest

from cadence_exporter.cli import main
from cadence_exporter.record.web.messages import text

WISHES = (["bounce", "--yes"], ["maintenance", "on"], ["maintenance", "off"], ["maintenance", "status"])


@pytest.mark.parametrize("wish", WISHES, ids=" ".join)
def test_who_wants_a_password_is_not_taken_for_a_guardrail(locked, capsys, wish):
    assert main([*wish, "--url", f"http://prom:hunter2@127.0.0.1:{locked.port}"]) == 4
    told = capsys.readouterr()
    assert "USER:PASSWORD@" in told.err
    assert "hunter2" not in told.out + told.err


@pytest.mark.parametrize("wish", WISHES, ids=" ".join)
def test_nobody_there_exits_4(capsys, wish):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert main([*wish, "--url", f"http://prom:hunter2@127.0.0.1:{port}"]) == 4
    told = capsys.readouterr()
    assert "is it running" in told.err
    assert "hunter2" not in told.err


def test_an_endless_or_hostile_answer_is_cut_and_cleaned(site, capsys):
    site.app = lambda _: text(409, "\x1b[2J" + "no " * 100_000)
    assert main(["bounce", "--yes", "--url", f"http://127.0.0.1:{site.port}"]) == 3
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert len(told) < 10_000
