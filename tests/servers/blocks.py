"""Blocks of history for a Prometheus of the test, made by promtool."""

import subprocess


def make_blocks(*what: str) -> None:
    """``promtool tsdb create-blocks-from`` with these arguments. One block a month or so: many small ones take minutes."""
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=1024h", *what]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
