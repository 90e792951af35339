"""``POST /-/bounce`` and ``POST /-/maintenance``: a person's request, handed to the loop, and its answer."""

from cadence_exporter.decide.ledger import LONGEST_MAINTENANCE_S
from cadence_exporter.model.recovery import Ask
from cadence_exporter.model.recovery import Request as Wish
from cadence_exporter.record.desk import Desk
from cadence_exporter.record.web.messages import Request, Response, text
from cadence_exporter.settings.durations import parse_duration

WAIT_S = 25.0
"""A cycle in which every probe hangs, and a device that is slow; then the answer is in the status document."""
USUAL_S = 2 * 3600.0
_LATER = "asked for; /api/v1/status says what came of it (power.last_request)"


def bounce(desk: Desk, _: Request) -> Response:
    """Cut the power for ``recovery.off_for``, under the same ledger and budget as always."""
    return _put(desk, Wish(Ask.BOUNCE))


def maintenance(desk: Desk, request: Request) -> Response:
    """``?for=2h`` switches it on, ``?for=off`` or ``?off`` switches it off."""
    wanted = request.query.get("for", ("off",) if "off" in request.query else (f"{USUAL_S:g}s",))
    if len(wanted) > 1 or set(request.query) - {"for", "off"}:
        return text(400, "write /-/maintenance?for=2h, or /-/maintenance?off")
    if wanted[0] == "off":
        return _put(desk, Wish(Ask.MAINTENANCE_OFF))
    try:
        seconds = length(wanted[0])
    except ValueError as error:
        return text(400, f"for: {error}")
    return _put(desk, Wish(Ask.MAINTENANCE_ON, seconds))


def length(word: str) -> float:
    """How long maintenance lasts, in seconds. Raises ValueError with a sentence."""
    seconds = parse_duration(word)
    if not 0.0 < seconds <= LONGEST_MAINTENANCE_S:
        raise ValueError("must be more than 0s and at most 7d; it ends by itself so that nobody forgets it")
    return seconds


def _put(desk: Desk, wish: Wish) -> Response:
    ticket = desk.ask(wish)
    if ticket is None:
        return text(429, "too many requests wait already", ("Retry-After", "5"))
    reply = ticket.wait(WAIT_S)
    return text(202, _LATER) if reply is None else text(reply.code, reply.text)
