"""Heavy libraries in a process of their own: their memory is given back, and a deadline is a kill and not a request.

What goes in and comes out travels by pipe: arguments can be read by every user of the machine.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

LARGEST_ANSWER = 65_536
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
"""Nothing else of the environment: it may hold other secrets."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a child ended; ``code`` is ``None`` when it was killed at its deadline, or could not be started."""

    code: int | None
    answer: bytes = field(repr=False)


def passed_on(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What any child of ours gets of the environment."""
    return {name: environ[name] for name in _PASSED_ON if name in environ}


class RunChild(Protocol):
    """Shaped as ``run_child``."""

    def __call__(self, module: str, message: bytes, timeout_s: float) -> Said:
        """See there."""
        ...


class FewAtOnce:
    """Children that take their turns. Its deadline begins when a child does."""

    def __init__(self, run: RunChild, most: int) -> None:
        self._run = run
        self._places = threading.BoundedSemaphore(most)

    def __call__(self, module: str, message: bytes, timeout_s: float) -> Said:
        """See ``RunChild``."""
        with self._places:
            return self._run(module, message, timeout_s)


def run_child(module: str, message: bytes, timeout_s: float, environ: Mapping[str, str] = os.environ) -> Said:
    """Run a module of this package, hand it ``message`` on its standard input, and wait at most ``timeout_s`` seconds. Never raises."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, a module of our own
            [sys.executable, "-P", "-m", module],
            input=message,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a library's own words may hold what it was given
            timeout=timeout_s,
            check=False,
            env=passed_on(environ),
        )
    except (OSError, subprocess.TimeoutExpired):
        return Said(None, b"")
    return Said(done.returncode, done.stdout[:LARGEST_ANSWER])
