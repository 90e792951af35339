"""What ``demo`` says to mistakes."""

import socket

import pytest

from cadence_exporter.cli import main
from cadence_exporter.cli.demo import _ask_for_bounce
from cadence_exporter.demo.demo import FASTEST, SLOWEST


@pytest.mark.parametrize("speed", ["0", "-3", "nan", "inf", "21", "quick"])
def test_a_speed_that_cannot_be_played_is_refused(speed, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["demo", "--speed", speed])
    assert caught.value.code == 2
    assert f"give {SLOWEST:g} to {FASTEST:g}" in capsys.readouterr().err


def test_the_help_names_the_speeds(capsys):
    with pytest.raises(SystemExit):
        main(["demo", "--help"])
    assert f"{SLOWEST:g} to {FASTEST:g}" in " ".join(capsys.readouterr().out.split())


def test_a_port_that_is_taken_is_said_and_nothing_is_promised_before(capfd):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["demo", "--listen", f"127.0.0.1:{taken.getsockname()[1]}"]) == 2
    said = capfd.readouterr()
    assert said.err.startswith("cannot listen on 127.0.0.1:")
    assert "A pretend home" not in said.out


@pytest.mark.parametrize("listen", ["foo", "127.0.0.1:99999", "[127.0.0.1]:1"])
def test_an_address_that_is_none_is_laid_to_the_option(listen, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["demo", "--listen", listen])
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "argument --listen: " in said
    assert "cadence.yaml" not in said


@pytest.mark.parametrize("listen", ["127.0.0.1:1", ":1"])
def test_a_bounce_that_nobody_answers_ends_no_story(listen, capsys):
    _ask_for_bounce(listen)
    said = capsys.readouterr()
    assert "It answers: " in said.out
    assert "http://127.0.0.1:1: no answer" in said.err
