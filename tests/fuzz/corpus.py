"""Inputs that are kept: a smallest set that takes every turn in our code that was taken, and whatever once broke a promise."""

import hashlib
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
CRASHES = HERE / "crashes"
PACKAGE = str(HERE.parents[1] / "cadence_exporter")
MOST_FILES = 20
MOST_BYTES = 32 * 1024
"""Of each target: the corpus must not outgrow the code."""


def files_of(name):
    """Kept inputs of a target."""
    return sorted(path for place in (CORPUS, CRASHES) for path in (place / name).glob("*") if path.is_file())


def turns(target, content):
    """Each step from one line of the package to another that an input takes, with the instrument that coverage tools use."""
    taken = set()

    def step(frame, event, _):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        before = 0

        def line(frame, _event, _argument):
            nonlocal before
            taken.add((frame.f_code, before, frame.f_lineno))
            before = frame.f_lineno
            return line

        return line(frame, event, None)

    previous = sys.gettrace()
    sys.settrace(step)
    try:
        target.hold(content)
    finally:
        sys.settrace(previous)
    return taken


def smallest(target, contents):
    """Each time the one that adds the most turns, of equals the shortest, until none adds any or there is no more room."""
    reached = {content: turns(target, content) for content in sorted(set(contents), key=lambda each: (len(each), each))}
    known, kept = set(), []
    while reached and len(kept) < MOST_FILES:
        best = max(reached, key=lambda content: len(reached[content] - known))
        if not reached[best] - known:
            break
        known |= reached.pop(best)
        if sum(map(len, kept)) + len(best) <= MOST_BYTES:
            kept.append(best)
    return kept


def keep(target, found):
    """Replace what is kept of a target by the smallest set, out of that and what was ``found``."""
    place = CORPUS / target.name
    old = [path.read_bytes() for path in place.glob("*")]
    kept = smallest(target, [*target.seeds, *old, *(path.read_bytes() for path in found.iterdir())])
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for content in kept:
        (place / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
