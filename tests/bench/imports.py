"""What the commands that only ask or explain have to load."""

import subprocess
import sys
import time
from collections.abc import Iterator

from tests.bench.figures import Figure, percentile

HEAVY = ("pydantic", "requests", "urllib3", "prometheus_client", "dns", "yaml", "scapy", "sqlite3", "bcrypt")
"""Neither ``--help`` nor ``status`` needs any of them."""
COMMANDS = (("--help",), ("status", "--url", "http://127.0.0.1:1"))
RUNS = 5

_LIST = """
import runpy, sys
sys.argv = ["cadence-exporter", *sys.argv[1:]]
try:
    runpy.run_module("cadence_exporter", run_name="__main__")
except SystemExit:
    pass
sys.stderr.write("\\n" + " ".join(sys.modules))
"""


def figures() -> Iterator[Figure]:
    for command in COMMANDS:
        took = [_timed(command) for _ in range(RUNS)]
        heavy = loaded(command)
        name = f"cadence-exporter {' '.join(command[:1])}"
        yield Figure("Commands", f"{name}, median", 1000 * percentile(took, 0.5), "ms", note="interpreter included")
        yield Figure("Commands", f"{name}, heavy modules loaded", len(heavy), "", 0, " ".join(sorted(heavy)))


def loaded(command: tuple[str, ...]) -> set[str]:
    """The heavy modules that are in sys.modules after the command."""
    done = subprocess.run([sys.executable, "-c", _LIST, *command], capture_output=True, text=True, check=True)
    return set(HEAVY) & set(done.stderr.splitlines()[-1].split())


def _timed(command: tuple[str, ...]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "cadence_exporter", *command], capture_output=True, check=False)
    return time.perf_counter() - began
