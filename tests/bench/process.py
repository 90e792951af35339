"""What the kernel says of a process."""

import os
from pathlib import Path

from tests.blackbox.instance import _NOT_OURS

ROOT = Path(__file__).parents[2]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
MIB_IN_KIB = 1024


def cpu_s(pid: int) -> float:
    """User and system time of all threads so far (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def resident_mib(pid: int) -> float:
    """VmRSS."""
    return _kib(Path(f"/proc/{pid}/status"), "VmRSS:") / MIB_IN_KIB


def proportional_mib(pid: int) -> float:
    """Pss: shared pages counted by their share."""
    return _kib(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") / MIB_IN_KIB


def threads(pid: int) -> int:
    return _kib(Path(f"/proc/{pid}/status"), "Threads:")


def _kib(file: Path, key: str) -> int:
    return next(int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith(key))


def clean_environ() -> dict[str, str]:
    """The environment without settings of a real home."""
    return {name: value for name, value in os.environ.items() if not _NOT_OURS.match(name)}
