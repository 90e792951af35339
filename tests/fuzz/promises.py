"""What is asked of everything that eats foreign bytes, whatever it is: errors that a log can show, and a bound on the time."""

import atexit
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cadence_exporter.errors import SettingsError

LONGEST_DETAIL = 4000
"""Characters. An error that quotes more than this of somebody's answer fills a disk one day."""
MOST_CPU_S = 5.0
"""For one input, with the fuzzer's instruments in the code. Without them it is a hundredth of it."""

FOLDER = "CADENCE_FUZZ_FOLDER"
"""Variable: where the parent of the fuzzer's process wants its files."""


@dataclass(frozen=True)
class Target:
    """One parser, what it promises, and what the search begins with."""

    name: str
    promise: str
    check: Callable[[bytes], None]
    """Raises, whatever it may be, when the promise is broken."""
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    longest: int = 4096

    def hold(self, data: bytes) -> None:
        """The promise, within bounded time."""
        began = time.process_time()
        self.check(data)
        took = time.process_time() - began
        assert took < MOST_CPU_S, f"{took:.1f} s for {len(data)} bytes"


def shows(text: str) -> None:
    """That a text can go to a log, a terminal or a journal as one line of bounded length."""
    text.encode()
    assert text.isprintable(), text
    assert len(text) <= LONGEST_DETAIL, len(text)


def is_among(found, documented):
    """That an error says one of the reasons that its docstring promises."""
    assert found in documented, found


def refuses(error: SettingsError) -> None:
    """That there is something to read, and that it can be read."""
    assert error.problems
    for problem in error.problems:
        shows(str(problem))


@functools.cache
def folder() -> Path:
    """One for this process, and gone with it; the fuzzer ends processes without a goodbye, so there its parent clears up."""
    given = os.environ.get(FOLDER)
    made = new_folder(Path(given) if given else None)
    if not given:
        atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def new_folder(within=None) -> Path:
    """In memory where that is to be had."""
    memory = Path("/dev/shm")  # noqa: S108 - only a folder that nobody else can guess is made there
    return Path(
        tempfile.mkdtemp(prefix="cadence-fuzz-", dir=within or (memory if os.access(memory, os.W_OK) else None))
    )


class StillClock:
    """Time does not pass."""

    def monotonic(self):
        return 1000.0

    def wall(self):
        return 1_795_435_200.0  # 2026-11-23T12:00:00Z
