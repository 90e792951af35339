"""Reading the kernel's routing tables."""

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from cadence_exporter.observe.gateway import Gateway, default_gateway

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
LAN = "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
ETH = "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
WLAN = "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
PPP = "ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"
DOWN = "eth1\t00000000\t01020304\t0002\t0\t0\t0\t00000000\t0\t0\t0\n"
VPN_HALF = "wg0\t00000000\t0100000A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"

ZERO = "0" * 32
V6_LINK_LOCAL = f"{ZERO} 00 {ZERO} 00 fe80000000000000000000000000abcd 00000400 00000001 00000000 00450003     eth0\n"
V6_GLOBAL = f"{ZERO} 00 {ZERO} 00 20010db8000000000000000000000001 00000100 00000001 00000000 00000003     eth1\n"
V6_REJECT = f"{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200       lo\n"


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "route", tmp_path / "ipv6_route"


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "gateway"),
    [
        (HEAD + LAN + WLAN + ETH, V6_GLOBAL, Gateway(IPv4Address("192.168.0.1"), "eth0")),
        (HEAD + WLAN, "", Gateway(IPv4Address("192.168.1.1"), "wlan0")),
        (HEAD + LAN + PPP + DOWN + VPN_HALF, "", None),
        (HEAD, V6_REJECT + V6_LINK_LOCAL, Gateway(IPv6Address("fe80::abcd%eth0"), "eth0")),
        (HEAD, V6_LINK_LOCAL + V6_GLOBAL, Gateway(IPv6Address("2001:db8::1"), "eth1")),
        (HEAD + "garbage\n\neth0 zz zz zz zz zz zz zz\n", "garbage\n", None),
        (HEAD + "eth0\t00000000\tFF0100A8C0\t0003\t0\t0\t100\t00000000\n", "", None),
        ("", "", None),
    ],
)
def test_the_gateway_of_the_best_default_route_is_found(
    tables: tuple[Path, Path], ipv4: str, ipv6: str, gateway: Gateway | None
) -> None:
    tables[0].write_text(ipv4)
    tables[1].write_text(ipv6)
    assert default_gateway(*tables) == gateway


def test_missing_tables_mean_no_gateway(tables: tuple[Path, Path]) -> None:
    assert default_gateway(*tables) is None
