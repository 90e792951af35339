"""The update call of routers, as dyndns2 has it: a reason to look, and nothing else. The address in it is neither believed nor kept.

The protocol: https://help.dyn.com/remote-access-api/ (perform update, return codes), spoken by FRITZ!Box, OpenWrt, ddclient, inadyn.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address

import bcrypt

from cadence_exporter.model.address import Family, IpAddress, family_of
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.memory import Belief, Memory, RecordMemory
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.record.web.intent import cross_site
from cadence_exporter.record.web.messages import Request, Response, text
from cadence_exporter.record.web.passwords import Passwords, Verdict
from cadence_exporter.record.web.status import StatusBoard
from cadence_exporter.seams import Clock
from cadence_exporter.settings.names import parse_name

PATHS = frozenset({"/nic/update", "/v3/update"})
"""Members' NIC of dyn.com, and its later spelling; routers have one or the other built in."""
MOST_CALLS = 30
WINDOW_S = 600.0
"""So many calls in so many seconds: a router calls when it dials, and once a day or week."""
MOST_NAMES = 20
"""As the protocol has it, which then says ``numhost``."""
_COST = 10
"""bcrypt's: 50 ms for a password that is not known yet, one at a time. Who guesses gets twenty tries a second, for all of them together."""


@dataclass(frozen=True, slots=True)
class NicLogin:
    """Who may call."""

    username: str
    password: str = field(repr=False)


class NicUpdate:
    """Safe to call from any thread. ``login`` is replaced on reload."""

    def __init__(self, board: StatusBoard, clock: Clock, ring: Callable[[Reason], None]) -> None:
        self._board = board
        self._clock = clock
        self._ring = ring
        self._passwords = Passwords()
        self._login: NicLogin | None = None
        self._users: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._calls: deque[Instant] = deque(maxlen=MOST_CALLS)

    @property
    def on(self) -> bool:
        """Whether anybody may call."""
        return bool(self._users)

    def allow(self, login: NicLogin | None) -> None:
        """Whom to let in from now on."""
        if login != self._login:
            self._login = login
            self._users = (
                {login.username: bcrypt.hashpw(login.password.encode(), bcrypt.gensalt(_COST))} if login else {}
            )

    def answer(self, request: Request) -> Response:
        """One call. The words are those that clients of the protocol look for."""
        if request.method != "GET":
            return text(405, "badagent", ("Allow", "GET"))
        if cross_site(request.headers):
            return text(403, "badagent")
        verdict = self._passwords.check(request.header("authorization"), self._users)
        if verdict is Verdict.BUSY:
            return text(503, "911", ("Retry-After", "5"))
        if verdict is Verdict.BAD:
            return text(401, "badauth", ("WWW-Authenticate", 'Basic realm="cadence", charset="UTF-8"'))
        if not self._may_call():
            return text(429, "911", ("Retry-After", str(int(WINDOW_S))))
        names = [name for value in request.query.get("hostname", ()) for name in value.split(",")]
        if len(names) > MOST_NAMES:
            return text(200, "numhost")
        return text(200, "\n".join(self._words(names, _given(request))))

    def _words(self, names: list[str], given: dict[Family, IpAddress]) -> list[str]:
        """One line for each name; rings once when any of them gives a reason to look."""
        cycle = self._board.last_cycle
        memory = cycle.memory if cycle is not None else None
        lines, look = [], False
        for name in names or [""]:
            word, wants_a_look = self._word(name, given, memory)
            lines.append(word)
            look = look or wants_a_look
        if look:
            self._ring(Reason.NIC_UPDATE)
        return lines

    def _word(self, name: str, given: dict[Family, IpAddress], memory: Memory | None) -> tuple[str, bool]:
        """What to say of one name, and whether to look. The address that is named is the one that the record was seen to hold."""
        try:
            wanted = parse_name(name)
        except ValueError:
            return "notfqdn", False
        specs = [spec for spec in self._board.settings.records if spec.key.name == wanted]
        if not specs:
            return "nohost", False
        spec = next((spec for spec in specs if spec.family in given), specs[0])
        held, told = _held(spec, memory), given.get(spec.family)
        if held is None:
            return "911", True
        return (f"nochg {held}", told is None) if told in (None, held) else (f"good {held}", True)

    def _may_call(self) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            if len(self._calls) == MOST_CALLS and now < later(self._calls[0], WINDOW_S):
                return False
            self._calls.append(now)
            return True


def _given(request: Request) -> dict[Family, IpAddress]:
    """The addresses that the router names, one for each family; what is none is left out."""
    given: dict[Family, IpAddress] = {}
    for key in ("myip", "myipv6"):
        for value in request.query.get(key, ()):
            for part in value.split(","):
                try:
                    address = ip_address(part.strip())
                except ValueError:
                    continue
                given.setdefault(family_of(address), address)
    return given


def _held(spec: RecordSpec, memory: Memory | None) -> IpAddress | None:
    """The confirmed address, when the record is known to hold it."""
    if memory is None:
        return None
    confirmed = memory.beliefs.get(spec.family, Belief()).confirmed
    if confirmed is None:
        return None
    return confirmed if memory.records.get(spec.key, RecordMemory()).holds(confirmed) else None
