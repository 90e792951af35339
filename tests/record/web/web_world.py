"""A clock to turn by hand, a cycle to show, and raw sockets to speak HTTP over."""

import socket
import ssl
from dataclasses import replace
from ipaddress import ip_address

from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import Agreed, Assessment, Link
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import Decision
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Belief, Memory, Phase, RecordMemory
from cadence_exporter.model.observation import (
    Answered,
    EchoAnswer,
    EchoRound,
    Observation,
    PathWorks,
    RouterAlive,
    RouterMethod,
)
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.wakeup import Reason, Wakeup

HOME = ip_address("93.184.216.34")
KEY = RecordKey("vpn.example.com", RecordType.A)
SPEC = RecordSpec(KEY, "file")
NOON = 1_795_435_200.0  # 2026-11-23T12:00:00Z


class HandClock:
    def __init__(self):
        self.seconds = 1000.0

    def monotonic(self):
        return Instant(self.seconds)

    def wall(self):
        return WallTime(NOON + self.seconds)

    def now(self):
        return Now(self.monotonic(), self.wall())


class Faults:
    def __init__(self):
        self.seen = []

    def caught(self, where, error):
        self.seen.append((where, error))


def when(seconds):
    return Now(Instant(seconds), WallTime(NOON + seconds))


def make_cycle(at=1000.0, next_in=180.0, key=KEY, **decided):
    began, ended = when(at), when(at + 0.5)
    memory = Memory(
        phase=Phase.UP,
        since=when(at - 3600),
        cycle=100,
        up_cycles=99,
        beliefs={Family.IPV4: Belief(HOME, 2, when(at - 3600), HOME, when(at - 3600).wall)},
        records={key: RecordMemory(verified=HOME, verified_at=when(at - 60).wall)},
    )
    memory = replace(memory, **decided.pop("memory", {}))
    fields = {
        "memory": memory,
        "actions": (),
        "refused": (),
        "transition": None,
        "outage_began": None,
        "outage_ended": None,
        "address_changes": (),
        "next_look": Instant(at + next_in),
        "why": "healthy",
    }
    return Cycle(
        id="100-abc",
        began=began,
        ended=ended,
        wakeup=Wakeup(frozenset({Reason.DUE})),
        before=memory,
        memory=memory,
        observation=Observation(
            at=began,
            took_s=0.4,
            gateway=ip_address("192.168.0.1"),
            router=Answered("router", RouterAlive(ip_address("192.168.0.1"), RouterMethod.TCP), 0.01),
            wan=(Answered("tls://1.1.1.1:443", PathWorks("1.1.1.1", 443), 0.03),),
            router_wan=None,
            echo={Family.IPV4: EchoRound((Answered("e", EchoAnswer(HOME, "e"), 0.1),), 4)},
        ),
        assessment=Assessment(Link.UP, Link.UP, {Family.IPV4: Agreed(HOME, ("a", "b"))}, None, cgnat=False),
        decision=Decision(**{**fields, **decided}),
        outcomes=(),
        calls=(),
        phase_seconds={"observe": 0.4, "decide": 0.0, "act": 0.1, "total": 0.5},
    )


class Reply:
    """A parsed response; the parser is ours so that nothing is forgiven."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.raw = raw
        self.status = int(first.split()[1]) if first else 0
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def connect(port, tls=None, timeout=5.0):
    sock = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    return tls.wrap_socket(sock, server_hostname="localhost") if tls else sock


def read_all(sock):
    raw = b""
    try:
        while piece := sock.recv(65536):
            raw += piece
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return raw


def speak(port, raw, tls=None, timeout=5.0):
    with connect(port, tls, timeout) as sock:
        sock.sendall(raw)
        return Reply(read_all(sock))


def ask(port, path="/", method="GET", tls=None, **headers):
    lines = [
        f"{method} {path} HTTP/1.1",
        *(f"{k.replace('_', '-')}: {v}" for k, v in ({"Host": "127.0.0.1"} | headers).items()),
    ]
    return speak(port, ("\r\n".join(lines) + "\r\n\r\n").encode(), tls)
