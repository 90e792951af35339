"""The status command against the real HTTP side: what it prints and how it exits."""

import io
import json
import re
import socket
from ipaddress import ip_address

import pytest

from cadence_exporter.cli.asking import _how_it_is
from cadence_exporter.cli.status import status
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.memory import Change, Layer, Outage, Phase, RecordMemory
from cadence_exporter.model.record import RecordKey
from cadence_exporter.record.web.messages import Response, as_json, text
from tests.record.web.web_world import HOME, KEY, make_cycle, when


def run(url, as_json=False):
    out, err = io.StringIO(), io.StringIO()
    return status(url, as_json, out, err), out.getvalue(), err.getvalue()


def at(site, who=""):
    return f"http://{who}127.0.0.1:{site.port}"


def test_up_exits_0_and_says_what_matters(site):
    site.board.record(make_cycle())
    code, out, err = run(at(site))
    assert (code, err) == (0, "")
    for words in (
        "UP at home",
        "99.00% (99 of 100 cycles)",
        "93.184.216.34 (agreed)",
        "vpn.example.com A: in sync",
        "none known",
    ):
        assert words in out
    assert "next look" in out


@pytest.mark.parametrize("phase", [Phase.INIT, Phase.DOWN, Phase.DEGRADED])
def test_anything_else_exits_3(site, phase):
    outage = Outage(when(900), Layer.WAN)
    records = {KEY: RecordMemory(HOME, None, change=Change(ip_address("81.2.69.142"), when(990)))}
    site.board.record(make_cycle(memory={"phase": phase, "outage": outage, "records": records}))
    code, out, _ = run(at(site))
    assert code == 3
    assert f"{phase.upper()} at home" in out
    assert "for 1 min 40 s" in out
    assert "changing to 81.2.69.142" in out


def test_before_the_first_cycle_it_is_not_up(site):
    assert run(at(site))[0] == 3


def test_json_is_the_document_itself(site):
    site.board.record(make_cycle())
    code, out, _ = run(at(site) + "/", as_json=True)
    assert code == 0
    assert json.loads(out)["records"][0]["name"] == "vpn.example.com"


def test_a_password_stands_in_the_url_and_is_never_printed(locked):
    code, out, err = run(at(locked))
    assert (code, out) == (4, "")
    assert "USER:PASSWORD@" in err
    locked.board.record(make_cycle())
    assert run(at(locked, "prom:open%20sesame@"))[0] == 0
    code, _, err = run(at(locked, "prom:hunter2@"))
    assert code == 4
    assert "hunter2" not in err


def test_nobody_there_exits_4():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    code, out, err = run(f"http://prom:hunter2@127.0.0.1:{port}")
    assert (code, out) == (4, "")
    assert "is it running" in err
    assert "hunter2" not in err


@pytest.mark.parametrize(
    "answer",
    [
        text(200, "<html>not ours</html>"),
        as_json(200, [1]),
        as_json(200, {"state": "up"}),
        as_json(200, {"state": "up", "last_cycle": None}),
        as_json(200, {"state": 1, "last_cycle": None}),
        text(404, "no"),
        Response(200, "application/json", b"[" * 100_000),
        Response(200, "application/json", b"\xff"),
    ],
)
def test_another_service_on_that_port_exits_4(site, answer):
    site.app = lambda _: answer
    code, out, err = run(at(site))
    assert (code, out) == (4, "")
    assert err


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://", "http://[::1", "http://127.0.0.1:99999999", "http://127.0.0.1:9/\r\nx", "://"]
)
def test_nonsense_urls_exit_4(url):
    assert run(url)[0] == 4


def test_terminal_escapes_do_not_reach_the_terminal(site):
    hostile = RecordKey("\x1b[2Jvpn", RecordType.A)
    site.board.settings = site.board.settings.__class__("home", (), 8.0)
    site.board.record(make_cycle(key=hostile))
    assert "\x1b" not in run(at(site))[1]


def test_https_without_a_known_authority_exits_4(build, certificate):
    (certificate / "web.yml").write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}")
    site = build(certificate / "web.yml")
    code, _, err = run(f"https://127.0.0.1:{site.port}")
    assert code == 4
    assert "SSL_CERT_FILE" in err


def test_tls_spoken_to_a_plain_port_exits_4(site):
    code, _, err = run(f"https://127.0.0.1:{site.port}")
    assert code == 4
    assert "plain http" in err


def test_on_a_terminal_the_state_is_coloured_and_elsewhere_nothing_is(site, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TERM", raising=False)
    site.board.record(make_cycle())
    out = Terminal()
    status(at(site), as_json=False, out=out)
    assert "\x1b[32mUP at home\x1b[0m" in out.getvalue()
    assert "\x1b" not in run(at(site))[1]
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    status(at(site), as_json=False, out=out)
    assert "\x1b" not in out.getvalue()


def test_nothing_of_a_hostile_answer_reaches_the_terminal_as_it_is(site, monkeypatch):
    document = dict(site.board.as_dict())
    odd = {"address": "x", "confirmed": None, "verdict": "x"}
    told = {"until": "\x1b[2J\x9b2J", "seconds": 1.0}
    document |= {"public_ip": {"ip\x1b[2J\x9b2J": odd}, "site": "\x9b2J"}
    document["power"] = {**document["power"], "maintenance": told}
    monkeypatch.setattr("cadence_exporter.cli.status.ask", lambda url: document)
    monkeypatch.setattr("cadence_exporter.cli.asking.ask", lambda url: document)
    out = io.StringIO()
    _how_it_is(None, out)
    said = run("")[1] + run("", as_json=True)[1] + out.getvalue()
    assert "maintenance is on" in said
    assert not {"\x1b", "\x9b"} & set(said)


def test_a_number_beyond_all_numbers_exits_4(site, monkeypatch, capsys):
    document = {**site.board.as_dict(), "since": "2026-01-01T00:00:00Z", "seconds_in_state": float("inf")}
    monkeypatch.setattr("cadence_exporter.cli.status.ask", lambda url: document)
    assert run("")[0] == 4


def test_a_loop_that_stands_still_is_not_up_whatever_its_last_word_was(site):
    site.board.record(make_cycle())
    site.clock.seconds += 10_000
    code, out, _ = run(at(site))
    assert code == 3
    assert re.search(
        r"^cadence +stuck: the last cycle ended \d+ s ago; what stands here is of then$", out, re.MULTILINE
    )
    assert run(at(site), as_json=True)[0] == 3
