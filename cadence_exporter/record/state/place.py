"""Whether the state directory outlives the machine's next start. A ledger of power that does not is none."""

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""proc(5): the mounts as this process sees them."""
_MARKS_OF_A_CONTAINER = (Path("/.dockerenv"), Path("/run/.containerenv"), Path("/app/cache"))
"""Docker's, Podman's, and the folder that only our own image has."""
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})


def forgets_because(directory: Path) -> str | None:
    """Why what is written here is lost; None when nothing speaks for that, or the system does not say (not Linux)."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    contained = any(mark.exists() for mark in _MARKS_OF_A_CONTAINER)
    return why(directory.resolve(), mounts, in_a_container=contained)


def why(directory: Path, mounts: str, *, in_a_container: bool) -> str | None:
    """By the text of ``MOUNTS``. ``directory`` must be absolute, and need not exist."""
    point, kind = Path("/"), ""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        parts, types = fields.split(), rest.split()
        if len(parts) < 5 or not types:  # noqa: PLR2004 - the fifth is the mount point
            continue
        at = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), parts[4]))
        if directory.is_relative_to(at) and len(at.parts) >= len(point.parts):
            point, kind = at, types[0]  # the last of several at one point hides the others
    if kind in _IN_MEMORY:
        return f"{point} is in memory ({kind}) and empty after a restart of the machine"
    if kind == "overlay" and point == Path("/") and in_a_container:
        return "it lies in the container itself and goes with it; mount a volume there"
    return None
