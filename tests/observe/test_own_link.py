"""This host's own end of the line, out of tables as the kernel writes them."""

import fcntl
import sys
from ipaddress import ip_address

import pytest

from cadence_exporter.model.trace import Neighbour, OwnLink
from cadence_exporter.observe.own_link import carrier, default_interface, neighbour, own_link

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
GATEWAY = ip_address("192.168.1.1")
ARP = "IP address       HW type     Flags       HW address            Mask     Device\n"


def table(tmp_path, *rows, head=HEAD):
    path = tmp_path / "table"
    path.write_text(head + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize(
    ("rows", "interface"),
    [
        (("eth0 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0",), "eth0"),
        (("ppp0 00000000 00000000 0001 0 0 0 00000000 0 0 0",), "ppp0"),
        (
            (
                "wlan0 00000000 0101A8C0 0003 0 0 600 00000000 0 0 0",
                "eth0 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0",
            ),
            "eth0",
        ),
        (("eth0 0001A8C0 00000000 0001 0 0 100 00FFFFFF 0 0 0",), None),
        (("eth0 00000000 0101A8C0 0000 0 0 100 00000000 0 0 0",), None),
        (("eth0 nonsense",), None),
    ],
)
def test_where_the_default_route_leads_with_a_gateway_or_without(tmp_path, rows, interface):
    assert default_interface(table(tmp_path, *rows), tmp_path / "none") == interface


def test_an_ipv6_default_route_counts_where_there_is_no_other(tmp_path):
    zero, hop = "0" * 32, "fe80" + "0" * 27 + "1"
    reject = f"{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo"
    real = f"{zero} 00 {zero} 00 {hop} 00000400 00000001 00000000 00450003 eth0"
    assert default_interface(tmp_path / "none", table(tmp_path, reject, real, head="")) == "eth0"
    assert default_interface(tmp_path / "none", table(tmp_path, reject, head="")) is None


@pytest.mark.parametrize(
    ("flags", "works"), [(0x1043, True), (0x49, True), (0x1003, False), (0x1002, False), (0x1042, False)]
)
def test_whether_somebody_is_at_the_other_end(monkeypatch, flags, works):
    """UP and RUNNING; a cable that is out; switched off; and a driver that says RUNNING all the same."""

    def ioctl(_fd, _request, question):
        return question[:16] + flags.to_bytes(2, sys.byteorder) + question[18:]

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    assert carrier("eth0") is works


def test_the_loopback_is_always_there_and_what_is_not_there_says_nothing():
    assert carrier("lo") is True
    assert carrier("no-such-link") is carrier("a-name-that-is-far-too-long") is None


@pytest.mark.parametrize(
    ("rows", "answers"),
    [
        (("192.168.1.1 0x1 0x2 aa:bb:cc:dd:ee:ff * eth0",), Neighbour.ANSWERS),
        (("192.168.1.1 0x1 0x0 00:00:00:00:00:00 * eth0",), Neighbour.SILENT),
        (("192.168.1.10 0x1 0x2 aa:bb:cc:dd:ee:ff * eth0",), Neighbour.UNKNOWN),
        (("192.168.1.1 0x1",), Neighbour.UNKNOWN),
        ((), Neighbour.UNKNOWN),
    ],
)
def test_whether_the_gateway_answers_arp(tmp_path, rows, answers):
    assert neighbour(GATEWAY, table(tmp_path, *rows, head=ARP)) is answers


def test_an_ipv6_gateway_or_none_has_no_arp_entry(tmp_path):
    path = table(tmp_path, "192.168.1.1 0x1 0x2 aa:bb:cc:dd:ee:ff * eth0", head=ARP)
    assert neighbour(None, path) is neighbour(ip_address("fe80::1"), path) is Neighbour.UNKNOWN


@pytest.mark.parametrize(
    ("link", "works"),
    [
        (OwnLink("eth0", carrier=True, address=GATEWAY), True),
        (OwnLink("eth0", carrier=None, address=GATEWAY), True),
        (OwnLink("eth0", carrier=False, address=GATEWAY), False),
        (OwnLink(None, carrier=None, address=GATEWAY), False),
        (OwnLink("eth0", carrier=True, address=None), False),
    ],
)
def test_what_it_takes_for_the_own_end_to_work(link, works):
    assert link.works is works


def test_it_never_raises_on_this_host():
    assert isinstance(own_link(GATEWAY), OwnLink)
    assert isinstance(own_link(None), OwnLink)
