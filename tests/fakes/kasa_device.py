"""A pretend Kasa HS103 on loopback, and a pretend ``kasa`` program that talks to it.

The device speaks the legacy protocol (length, then JSON obfuscated with an autokey XOR that starts at 171); the program takes the
arguments of python-kasa 0.12.0 and prints what that prints. The real program was held against this device too.
"""

import json
import socket
import stat
import struct
import sys
from pathlib import Path
from typing import Any

from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.device_faults import BEFORE, RESTARTS, DeviceFault, FaultPlan
from cadence_exporter.demo.plug_relay import PlugRelay
from cadence_exporter.demo.tcp_port import TcpPort
from cadence_exporter.model.instants import later
from cadence_exporter.seams import Clock

PROGRAM = """#!{python} -S
import json, os, socket, struct, sys, ast
arguments = sys.argv[1:]
assert "KASA_HOST" not in os.environ and {password!r} in (None, os.environ.get("KASA_PASSWORD")), "environment"
def option(name):
    return arguments[arguments.index(name) + 1]
at = arguments.index("command")
assert arguments[0] == "--json" and arguments[at + 1] == "--module"
module, command, *rest = arguments[at + 2:]
def turn(data, encrypting):
    key, out = 171, bytearray()
    for byte in data:
        other = key ^ byte
        key = other if encrypting else byte
        out.append(other)
    return bytes(out)
def receive(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise OSError("hung up")
        data += piece
    return data
request = {{module: {{command: ast.literal_eval(rest[0]) if rest else {{}}}}}}
try:
    with socket.create_connection((option("--host"), int(option("--port"))), 5) as connection:
        data = turn(json.dumps(request).encode(), True)
        connection.sendall(struct.pack(">I", len(data)) + data)
        connection.settimeout(30)
        (length,) = struct.unpack(">I", receive(connection, 4))
        reply = json.loads(turn(receive(connection, length), False))[module][command]
    if reply.pop("err_code"):
        raise OSError("error on " + module)
except (OSError, ValueError, KeyError) as error:
    print(json.dumps({{"error": str(error)}}))
    sys.exit(1)
print(json.dumps(reply, indent=4))
"""


def install_program(folder: Path, password: str | None = None) -> dict[str, str]:
    """An environment in whose PATH the pretend program is found."""
    program = folder / "kasa"
    program.write_text(PROGRAM.format(python=sys.executable, password=password))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": str(folder), "KASA_HOST": "192.168.0.99"}


class KasaPlug(Closes):
    def __init__(self, clock: Clock, mac: str = "50:C7:BF:00:00:01") -> None:
        self.relay = PlugRelay(clock)
        self.faults = FaultPlan()
        self.mac = mac
        self.children: list[object] = []
        self.takes_timers = True
        self._clock = clock
        self.port = TcpPort(self._serve)

    def close(self) -> None:
        self.port.close()

    def restart(self) -> None:
        """It comes up as it was, and has forgotten its countdown: the trap of these plugs."""
        self.relay.on_order_at = None
        self.relay.restart(self.relay.says_on)

    def _serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        (length,) = struct.unpack(">I", stream.read(4))
        request = json.loads(_turn(stream.read(length), encrypting=False))
        fault = self.faults.next()
        reply = {} if fault in BEFORE else self._obey(request)
        if fault in RESTARTS:
            self.restart()
        if fault is DeviceFault.SILENT_AFTER:
            stream.read(1)
        if fault in (DeviceFault.ERROR_BEFORE, DeviceFault.ERROR_AFTER, DeviceFault.DENIED):
            reply = {module: {command: {"err_code": -1} for command in calls} for module, calls in request.items()}
        elif fault is DeviceFault.GARBAGE_AFTER:
            connection.sendall(struct.pack(">I", 4) + b"\xff\xff\xff\xff")
        elif fault is not None:
            return
        data = _turn(json.dumps(reply).encode(), encrypting=True)
        connection.sendall(struct.pack(">I", len(data)) + data)

    def _obey(self, request: dict[str, Any]) -> dict[str, Any]:
        return {
            module: {
                command: {"err_code": 0, **self._one(module, command, argument)} for command, argument in calls.items()
            }
            for module, calls in request.items()
        }

    def _one(self, module: str, command: str, argument: dict[str, Any]) -> dict[str, Any]:
        _ = self.relay.says_on  # what is due happens first
        now, due = self._clock.monotonic(), self.relay.on_order_at
        match module, command:
            case "system", "get_sysinfo":
                about = {
                    "model": "HS103(US)",
                    "sw_ver": "1.0.6",
                    "mac": self.mac,
                    "relay_state": int(self.relay.says_on),
                }
                return about | ({"children": self.children} if self.children else {})
            case "system", "set_relay_state":
                self.relay.set(bool(argument["state"]))
            case "count_down", "delete_all_rules":
                self.relay.on_order_at = None
            case "count_down", "add_rule":
                if due is not None or not self.takes_timers:
                    return {"err_code": -10} if self.takes_timers else {"id": "X"}
                assert argument["act"] == 1
                self.relay.on_order_at = later(now, argument["delay"])
                return {"id": "8AA75A50A8440B17941D192BD9E01FFA"}
            case "count_down", "get_rules":
                if due is None:
                    return {"rule_list": []}
                rule = {"id": "8AA75A50", "name": "cadence", "enable": 1, "act": 1, "remain": int(due - now)}
                return {"rule_list": [rule]}
            case _:
                return {"err_code": -2}
        return {}


def _turn(data: bytes, *, encrypting: bool) -> bytes:
    key, out = 171, bytearray()
    for byte in data:
        other = key ^ byte
        key = other if encrypting else byte
        out.append(other)
    return bytes(out)
