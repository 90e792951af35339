"""The LAN and the WAN path: which of them works."""

from collections.abc import Sequence

from cadence_exporter.model.assessment import Link
from cadence_exporter.model.observation import Answered, PathWorks, Reading, RouterAlive


def wan(readings: Sequence[Reading[PathWorks]]) -> Link:
    """Up when a single target answered: the others may be broken themselves. Down only when all failed in one observation."""
    for reading in readings:
        if isinstance(reading, Answered):
            return Link.UP
    return Link.DOWN


def lan(router: Reading[RouterAlive], wan_path: Link) -> Link:
    """A router that stays silent while the path through it works is not down, it only does not answer probes."""
    if isinstance(router, Answered):
        return Link.UP
    return Link.UNKNOWN if wan_path is Link.UP else Link.DOWN
