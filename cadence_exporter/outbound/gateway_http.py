"""Plain HTTP to the gateway's own address, and to nobody else: a talk inside the home, so it is no external call and spends no budget.

The same bounds as for everybody: a total deadline, a capped answer, no redirects, no compressed body, no proxy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address

from cadence_exporter import __version__
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.outbound.bounded_socket import Bound
from cadence_exporter.outbound.dial import connect_to
from cadence_exporter.seams import Clock

CALL_S = 2.0
"""A router answers within 40 ms; one that is busy re-dialling within a second. Without it one that hangs would cost the whole cycle."""
MAX_BYTES = 65_536
"""Of a body. The biggest description of a home router is about 20 kB."""
_FRAMING_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """One call to the gateway."""

    port: int
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """A complete answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


def call(gateway: IPv4Address, request: GatewayRequest, clock: Clock, deadline: Instant) -> GatewayAnswer:
    """Ask within ``CALL_S`` and the deadline. Raises ProbeFailed; a status of 300 or more is an answer."""
    bound = Bound(clock, Instant(min(deadline, later(clock.monotonic(), CALL_S))), MAX_BYTES + _FRAMING_BYTES)
    connection = HTTPConnection(str(gateway), request.port)
    connection.sock = connect_to(gateway, request.port, bound)
    try:
        headers = {"User-Agent": f"Linux UPnP/1.1 cadence-exporter/{__version__}", "Connection": "close"}
        connection.request(request.method, request.path, request.body, {**headers, **request.headers})
        with connection.getresponse() as response:
            names = {name.lower(): value for name, value in response.getheaders()}
            body = response.read(MAX_BYTES + 1)
            complete = response.length in (None, 0)
    except (HTTPException, OSError, ValueError) as error:  # ValueError: what http.client puts into no request line
        raise ProbeFailed(FailureReason.HTTP, "not a complete HTTP answer of the router") from error
    finally:
        connection.close()
    if len(body) > MAX_BYTES:
        raise ProbeFailed(FailureReason.CONTENT, f"a body of more than {MAX_BYTES} bytes")
    if not complete:
        raise ProbeFailed(FailureReason.HTTP, "not a complete HTTP answer of the router")
    return GatewayAnswer(response.status, names, body)
