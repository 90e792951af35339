"""The hops towards a TCP port, for networks that drop everything else: connection requests that live for 1, 2, 3 ... hops.

They need raw sockets, and scapy, which takes tens of MiB and seconds to import: so this runs as a process of its own for the time of
one trace, and the memory goes back with it. ``python -m cadence_exporter.observe.syn_trace ADDRESS PORT`` prints one JSON object.
"""

import json
import subprocess
import sys
from ipaddress import ip_address
from typing import Any

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.trace import Trace, TraceMethod
from cadence_exporter.observe.wan_trace import MOST_HOPS, Sightings, own_address
from cadence_exporter.outbound.child import passed_on

TIMEOUT_S = 15.0
"""A small host takes five seconds for the import alone."""
_WAIT_S = 2.0
_NO_PRIVILEGE = 77  # exit code: sysexits.h EX_NOPERM


def syn_trace(target: IpAddress, port: int) -> Trace:
    """One packet a hop. Raises ProbeFailed, and PermissionError without raw sockets."""
    own_address(target)  # where there is no way, scapy would send to whoever is on the link, and count that
    command = [sys.executable, "-m", __name__, str(target), str(port)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, capture_output=True, timeout=TIMEOUT_S, check=False, text=True, env=passed_on()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProbeFailed(FailureReason.TIMEOUT, f"the trace by TCP did not end: {error}") from error
    if done.returncode == _NO_PRIVILEGE:
        raise PermissionError("a trace by TCP needs CAP_NET_RAW")
    try:
        said = json.loads(done.stdout)
        seen = Sightings(packets=int(said["packets"]))
        for ttl, by in said["answers"]:
            seen.heard(int(ttl), ip_address(by), target)
        return seen.trace(target, TraceMethod.TCP)
    except (ValueError, KeyError, TypeError) as error:
        raise ProbeFailed(FailureReason.OTHER, f"the trace by TCP failed: {done.stderr[-200:]}") from error


def main(arguments: list[str]) -> int:
    """The child."""
    address, port = ip_address(arguments[0]), int(arguments[1])
    try:
        answers, packets = _ask(address, port)
    except PermissionError:
        return _NO_PRIVILEGE
    print(json.dumps({"answers": answers, "packets": packets}))  # noqa: T201 - to the parent
    return 0


def _ask(address: IpAddress, port: int) -> tuple[list[tuple[int, str]], int]:
    """Distance and sender of every answer."""
    from scapy.layers.inet import IP, TCP  # noqa: PLC0415 - see the module
    from scapy.layers.inet6 import IPv6  # noqa: PLC0415
    from scapy.sendrecv import sr  # noqa: PLC0415
    from scapy.volatile import RandShort  # noqa: PLC0415

    ttls = list(range(1, MOST_HOPS + 1))
    internet: Any = (
        IP(dst=str(address), ttl=ttls) if address.version == 4 else IPv6(dst=str(address), hlim=ttls)  # noqa: PLR2004
    )
    answered, _ = sr(internet / TCP(sport=RandShort(), dport=port, flags="S"), timeout=_WAIT_S, verbose=0)
    told = [(int(getattr(sent, "ttl", 0) or getattr(sent, "hlim", 0)), str(got.src)) for sent, got in answered]
    return told, len(ttls)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
