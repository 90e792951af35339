"""What is tracked, and what the documents say: shared by the tidy tests."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "cadence_exporter"


def tracked(*patterns: str) -> list[Path]:
    """Tracked files that are there; skips the test outside a git checkout (an unpacked archive)."""
    try:
        done = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: what is tracked is not known")
    files = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file() and not file.is_symlink()]


def text_of(file: Path) -> str | None:
    """None for a file that is not text."""
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError:
        return None


def documents() -> list[Path]:
    return tracked("*.md")


def modules() -> Iterator[Path]:
    return (file for file in sorted(PACKAGE.rglob("*.py")))


def outside_code(markdown: str) -> str:
    """The text without fenced blocks and without code spans."""
    without_blocks = re.sub(r"^( *)(```+|~~~+).*?^\1\2 *$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", without_blocks)


def code_in(markdown: str) -> list[str]:
    """Every code span and every line of a fenced block."""
    blocks = re.findall(r"^( *)(```+|~~~+)[^\n]*\n(.*?)^\1\2 *$", markdown, flags=re.MULTILINE | re.DOTALL)
    lines = [line for *_, body in blocks for line in body.splitlines()]
    without_blocks = re.sub(r"^( *)(```+|~~~+).*?^\1\2 *$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return lines + re.findall(r"`([^`\n]+)`", without_blocks)
