"""The lines about sinks: how the last delivery went, and what waits."""

from collections.abc import Iterator

from cadence_exporter.model.delivery import SinkName, SinkState
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.log.layout import milliseconds

_SUBJECTS = {SinkName.SHEETS: "GSHEET", SinkName.NOTIFY: "NOTIFY", SinkName.HEARTBEAT: "DEADMAN"}
_NOTHING = "—————————"


def sink_facts(state: SinkState) -> Iterator[Fact]:
    """One line; none before anything was tried."""
    subject = _SUBJECTS[state.sink]
    extras = {"waiting": str(state.backlog)} if state.backlog else {}
    if state.dropped:
        extras["dropped"] = str(state.dropped)
    if state.up is None:
        return
    if state.up:
        rtt = {} if state.took_s is None else {"rtt": milliseconds(state.took_s)}
        yield Fact(subject, "OK", _NOTHING, extras={**rtt, **extras})
        return
    retry = {} if state.retry_in_s is None else {"retry_in": f"{state.retry_in_s:.0f}s"}
    why = {"reason": str(state.trouble), "why": state.why}
    yield Fact(subject, "FAILED", _NOTHING, "", {**why, **retry, **extras}, Level.WARNING, "🟠")
