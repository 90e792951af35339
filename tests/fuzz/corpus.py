"""Inputs that are kept: the smallest set that reaches everything that was reached, and whatever once broke a promise."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
CRASHES = HERE / "crashes"
MOST_FILES = 24
MOST_BYTES = 32 * 1024
"""Of each target: the corpus must not outgrow the code."""


def files_of(name):
    """Kept inputs of a target."""
    return sorted(path for place in (CORPUS, CRASHES) for path in (place / name).glob("*") if path.is_file())


def keep(target, scratch):
    """Replace the kept corpus by a minimal one (libFuzzer's set cover merge, edges only), the smallest files first."""
    merged = scratch / f"{target.name}-merged"
    merged.mkdir()
    sources = [
        place
        for place in (CORPUS / target.name, scratch / target.name, scratch / f"{target.name}-seeds")
        if place.is_dir()
    ]
    command = [
        *(sys.executable, "-m", "tests.fuzz.search", target.name, "-set_cover_merge=1", "-use_counters=0"),
        *(str(merged), *map(str, sources)),
    ]
    environ = os.environ | {"PYTHONPATH": os.getcwd()}  # noqa: PTH109
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ, check=True)
    contents = sorted((path.read_bytes() for path in merged.iterdir()), key=len)
    place = CORPUS / target.name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    room = MOST_BYTES
    for content in contents[:MOST_FILES]:
        room -= len(content)
        if room >= 0:
            (place / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
