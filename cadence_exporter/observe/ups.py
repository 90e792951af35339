r"""Asking upsd of the Network UPS Tools about one UPS: three questions over TCP, without a login.

Protocol: NUT developer guide, "Network protocol information", NETVER 1.3: lines of ASCII, values in quotes with ``\"`` and ``\\``.
``LOGIN`` is never sent: it would make this host one that the master waits for at a shutdown.
"""

import re
from dataclasses import dataclass

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.ups import UpsReading
from cadence_exporter.outbound.bounded_socket import BoundedSocket
from cadence_exporter.outbound.dial import Dialer, Reach

_MAX_BYTES = 8192
_LONGEST_LINE = 1024
_ON_MAINS, _ON_BATTERY = "OL", "OB"
_SOURCE = frozenset({_ON_MAINS, _ON_BATTERY})
_LOW = frozenset({"LB", "FSD"})
"""Low battery, and forced shutdown: the master has told everybody to go down."""

_NOT_THERE = "VAR-NOT-SUPPORTED"
_ERRORS = {
    "UNKNOWN-UPS": "upsd knows no UPS of this name; see LIST UPS, and ups.name",
    "DRIVER-NOT-CONNECTED": "upsd has lost the driver of the UPS",
    "DATA-STALE": "upsd has not heard of the UPS for a while",
    "ACCESS-DENIED": "upsd does not let this host ask",
}


@dataclass(frozen=True, slots=True)
class UpsProbe:
    """One UPS at one upsd."""

    dialer: Dialer
    host: str
    port: int
    name: str

    def read(self, deadline: Instant) -> UpsReading:
        """Raises ProbeFailed, also when upsd answers and its word on the UPS is old."""
        bound = self.dialer.bound(deadline, _MAX_BYTES)
        with self.dialer.connect(self.host, self.port, bound, reach=Reach.INSIDE) as sock:
            try:
                flags = frozenset((_get(sock, self.name, "ups.status") or "").upper().split())
                charge = _number(_get(sock, self.name, "battery.charge"))
                runtime_s = _number(_get(sock, self.name, "battery.runtime"))
                sock.sendall(b"LOGOUT\n")
            except OSError as error:
                raise ProbeFailed(FailureReason.OTHER, "upsd hung up") from error
        if not flags & (_SOURCE | _LOW):  # a driver that has just begun says WAIT; OFF and BYPASS may stand alone
            raise ProbeFailed(FailureReason.CONTENT, "upsd does not say whether the UPS is on mains")
        share = None if charge is None else min(charge / 100, 1.0)
        on_battery = _ON_BATTERY in flags or _ON_MAINS not in flags
        return UpsReading(on_battery, bool(_LOW & flags), share, runtime_s, flags)


def _get(sock: BoundedSocket, name: str, variable: str) -> str | None:
    """The value of a variable; None when this UPS does not tell it."""
    sock.sendall(f"GET VAR {name} {variable}\n".encode())
    line = _line(sock)
    if line.startswith("ERR "):
        code = line.split()[1] if len(line.split()) > 1 else ""
        if code == _NOT_THERE:
            return None
        raise ProbeFailed(FailureReason.CONTENT, _ERRORS.get(code, "upsd refuses the question"))
    found = re.fullmatch(rf'VAR {re.escape(name)} {re.escape(variable)} "((?:[^"\\]|\\.)*)"', line)
    if found is None:
        raise ProbeFailed(FailureReason.CONTENT, "not an answer of upsd")
    return re.sub(r"\\(.)", r"\1", found[1])


def _line(sock: BoundedSocket) -> str:
    """Byte by byte, for nothing may be read that belongs to the next answer. Raises ProbeFailed, OSError."""
    line = bytearray()
    while len(line) < _LONGEST_LINE:
        byte = sock.receive(1)
        if byte == b"\n":
            return line.decode("ascii", errors="replace").rstrip("\r")
        line += byte
    raise ProbeFailed(FailureReason.CONTENT, "not an answer of upsd")


def _number(text: str | None) -> float | None:
    """A number that is none, or is negative, is as good as none."""
    return float(text) if text is not None and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text.strip()) else None
