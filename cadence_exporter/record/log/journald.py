"""Whether the log goes to systemd's journal, which has a time and a level of its own for each line."""

import os
from collections.abc import Mapping

from cadence_exporter.record.log.journal import Level

PRIORITIES = {Level.DEBUG: 7, Level.INFO: 6, Level.WARNING: 4, Level.ERROR: 3}
"""syslog(3), read by the journal from ``<N>`` before a line (sd-daemon(3)): ``journalctl -p warning`` finds what matters."""


def is_the_journal(environ: Mapping[str, str], fd: int = 1) -> bool:
    """``$JOURNAL_STREAM`` names device and inode of the journal's socket; it is inherited also by who writes elsewhere."""
    try:
        found = os.fstat(fd)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM", "") == f"{found.st_dev}:{found.st_ino}"


def marked(line: str, level: Level) -> str:
    """``line`` with its level in front, as the journal takes it."""
    return f"<{PRIORITIES[level]}>{line}"
