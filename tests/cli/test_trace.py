"""``cadence-exporter trace``, over a pretend way out."""

import json
from io import StringIO
from ipaddress import ip_address

import pytest

from cadence_exporter.cli import main
from cadence_exporter.cli import trace as command
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.trace import Hop, Neighbour, OwnLink, Trace, TraceMethod
from cadence_exporter.observe import syn_trace

ROUTER, BNG, TARGET = ip_address("192.168.1.1"), ip_address("100.64.0.1"), ip_address("1.1.1.1")


@pytest.fixture
def way(monkeypatch, tmp_path):
    """What the packets find; whoever changes it breaks the way."""
    found = {"hops": (Hop(1, ROUTER), Hop(2, BNG)), "reached": 5, "refused": ()}

    def traced(method, address, port, clock, deadline):
        del port, clock, deadline
        if method in found["refused"]:
            raise PermissionError
        if not found["hops"]:
            raise ProbeFailed(FailureReason.OTHER, "no way to 1.1.1.1")
        return Trace(address, method, found["hops"], found["reached"], 16)

    link = OwnLink("eth0", carrier=True, address=ip_address("192.168.1.9"), neighbour=Neighbour.ANSWERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("CADENCE_ROUTER__ADDRESS", str(ROUTER))
    monkeypatch.setattr(command, "trace_by", traced)
    monkeypatch.setattr(command, "own_link", lambda _gateway: link)
    return found


def run(method="auto", *, as_json=False):
    out = StringIO()
    return command.trace(None, method, as_json=as_json, out=out), out.getvalue()


def test_each_hop_is_shown_with_what_its_address_tells(way):
    code, text = run()
    assert code == 0
    assert text.splitlines() == [
        "own link   eth0, up, address 192.168.1.9",
        "router     192.168.1.1, on the link: answers",
        "hop 1      192.168.1.1 (the router)",
        "hop 2      100.64.0.1 (cgnat)",
        "target     1.1.1.1: reached after 5 hops, by icmp, 16 packets",
    ]
    assert way["reached"] == 5


def test_without_privileges_it_is_done_by_udp(way):
    way["refused"] = (TraceMethod.ICMP,)
    assert "by udp" in run()[1]
    code, text = run("icmp")
    assert (code, "is not permitted here" in text) == (3, True)


def test_a_target_that_is_not_reached_is_exit_code_3(way):
    way["reached"] = None
    code, text = run(as_json=True)
    assert code == 3
    document = json.loads(text)
    assert document["trace"]["hops"] == [{"ttl": 1, "address": "192.168.1.1"}, {"ttl": 2, "address": "100.64.0.1"}]
    assert document["trace"]["reached_at"] is None
    assert document["link"]["router_on_the_link"] == "answers"


def test_no_way_at_all_is_said(way):
    way["hops"] = ()
    code, text = run()
    assert (code, text.splitlines()[-1]) == (3, "no trace   no way to 1.1.1.1")


def test_a_target_on_this_host_is_not_traced(way, monkeypatch):
    del way
    monkeypatch.setenv("CADENCE_WAN__TARGETS", '["tcp://127.0.0.1:9", "tls://one.example:443"]')
    assert "no WAN target is an address" in run()[1]


def test_the_command_is_there(way, capsys):
    del way
    assert main(["trace"]) == 0
    assert "hop 2" in capsys.readouterr().out


def test_a_host_without_a_route_is_called_so(way, monkeypatch):
    link = OwnLink(None, carrier=None, address=None, neighbour=Neighbour.UNKNOWN)
    monkeypatch.setattr(command, "own_link", lambda _gateway: link)
    monkeypatch.setattr(command, "gateway_of", lambda _setting: lambda: None)
    way["hops"] = ()
    assert run()[1].splitlines() == [
        "own link   none: this host has no default route",
        "router     none",
        "no trace   no way to 1.1.1.1",
    ]


def test_by_tcp_as_well_nothing_is_sent_where_there_is_no_way(monkeypatch):
    def no_way(target):
        raise ProbeFailed(FailureReason.OTHER, f"no way to {target}: Network is unreachable")

    monkeypatch.setattr(syn_trace, "own_address", no_way)
    monkeypatch.setattr(syn_trace.subprocess, "run", None)
    with pytest.raises(ProbeFailed, match="no way to"):
        syn_trace.syn_trace(TARGET, 443)
