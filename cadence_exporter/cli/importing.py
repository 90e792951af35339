"""``cadence-exporter import FILE``: another updater's settings as a cadence.yaml on stdout. Docs: docs/migrating-from-*.md."""

import sys
from pathlib import Path
from typing import TextIO

from cadence_exporter.errors import Problem, SettingsError
from cadence_exporter.settings.files import read_text, text_of
from cadence_exporter.settings.imports.recognise import take_over
from cadence_exporter.settings.imports.written import as_yaml

LARGEST = 256 * 1024
"""Bytes: a settings file has a few hundred; a disk given by mistake is not read into memory."""
STDIN = "-"


def import_settings(file: str, program: str | None, out: TextIO) -> int:
    """Print what can be taken over. Raises SettingsError when that is nothing, or the file cannot be read."""
    name = "stdin" if file == STDIN else file
    out.write(as_yaml(take_over(_text(file, name), name, program)))
    return 0


def _text(file: str, name: str) -> str:
    try:
        if file != STDIN:
            return read_text(Path(file), LARGEST)
        return text_of(sys.stdin.buffer.read(LARGEST + 1), LARGEST)
    except (OSError, ValueError) as error:
        raise SettingsError((Problem(name, "", str(error)),)) from None
