"""A home, its router, its ISP, somebody who carries the ISP's traffic, and a target, each a network namespace; broken here and there.

Run as root inside a namespace of its own: ``python -m tests.observe.broken_network MODE``. The observations are made by a child without
privileges (MODE udp, icmp) or as root (raw), and told as one line each: what was broken, the layer that was named, the last hop.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEARNING = 4
NOBODY = ("setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")
RUNNERS = {"udp": NOBODY, "icmp": NOBODY, "raw": ()}
PING_GROUPS = {"udp": "1 0", "icmp": "0 2147483647", "raw": "1 0"}
TARGET = """
import socket, threading
listening = socket.create_server(("1.1.1.1", 443), backlog=64)
while True:
    listening.accept()[0].close()
"""
# What breaks, and what puts it right again; {router} and so on are namespaces.
BREAKS = {
    "nothing": ("true", "true"),
    "own cable": ("ip link set home down", "ip link set home up && ip route add default via 192.168.77.1"),
    "router hangs": (
        (
            "nsenter -t {router} -n ip link set lan arp off && ip neigh flush dev home && nsenter -t {router} -n nft add table ip t"
            " && nsenter -t {router} -n nft add chain ip t c '{{ type filter hook prerouting priority -300; policy drop; }}'"
        ),
        "nsenter -t {router} -n nft delete table ip t; nsenter -t {router} -n ip link set lan arp on",
    ),
    "line": ("nsenter -t {isp} -n ip link set line down", "nsenter -t {isp} -n sh -c '{isp_up}'"),
    "router lost its address": (
        "nsenter -t {router} -n ip addr del 81.2.69.142/24 dev wan",
        "nsenter -t {router} -n sh -c 'ip addr add 81.2.69.142/24 dev wan && ip route add default via 81.2.69.1'",
    ),
    "isp": ("nsenter -t {isp} -n ip link set far down", "nsenter -t {isp} -n sh -c '{isp_far_up}'"),
    "isp drops": (
        (
            "nsenter -t {isp} -n nft add table ip t && nsenter -t {isp} -n nft add chain ip t c"
            " '{{ type filter hook postrouting priority 0; }}' && nsenter -t {isp} -n nft add rule ip t c oifname far drop"
        ),
        "nsenter -t {isp} -n nft delete table ip t",
    ),
    "transit": ("nsenter -t {transit} -n ip link set far down", "nsenter -t {transit} -n sh -c '{transit_far_up}'"),
    "target only": (
        (
            "nsenter -t {net} -n nft add table ip t && nsenter -t {net} -n nft add chain ip t c"
            " '{{ type filter hook input priority 0; }}' && nsenter -t {net} -n nft add rule ip t c tcp dport 443 drop"
        ),
        "nsenter -t {net} -n nft delete table ip t",
    ),
    "icmp is dropped": (
        (
            "nsenter -t {isp} -n nft add table ip t && nsenter -t {isp} -n nft add chain ip t c"
            " '{{ type filter hook postrouting priority 0; }}' && nsenter -t {isp} -n nft add rule ip t c ip protocol icmp drop"
        ),
        "nsenter -t {isp} -n nft delete table ip t",
    ),
}
UP_AGAIN = {
    "isp_up": "ip link set line up; ip route add 192.168.77.0/24 via 81.2.69.142",
    "isp_far_up": "ip link set far up; ip route add default via 62.115.0.2",
    "transit_far_up": "ip link set far up; ip route add default via 62.115.0.6",
}


def sh(command: str, **names: object) -> None:
    """Run it, and say so when it fails."""
    subprocess.run(["bash", "-ec", command.format(**names, **UP_AGAIN)], check=True)


def namespace(stack: ExitStack) -> int:
    """A new one, as long as the process that holds it lives."""
    holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
    stack.callback(holder.wait)
    stack.callback(holder.kill)
    while Path(f"/proc/{holder.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
        pass
    sh(
        "nsenter -t {pid} -n ip link set lo up; nsenter -t {pid} -n sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0"
        " net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0",
        pid=holder.pid,
    )
    return holder.pid


def wire(near: int | None, device: str, address: str, far: int, far_device: str, far_address: str) -> None:
    """A cable between two of them; ``None`` is the home itself."""
    inside = f"nsenter -t {near} -n " if near else ""
    sh("ip link add la type veth peer name lb")
    sh(f"ip link set la netns {near} name {device}" if near else f"ip link set la name {device}")
    sh(f"{inside}ip addr add {address} dev {device}; {inside}ip link set {device} up")
    sh(f"ip link set lb netns {far} name {far_device}")
    sh(
        f"nsenter -t {far} -n ip addr add {far_address} dev {far_device}; nsenter -t {far} -n ip link set {far_device} up"
    )


def build(stack: ExitStack) -> dict[str, int]:
    """The whole way."""
    made = {name: namespace(stack) for name in ("router", "isp", "transit", "net")}
    sh("ip link set lo up")
    wire(None, "home", "192.168.77.2/24", made["router"], "lan", "192.168.77.1/24")
    wire(made["router"], "wan", "81.2.69.142/24", made["isp"], "line", "81.2.69.1/24")
    wire(made["isp"], "far", "62.115.0.1/30", made["transit"], "near", "62.115.0.2/30")
    wire(made["transit"], "far", "62.115.0.5/30", made["net"], "near", "62.115.0.6/30")
    sh("ip route add default via 192.168.77.1")
    for where, route in (
        ("router", "default via 81.2.69.1"),
        ("isp", "192.168.77.0/24 via 81.2.69.142"),
        ("isp", "default via 62.115.0.2"),
        ("transit", "192.168.77.0/24 via 62.115.0.1"),
        ("transit", "81.2.69.0/24 via 62.115.0.1"),
        ("transit", "default via 62.115.0.6"),
        ("net", "default via 62.115.0.5"),
    ):
        sh(f"nsenter -t {made[where]} -n ip route add {route}")
    sh(f"nsenter -t {made['net']} -n ip addr add 1.1.1.1/32 dev lo")
    target = subprocess.Popen(["nsenter", "-t", str(made["net"]), "-n", sys.executable, "-c", TARGET])
    stack.callback(target.wait)
    stack.callback(target.kill)
    return made


def watch() -> None:
    """The child: so many observations as each line says that it reads, judged and remembered as the loop does.

    At first some more, until it knows the usual path: on a busy machine two may be over before the first trace is.
    """
    from cadence_exporter.assess.assess import assess  # noqa: PLC0415
    from cadence_exporter.clock import SystemClock  # noqa: PLC0415
    from cadence_exporter.model.memory import Memory, Phase  # noqa: PLC0415
    from cadence_exporter.observe import path_watch  # noqa: PLC0415
    from cadence_exporter.observe.crew import ProbeCrew  # noqa: PLC0415
    from cadence_exporter.outbound.call_log import CallLog  # noqa: PLC0415
    from cadence_exporter.outbound.https import Https  # noqa: PLC0415
    from cadence_exporter.settings.schema import Settings  # noqa: PLC0415
    from cadence_exporter.wiring import policy  # noqa: PLC0415

    class Loud:
        def caught(self, where: str, error: Exception) -> None:
            raise AssertionError(where) from error

    path_watch.SOON_S, path_watch.PATIENCE_S = 0.0, 0.5
    settings = Settings.model_validate(
        {
            "loop": {"probe_timeout": "3s", "interval": "6s"},
            "router": {"natpmp": False, "upnp": False},
            "wan": {"targets": ["tcp://1.1.1.1:443"]},
            "public_ip": {"echo": ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"]},
        }
    )
    clock = SystemClock()
    crew = ProbeCrew(clock, settings, Https(clock, CallLog(), environ={}), Loud())
    memory, rules = Memory(Phase.INIT, clock.now()), policy(settings)
    for line in sys.stdin:
        for number in range(int(line) + LEARNING):
            if number >= int(line) and memory.usual_path is not None:
                break
            now = clock.now()
            seen = crew.observe(now, memory, hinted=False)
            judged = assess(seen, memory, rules)
            memory = replace(memory, usual_path=judged.usual_path or memory.usual_path)
        hop = judged.last_hop.address if judged.last_hop else "-"
        print(judged.wan.value, judged.fault.value if judged.fault else "-", hop, judged.fault_why, sep="|", flush=True)


def main(mode: str, chosen: list[str]) -> None:
    """Break and mend, each of BREAKS or those that are chosen."""
    with ExitStack() as stack:
        made = build(stack)
        sh(f"sysctl -qw net.ipv4.ping_group_range='{PING_GROUPS[mode]}'")
        child = subprocess.Popen(
            [*RUNNERS[mode], sys.executable, "-m", __spec__.name, "watch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "HOME": "/nonexistent"},
        )
        stack.callback(child.wait)
        stack.callback(child.kill)
        ask(child, 2)  # the second look has the trace of the working path
        for name in chosen or BREAKS:
            breaks, mends = BREAKS[name]
            sh(breaks, **made)
            # A router that has just died is still in the neighbour table for some seconds.
            said = ask(child, 4 if name == "router hangs" else 1)
            print(name, said, sep="|", flush=True)
            sh(mends, **made)
            for _ in range(10):  # a link that is up again needs a moment until packets come through
                if ask(child, 1).startswith("up"):
                    break


def ask(child: "subprocess.Popen[str]", looks: int) -> str:
    """The last of so many looks."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{looks}\n")
    child.stdin.flush()
    return child.stdout.readline().strip()


if __name__ == "__main__":
    watch() if sys.argv[1] == "watch" else main(sys.argv[1], sys.argv[2:])
