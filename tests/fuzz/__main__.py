"""``make fuzz``: each target in a process of its own for FUZZ_SECONDS, one after the other, and a table at the end."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.corpus import CORPUS, CRASHES, keep
from tests.fuzz.promises import FOLDER, Target, new_folder
from tests.fuzz.targets import CANARY, TARGETS

SLOWEST_S = 20
"""One input, before the fuzzer itself calls it a hang."""
MOST_MIB = 1024
CANARY_S = 30
"""At least, before the search is called blind: a few seconds do on an idle machine."""


@dataclass
class Run:
    """What the fuzzer says at its end."""

    target: Target
    status: int
    text: str
    corpus: int = 0
    crashes: tuple[Path, ...] = ()

    def stat(self, name):
        found = re.findall(rf"stat::{name}: +(\d+)", self.text)
        return int(found[-1]) if found else 0

    def reached(self, name):
        """``cov`` counts edges, ``ft`` features; of the last line that has them."""
        found = re.findall(rf"#\d+\s.* {name}: (\d+)", self.text)
        return int(found[-1]) if found else 0


def search(target, seconds, scratch, seed):
    """One process; what it finds new lands in ``scratch``."""
    found = scratch / target.name
    found.mkdir(parents=True)
    start = scratch / f"{target.name}-seeds"
    start.mkdir()
    for number, content in enumerate(target.seeds):
        (start / str(number)).write_bytes(content)
    crashes = CRASHES / target.name if target is not CANARY else scratch / "canary-found"
    crashes.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    words = scratch / f"{target.name}.dict"
    words.write_text("".join(f'"{quoted(word)}"\n' for word in target.words))
    command = [
        *(sys.executable, "-m", "tests.fuzz.search", target.name),
        *(f"-max_total_time={seconds}", f"-max_len={target.longest}", f"-seed={seed}"),
        *([f"-dict={words}"] if target.words else []),
        *(f"-timeout={SLOWEST_S}", f"-rss_limit_mb={MOST_MIB}", "-print_final_stats=1"),
        f"-artifact_prefix={crashes}/",
        *(str(found), str(start), *([str(CORPUS / target.name)] if (CORPUS / target.name).is_dir() else [])),
    ]
    environ = os.environ | {"PYTHONPATH": os.getcwd(), "PYTHONHASHSEED": "0", FOLDER: str(scratch)}  # noqa: PTH109
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ, check=False)
    run = Run(target, done.returncode, done.stdout.decode(errors="replace"))
    run.crashes = tuple(sorted(set(crashes.iterdir()) - before))
    if not any(crashes.iterdir()):
        crashes.rmdir()
    run.corpus = len(list(found.iterdir()))
    return run


def quoted(word):
    """As libFuzzer's dictionaries have it."""
    return "".join(f"\\x{byte:02x}" for byte in word)


def row(run):
    found = (
        "found" if run.target is CANARY and run.crashes else "none" if not run.crashes and not run.status else "FOUND"
    )
    return (
        f"{run.target.name:12} {run.stat('number_of_executed_units'):>10,} {run.stat('average_exec_per_sec'):>8,} "
        f"{run.reached('cov'):>7,} {run.reached('ft'):>8,} {run.corpus:>6} {run.stat('peak_rss_mb'):>5}  {found}"
    )


def canary_is_found(run):
    return any(path.read_bytes().startswith(b"CADNCE") for path in run.crashes)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep",
        action="store_true",
        help="replace tests/fuzz/corpus by the smallest part of it and of what was found new",
    )
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], help="all when none is named")
    options = parser.parse_args()
    scratch = new_folder()
    print(
        f"{'target':12} {'executions':>10} {'per s':>8} {'edges':>7} {'features':>8} {'new':>6} {'MiB':>5}  broken promises",
        flush=True,
    )
    broken = []
    try:
        for target in (CANARY, *(TARGETS[name] for name in options.targets or TARGETS)):
            seconds = max(options.seconds, CANARY_S) if target is CANARY else options.seconds
            run = search(target, seconds, scratch, options.seed)
            print(row(run), flush=True)
            if target is CANARY and not canary_is_found(run):
                print(run.text[-2000:])
                sys.exit("the planted bug was not found: the search is blind, and nothing else that it says counts")
            if target is not CANARY and (run.status or run.crashes):
                broken.append(run)
            if target is not CANARY and options.keep:
                keep(target, scratch / target.name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for run in broken:
        print(f"\n{run.target.name}: {run.target.promise}\n{run.text[-4000:]}")
        print(*(f"kept as {path}" for path in run.crashes), sep="\n")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
