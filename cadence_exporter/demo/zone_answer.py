"""What a zone says to a resolver about one name and type."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ZoneAnswer:
    """``exists`` False is NXDOMAIN; no contents is NODATA (RFC 2308 section 2). ``cname`` is the target of an alias, if there is one."""

    exists: bool
    contents: tuple[str, ...] = ()
    ttl_s: int = 300
    cname: str | None = None


ZoneSource = Callable[[str, str], ZoneAnswer]
"""Asked with a lower-case name without trailing dot, and a type such as ``A``."""
