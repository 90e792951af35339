"""What an observation says about the modem's power. What was not asked, or did not answer, is no permission to cut it."""

from dataclasses import replace

from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Answered, Observation, Reading
from cadence_exporter.model.power import PlugSeen, PowerReading
from cadence_exporter.model.recovery import NOTHING_SEEN, PowerView

_LINKED = replace(NOTHING_SEEN, link_up=True)
_UNLINKED = replace(NOTHING_SEEN, link_up=False)


def view(seen: Observation, memory: Memory, pinned: str | None = None) -> PowerView:
    """Judge one observation. ``pinned`` is the device that the settings name; without it ``memory`` says which one was met first."""
    base = NOTHING_SEEN if seen.link is None else _LINKED if seen.link.works else _UNLINKED
    if seen.plug is None and seen.ups is None:
        return base
    ups = seen.ups.value if isinstance(seen.ups, Answered) else None
    return PowerView(
        link_up=base.link_up,
        on_mains=None if ups is None else not ups.on_battery,
        low_battery=ups is not None and ups.low_battery,
        plug=_relay(seen.plug, pinned or memory.recovery.identity),
        plug_id=seen.plug.value.identity.id or None if isinstance(seen.plug, Answered) else None,
    )


def _relay(plug: Reading[PlugSeen] | None, known: str | None) -> PowerReading | str:
    """The relay of the device that is known; of another one nothing is believed."""
    if plug is None:
        return NOTHING_SEEN.plug
    if not isinstance(plug, Answered):
        return plug.detail
    found = plug.value.identity.id
    if known is not None and found and found != known:
        return f"another device answers: {found} in place of {known}"
    return plug.value.reading
