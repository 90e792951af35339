"""The router's word by UPnP, from a pretend router on loopback that tells the truth, lies, or tries worse."""

import socket
from ipaddress import IPv4Address

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import later
from cadence_exporter.model.observation import FailureReason, RouterProtocol, RouterWan
from cadence_exporter.observe.public_ip import ssdp
from cadence_exporter.observe.public_ip.upnp import UpnpGateway
from tests.servers.igd import HOME, MOVED, WANIP1, WANIP2, WANPPP, Igd, answer, description

CLOCK = SystemClock()
GATEWAY = IPv4Address("127.0.0.1")
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (c, b"&%c;" % (c - 1) * 10) for c in range(ord("b"), ord("k")))
    + b"]><root>&j;</root>"
)


class HandClock(SystemClock):
    ahead = 0.0

    def monotonic(self):
        return later(super().monotonic(), self.ahead)


@pytest.fixture
def igd():
    with Igd() as igd:
        yield igd


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(ssdp, "_WAIT_S", 0.2)


def ask(igd, gateway=None, within_s=5.0):
    gateway = gateway or UpnpGateway(CLOCK, igd.port)
    return gateway.ask(GATEWAY, later(CLOCK.monotonic(), within_s))


def refused(igd, gateway=None):
    with pytest.raises(ProbeFailed) as caught:
        ask(igd, gateway)
    return caught.value


def test_the_router_says_its_address_and_for_how_long_it_is_connected(igd):
    assert ask(igd) == RouterWan(IPv4Address(HOME), 1000, RouterProtocol.UPNP)
    assert igd.asked == ["search", "description", "GetExternalIPAddress", "GetStatusInfo"]


def test_it_is_found_once_and_asked_directly_from_then_on(igd):
    gateway = UpnpGateway(CLOCK, igd.port)
    ask(igd, gateway)
    igd.address = MOVED
    assert ask(igd, gateway).address == IPv4Address(MOVED)
    assert (igd.asked.count("search"), igd.asked.count("description")) == (1, 1)


@pytest.mark.parametrize("said", ["", "0.0.0.0"])
def test_a_router_without_an_address_says_so(igd, said):
    igd.address = said
    assert ask(igd) == RouterWan(None, 1000, RouterProtocol.UPNP)


def test_what_a_disconnected_router_names_is_what_it_had(igd):
    igd.status = "Disconnected"
    assert ask(igd).address is None


@pytest.mark.parametrize("said", ["100.64.0.9", "192.168.1.2"])
def test_an_inner_address_is_passed_on_for_it_tells_of_another_nat(igd, said):
    igd.address = said
    assert ask(igd).address == IPv4Address(said)


@pytest.mark.parametrize("said", ["93.184.216.34 81.2.69.142", "home", "1.2.3", "::1", "093.184.216.034"])
def test_what_is_no_address_is_an_answer_of_no_use(igd, said):
    igd.address = said
    assert refused(igd).reason is FailureReason.CONTENT


@pytest.mark.parametrize("status", [401, 500, 302])
def test_a_router_that_refuses_has_no_word(igd, status):
    igd.soap_status = status
    gateway = UpnpGateway(CLOCK, igd.port)
    for _ in range(2):
        assert refused(igd, gateway).reason is FailureReason.HTTP
    assert igd.asked.count("search") == 1


def test_a_status_that_cannot_be_read_takes_nothing_from_the_address(igd):
    igd.uptime = "since breakfast"
    assert ask(igd) == RouterWan(IPv4Address(HOME), 0, RouterProtocol.UPNP)


@pytest.mark.parametrize("kind", [WANIP1, WANIP2, WANPPP])
@pytest.mark.parametrize("url_base", ["", "its own"])
@pytest.mark.parametrize("control", ["/ctl", "ctl", "whole"])
def test_every_kind_of_connection_and_of_url_is_understood(igd, kind, url_base, control):
    origin = igd.location.removesuffix("/rootDesc.xml")
    control = origin + "/ctl" if control == "whole" else control
    igd.description = description((kind, control, ""), url_base=url_base and origin)
    assert ask(igd).address == IPv4Address(HOME)


def test_of_several_connections_the_one_with_an_address_speaks(igd):
    with Igd() as other:  # its control URL is at the same host, on another port
        other.address = ""
        control = other.location.replace("rootDesc.xml", "ctl")
        igd.description = description((WANPPP, "/ctl", ""), (WANIP1, control, ""))
        assert ask(igd).address == IPv4Address(HOME)
        assert "GetExternalIPAddress" in other.asked


def test_a_router_that_came_back_elsewhere_is_found_again(igd, quick):
    clock = HandClock()
    with Igd() as before:
        gateway = UpnpGateway(clock, igd.port)
        igd.answers = [answer(before.location)]
        ask(igd, gateway)
        igd.answers = None
    refused(igd, gateway)  # too soon after the last search
    clock.ahead = 60.0
    assert gateway.ask(GATEWAY, later(clock.monotonic(), 5)).address == IPv4Address(HOME)


def test_a_lan_without_upnp_is_searched_now_and_then_only(igd, quick):
    clock = HandClock()
    igd.answers = []
    gateway = UpnpGateway(clock, igd.port)
    for _ in range(3):
        with pytest.raises(ProbeFailed, match="no UPnP router"):
            gateway.ask(GATEWAY, later(clock.monotonic(), 5))
    assert igd.asked == ["search"] * 2
    igd.answers = None
    clock.ahead = 301.0
    assert gateway.ask(GATEWAY, later(clock.monotonic(), 5)).address == IPv4Address(HOME)


def test_another_gateway_is_searched_for_at_once(igd, quick):
    igd.answers = []
    gateway = UpnpGateway(CLOCK, igd.port)
    refused(igd, gateway)
    with pytest.raises(ProbeFailed):
        gateway.ask(IPv4Address("127.0.0.9"), later(CLOCK.monotonic(), 0.1))
    igd.answers = None
    assert ask(igd, gateway).address == IPv4Address(HOME)


# -- worse ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/rootDesc.xml",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:{port}/rootDesc.xml",
        "https://127.0.0.1:{port}/rootDesc.xml",
        "http://127.0.0.1:{port}@127.0.0.2/rootDesc.xml",
        "http://user@127.0.0.1:{port}/rootDesc.xml",
        "http://127.0.0.1.evil.example:{port}/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:{port}/a b",
        "http://127.0.0.1:{port}/\x0b",
        "http://2130706433:{port}/",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_location_that_is_not_at_the_router_is_never_asked(igd, quick, loopback, location):
    igd.answers = [answer(location.format(port=loopback.serve(loopback.silent, host="127.0.0.2")))]
    assert refused(igd).reason is FailureReason.TIMEOUT
    assert (igd.asked, loopback.accepted) == (["search"] * 2, 0)


@pytest.mark.parametrize("which", ["control", "base"])
def test_a_description_that_points_elsewhere_is_refused(igd, quick, loopback, which):
    there = f"http://127.0.0.2:{loopback.serve(loopback.silent, host='127.0.0.2')}/"
    control, base = (there, "") if which == "control" else ("/ctl", there)
    igd.description = description((WANIP2, control, ""), url_base=base)
    assert refused(igd).reason is FailureReason.CONTENT
    assert loopback.accepted == 0


@pytest.mark.parametrize("router_answers", [False, True])
def test_answers_of_other_hosts_are_not_read_and_do_not_hide_the_router(igd, quick, monkeypatch, router_answers):
    forged = igd.location.replace("rootDesc", "forged")
    igd.answers = [answer(igd.location)] if router_answers else []
    opened = ssdp._open
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
        forger.bind(("127.0.0.2", 0))

        def overheard(gateway):
            sock = opened(gateway)
            for _ in range(100):
                forger.sendto(answer(forged), sock.getsockname())
            return sock

        monkeypatch.setattr(ssdp, "_open", overheard)
        if router_answers:
            assert ask(igd).address == IPv4Address(HOME)
        else:
            assert refused(igd).reason is FailureReason.TIMEOUT
    assert igd.asked.count("description") == router_answers


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\xff" * 2000,
        b"NOTIFY * HTTP/1.1\r\nNTS: ssdp:alive\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\n\r\n",
        answer("http://127.0.0.1:1/", st="urn:schemas-upnp-org:device:MediaServer:1"),
    ],
)
def test_packets_that_are_no_router_s_answer_are_passed_over(igd, packet):
    igd.answers = [packet, answer(igd.location)]
    assert ask(igd).address == IPv4Address(HOME)


def test_a_flood_of_places_is_followed_a_little_way_only(igd, quick, loopback):
    port = loopback.answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    igd.answers = [answer(f"http://127.0.0.1:{port}/{number}") for number in range(100)]
    assert refused(igd).reason is FailureReason.HTTP
    assert loopback.accepted == ssdp.MOST_PLACES


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        b'<!DOCTYPE root SYSTEM "file:///etc/passwd"><root/>',
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.2/">]><root>&x;</root>',
        b"<a>" * 60_000,
        b"<r>" + b"<a/>" * 15_000 + b"</r>",
        b"x" * 70_000,
        b"",
        b"\x00\xff",
        b'<?xml version="1.0" encoding="no-such-thing"?><root/>',
        b"<root/>",
        description((WANIP2.replace("2", "9"), "/ctl", "")),
        description((WANIP2, "//127.0.0.2/ctl", "")),
        description((WANIP2, "/c\ntl", "")),
    ],
    ids=range(13),
)
def test_a_description_of_the_worst_kind_costs_a_moment_and_no_more(igd, quick, document):
    igd.description = document
    began = CLOCK.monotonic()
    assert refused(igd).reason is FailureReason.CONTENT
    assert CLOCK.monotonic() - began < 1.5
