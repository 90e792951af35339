"""docs/SAFETY.md and the tests it names keep each other honest."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parent.parent / "docs" / "SAFETY.md"
LEAST_ROWS = 40

ROW = re.compile(r"^\| (?P<number>[A-Z]?\d+) \|(?P<cells>.+)\| `(?P<test>[^`]+)` \|$")


def rows():
    lines = [line for line in TABLE.read_text().splitlines() if re.match(r"\| [A-Z]?\d", line)]
    found = [ROW.match(line) for line in lines]
    assert all(found), [line for line, row in zip(lines, found, strict=True) if not row]
    return found


def collected(files):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=HERE, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.rpartition("/")[2] for line in done.stdout.splitlines() if "::" in line}


def test_every_row_names_a_test_that_exists_and_every_test_has_a_row():
    named = [row["test"] for row in rows()]
    files = {test.partition("::")[0] for test in named} | {path.name for path in HERE.glob("test_bad_*.py")}
    existing = collected(sorted(files))
    assert set(named) - existing == set(), "rows whose test does not exist"
    assert existing - set(named) == set(), "tests without a row"


def test_rows_are_numbered_once_and_say_everything():
    found = rows()
    assert len(found) >= LEAST_ROWS
    assert [number for number, times in Counter(row["number"] for row in found).items() if times > 1] == []
    for row in found:
        cells = [cell.strip() for cell in row["cells"].split("|")]
        assert len(cells) == 3, row[0]
        assert all(cells), row[0]
