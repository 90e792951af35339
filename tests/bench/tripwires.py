"""Two ways to notice a new address behind a router that says nothing, side by side: ``python -m tests.bench.tripwires`` (root only).

A home, a router that masquerades (nftables), and the outside, in three network namespaces of its own. The outside holds a STUN
server and a TCP server. The router's WAN address is taken away and replaced at random phases; each tripwire says when it noticed.

- stun: a binding question every 7 to 8 s over one UDP socket, repeated at 0.5 and 1 s, given up at 2 s.
- tcp: an idle connection with keep-alive (idle 7 s, interval 1 s, 3 probes), made anew whenever it breaks. It does not learn the
  address, only that something broke.
"""

import argparse
import contextlib
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime

NAMES = ("twhome", "twrouter", "twworld")
SERVER, PORT = "198.51.100.1", 3478
COOKIE = 0x2112A442
WAN = [f"198.51.100.{last}" for last in range(50, 250)]
SET_UP = """
ip link add hlan type veth peer name rlan
ip link add rwan type veth peer name wwan
ip link set hlan netns twhome
ip link set rlan netns twrouter
ip link set rwan netns twrouter
ip link set wwan netns twworld
ip -n twhome addr add 192.168.77.2/24 dev hlan
ip -n twhome link set hlan up
ip -n twhome link set lo up
ip -n twhome route add default via 192.168.77.1
ip -n twrouter addr add 192.168.77.1/24 dev rlan
ip -n twrouter link set rlan up
ip -n twrouter link set rwan up
ip -n twworld addr add 198.51.100.1/24 dev wwan
ip -n twworld link set wwan up
ip netns exec twrouter sysctl -qw net.ipv4.ip_forward=1
ip netns exec twrouter nft add table ip nat
ip netns exec twrouter nft add chain ip nat post { type nat hook postrouting priority 100 ; }
ip netns exec twrouter nft add rule ip nat post oifname rwan masquerade
"""


def run(line, *, check=True):
    subprocess.run(
        line.split(" "), check=check, stdout=subprocess.DEVNULL, stderr=None if check else subprocess.DEVNULL
    )


def up():
    down()
    for name in NAMES:
        run(f"ip netns add {name}")
    for line in SET_UP.strip().splitlines():
        run(line)


def down():
    for name in NAMES:
        run(f"ip netns del {name}", check=False)


def renumber(address):
    """As a router does it: the old address goes, the new one and its default route come."""
    run("ip -n twrouter addr flush dev rwan")
    run(f"ip -n twrouter addr add {address}/24 dev rwan")


def serve():
    """The outside: answers STUN, and holds TCP connections."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((SERVER, PORT))
    tcp = socket.create_server((SERVER, PORT + 1))
    tcp.settimeout(0)
    held = []
    print("ready", flush=True)
    while True:
        with contextlib.suppress(BlockingIOError):
            held.append(tcp.accept()[0])
        udp.settimeout(0.02)
        with contextlib.suppress(TimeoutError):
            question, (host, port) = udp.recvfrom(100)
            value = struct.pack("!BBHI", 0, 1, port ^ COOKIE >> 16, int.from_bytes(socket.inet_aton(host)) ^ COOKIE)
            answer = struct.pack("!HHI", 0x0101, 12, COOKIE) + question[8:20] + struct.pack("!HH", 0x20, 8) + value
            udp.sendto(answer, (host, port))


def stun():
    """Says ``noticed TIME`` when the address or the path changed."""
    chance = random.SystemRandom()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    before = None
    while True:
        transaction, seen, began = os.urandom(12), None, time.monotonic()
        for until in (0.5, 1.0, 2.0):
            with contextlib.suppress(OSError):
                sock.sendto(struct.pack("!HHI", 1, 0, COOKIE) + transaction, (SERVER, PORT))
            while seen is None and (left := began + until - time.monotonic()) > 0:
                sock.settimeout(left)
                with contextlib.suppress(OSError):
                    packet = sock.recv(100)
                    if packet[8:20] == transaction:
                        seen = packet[-4:]
            if seen:
                break
        if before is not None and seen != before:
            print(f"noticed {time.time()}", flush=True)
        before = seen or b"silence"
        time.sleep(7 + chance.random() if seen else 1)


def tcp():
    """Says ``noticed TIME`` when the connection broke."""
    while True:
        try:
            sock = socket.create_connection((SERVER, PORT + 1), timeout=3)
        except OSError:
            time.sleep(0.5)
            continue
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, 7), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3)):
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
        sock.settimeout(None)
        with contextlib.suppress(OSError):
            sock.recv(1)
        print(f"noticed {time.time()}", flush=True)
        sock.close()


def packets(protocol):
    """How many came from the home, counted by the router."""
    said = subprocess.run(
        ["ip", "netns", "exec", "twrouter", "nft", "list", "counter", "ip", "nat", f"from_{protocol}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return int(said.split("packets ")[1].split()[0])


def started(name, role):
    return subprocess.Popen(
        ["ip", "netns", "exec", name, sys.executable, "-m", "tests.bench.tripwires", "--role", role],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def heard(child):
    """What it said since it was last asked."""
    with contextlib.suppress(BlockingIOError):
        return os.read(child.stdout.fileno(), 65536).decode()
    return ""


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(times):
    chance = random.Random(1)  # noqa: S311 - when to renumber is no secret
    for protocol in ("udp", "tcp"):
        run(f"ip netns exec twrouter nft add counter ip nat from_{protocol}")
    run("ip netns exec twrouter nft add chain ip nat count { type filter hook prerouting priority -300 ; }")
    for protocol in ("udp", "tcp"):
        run(
            f"ip netns exec twrouter nft add rule ip nat count iifname rlan ip protocol {protocol} counter name from_{protocol}"
        )
    renumber(WAN[0])
    children = {"world": started("twworld", "serve")}
    children["world"].stdout.readline()
    for role in ("stun", "tcp"):
        children[role] = started("twhome", role)
        os.set_blocking(children[role].stdout.fileno(), False)
    try:
        time.sleep(10)
        quiet, began = {protocol: packets(protocol) for protocol in ("udp", "tcp")}, time.monotonic()
        time.sleep(float(os.environ.get("QUIET_S", "120")))
        hours = (time.monotonic() - began) / 3600
        rates = {protocol: (packets(protocol) - quiet[protocol]) / hours for protocol in ("udp", "tcp")}
        delays = {"stun": [], "tcp": []}
        for number in range(times):
            time.sleep(chance.uniform(16, 24))
            for role in delays:
                heard(children[role])
            at = time.time()
            renumber(WAN[1 + number])
            time.sleep(14)
            for role, found in delays.items():
                said = heard(children[role]).split()
                found.append(float(said[1]) - at if said else float("inf"))
    finally:
        for child in children.values():
            child.kill()
            child.wait()
    return rates, delays


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--role", choices=["serve", "stun", "tcp"])
    parser.add_argument("--times", type=int, default=30)
    options = parser.parse_args()
    if options.role:
        {"serve": serve, "stun": stun, "tcp": tcp}[options.role]()
    if os.geteuid() or not shutil.which("nft"):
        sys.exit("network namespaces need root, ip and nft")
    try:
        up()
        rates, delays = measure(options.times)
    finally:
        down()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {options.times} renumberings")
    for role, protocol in (("stun", "udp"), ("tcp", "tcp")):
        found = [
            f"{name} {quantile(delays[role], share):.1f} s" for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1))
        ]
        print(f"{role}: {', '.join(found)}; {rates[protocol]:.0f} packets an hour from home")


if __name__ == "__main__":
    main()
