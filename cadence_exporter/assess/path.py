"""The LAN and the WAN path: which of them works."""

from collections.abc import Sequence

from cadence_exporter.model.assessment import Link
from cadence_exporter.model.observation import Answered, PathWorks, Reading, RouterAlive

# Each cycle asks for them, and Python 3.11 is slow to find a member of an enumeration.
_UP, _DOWN = Link.UP, Link.DOWN


def wan(readings: Sequence[Reading[PathWorks]]) -> Link:
    """Up when a single target answered: the others may be broken themselves. Down only when all failed in one observation."""
    for reading in readings:
        if isinstance(reading, Answered):
            return _UP
    return _DOWN


def lan(router: Reading[RouterAlive], wan_path: Link) -> Link:
    """A router that stays silent while the path through it works is not down, it only does not answer probes."""
    if isinstance(router, Answered):
        return _UP
    return Link.UNKNOWN if wan_path is _UP else _DOWN
