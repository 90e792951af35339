"""Which path answers what, to whom. GET never changes anything."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from prometheus_client import CollectorRegistry

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.record.desk import Desk
from cadence_exporter.record.web import asking
from cadence_exporter.record.web.history_document import history_document
from cadence_exporter.record.web.intent import refusal
from cadence_exporter.record.web.live_config import LiveWebConfig
from cadence_exporter.record.web.messages import Request, Response, as_json, text
from cadence_exporter.record.web.metrics_page import metrics
from cadence_exporter.record.web.nic_update import PATHS, NicUpdate
from cadence_exporter.record.web.page import render
from cadence_exporter.record.web.passwords import Passwords, Verdict
from cadence_exporter.record.web.past import since
from cadence_exporter.record.web.status import StatusBoard
from cadence_exporter.settings.durations import parse_duration

HISTORY_PATIENCE_S = 2.0
"""How long a request for the history waits for its turn: a long one takes 10 MiB while it is made, so they are made one by one."""
_READ = ("GET", "HEAD")
_KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"}
_NO_PASSWORD = {"/-/healthy", "/-/ready"}
"""Liveness is asked by supervisors that know no password, and tells nothing."""


@dataclass(frozen=True, slots=True)
class _Route:
    methods: tuple[str, ...]
    answer: Callable[[Request], Response]


class Routes:
    """The application behind the web server. Safe to call from any thread."""

    def __init__(
        self,
        board: StatusBoard,
        registry: CollectorRegistry,
        live: LiveWebConfig,
        ring: Callable[[Reason], None],
        nic_update: NicUpdate | None = None,
        desk: Desk | None = None,
    ) -> None:
        """``nic_update`` answers a router's update call, ``desk`` takes people's requests; without them there are no such pages."""
        self._board = board
        self._registry = registry
        self._live = live
        self._ring = ring
        self._nic_update = nic_update
        self._passwords = Passwords()
        self._history_turn = threading.Lock()
        self._table = {
            "/": _Route(_READ, self._page),
            "/metrics": _Route(_READ, lambda request: metrics(self._registry, request)),
            "/api/v1/status": _Route(_READ, lambda _: as_json(200, self._board.as_dict())),
            "/api/v1/history": _Route(_READ, self._history_in_turn),
            "/-/healthy": _Route(_READ, self._healthy),
            "/-/ready": _Route(_READ, self._ready),
            "/-/check": _Route(("POST",), self._check),
            "/-/reload": _Route(("POST",), self._reload),
        }
        if desk is not None:
            self._table["/-/bounce"] = _Route(("POST",), partial(asking.bounce, desk))
            self._table["/-/maintenance"] = _Route(("POST",), partial(asking.maintenance, desk))

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        config = self._live.fresh().config
        response = self._answer(request, config.users)
        mine = {name.lower() for name, _ in config.headers}
        kept = tuple((name, value) for name, value in response.headers if name.lower() not in mine)
        return replace(response, headers=kept + config.headers)

    def _answer(self, request: Request, users: Mapping[str, bytes]) -> Response:
        if request.path in PATHS and self._nic_update is not None and self._nic_update.on:
            return self._nic_update.answer(request)  # it has a password of its own
        authenticated = False
        if users and request.path not in _NO_PASSWORD:
            denied = self._denied(self._passwords.check(request.header("authorization"), users))
            if denied is not None:
                return denied
            authenticated = True
        if request.method not in _KNOWN_METHODS:
            return text(501, "unknown method")
        route = self._table.get(request.path)
        if route is None:
            return text(404, "not found; see / for what there is")
        if request.method not in route.methods:
            return text(405, "method not allowed", ("Allow", ", ".join(route.methods)))
        if request.method == "POST":
            why = refusal(request, authenticated=authenticated)
            if why is not None:
                return text(403, why)
        return route.answer(request)

    def _denied(self, verdict: Verdict) -> Response | None:
        if verdict is Verdict.GOOD:
            return None
        if verdict is Verdict.BUSY:
            return text(503, "too many passwords are being checked; try again", ("Retry-After", "5"))
        return text(
            401, "a user name and password are needed", ("WWW-Authenticate", 'Basic realm="cadence", charset="UTF-8"')
        )

    def _page(self, _: Request) -> Response:
        return render(self._board.as_dict(), self._board.shown())

    def _history_in_turn(self, request: Request) -> Response:
        if not self._history_turn.acquire(timeout=HISTORY_PATIENCE_S):
            return text(503, "too many want the history; try again", ("Retry-After", "5"))
        try:
            return self._history(request)
        finally:
            self._history_turn.release()

    def _history(self, request: Request) -> Response:
        asked = request.query.get("since", ())
        now = self._board.now()
        try:
            earliest = WallTime(now - parse_duration(asked[0])) if asked else None
            view = self._board.history()
        except ValueError as error:
            return text(400, f"since: {error}")
        except StateUnavailable as error:
            return text(503, str(error))
        return as_json(200, history_document(view if earliest is None else since(view, earliest), earliest, now))

    def _healthy(self, _: Request) -> Response:
        healthy, why = self._board.health()
        return text(200 if healthy else 503, why)

    def _ready(self, _: Request) -> Response:
        return text(200, "ready") if self._board.ready else text(503, "the first cycle is not done yet")

    def _check(self, _: Request) -> Response:
        self._ring(Reason.CHECK)
        return text(202, "a cycle will begin soon")

    def _reload(self, _: Request) -> Response:
        self._ring(Reason.RELOAD)
        return text(200, "the settings will be read again; the log and the metrics say with what result")
