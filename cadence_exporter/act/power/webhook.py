"""Any device that can be called by URLs: one that turns off (or bounces by itself, as the user declares), one for on, one for the state."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cadence_exporter.act.power.answers import successful
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.power import Identity, PowerReading, Proof, plain_id
from cadence_exporter.outbound.https import Https
from cadence_exporter.outbound.lan_http import LanHttp, url_origin


@dataclass(frozen=True, slots=True)
class Hooks:
    """The URLs, which often carry a key, and what is read in the state's answer."""

    cut: str = field(repr=False)
    turn_on: str = field(repr=False)
    state: str = field(repr=False)
    on_text: str
    """Stands in the state's answer while the power is on."""
    off_text: str
    """Stands in it while the power is off. With neither or both, the state is unknown."""
    method: str = "POST"
    returns_by_itself: bool = False
    """What ``cut`` calls turns the power on again, says the user."""
    token: str | None = field(default=None, repr=False)


class Webhook:
    """A ``Relay``. ``identity``: a text that must stand in the state's answer; without one any device at the URL will do."""

    name = "webhook"

    def __init__(self, https: Https, service: str, hooks: Hooks, identity: str | None) -> None:
        self._https = https
        self._service = service
        self._hooks = hooks
        self._identity = identity
        self.proof = Proof.DECLARED if hooks.returns_by_itself else Proof.CONTROLLER
        self.cuts_at_once = not hooks.returns_by_itself

    def identify(self, deadline: Instant) -> Identity:
        """Raises ProbeFailed."""
        body = self._call(self._hooks.state, "GET", deadline)
        if self._identity is None:
            return Identity((urlsplit(self._hooks.cut).hostname or "").lower(), "webhook", "")
        known, said = plain_id(self._identity), body.lower()  # in the settings it is written as people like to, too
        there = known in said or known in said.replace(":", "").replace("-", "")
        return Identity(known if there else "unknown", "webhook", "")

    def read(self, deadline: Instant) -> PowerReading:
        """Raises ProbeFailed."""
        body = self._call(self._hooks.state, "GET", deadline)
        on, off = self._hooks.on_text in body, self._hooks.off_text in body
        if on == off:
            raise ProbeFailed(FailureReason.CONTENT, "the state's answer says neither on nor off, or both")
        return PowerReading(on, returns=self._hooks.returns_by_itself)

    def prepare(self, off_for_s: float, deadline: Instant) -> None:
        """Nothing can be checked."""

    def cut(self, off_for_s: float, deadline: Instant) -> None:  # noqa: ARG002 - the hook knows its time
        """Raises ProbeFailed."""
        self._call(self._hooks.cut, self._hooks.method, deadline)

    def turn_on(self, deadline: Instant) -> None:
        """Raises ProbeFailed."""
        self._call(self._hooks.turn_on, self._hooks.method, deadline)

    def _call(self, url: str, method: str, deadline: Instant) -> str:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        http = LanHttp(self._https, url_origin(url), self._service, bearer=self._hooks.token)
        return successful(http.call(path, deadline, method=method)).body.decode(errors="replace")
