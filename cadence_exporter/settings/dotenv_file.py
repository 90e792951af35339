"""``./.env``: the variables of a home that is set up with one file. Dollar signs mean nothing in it: a secret stays as it is."""

import io
from pathlib import Path

from dotenv.parser import parse_stream

from cadence_exporter.errors import Problem
from cadence_exporter.settings.environment import Variable

NAME = ".env"


def read_dotenv(text: str, cwd: Path) -> tuple[dict[str, Variable], list[Problem]]:
    """The variables, and the lines that are none. When a name comes twice, the later line counts, as with every other reader."""
    variables: dict[str, Variable] = {}
    problems: list[Problem] = []
    for binding in parse_stream(io.StringIO(text)):
        blank = len(binding.original.string) - len(binding.original.string.lstrip("\r\n \t"))
        line = binding.original.line + binding.original.string[:blank].count("\n")
        where = f"{NAME}:{line}:1"
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(Problem(where, _name(binding.key), "is not NAME=value; check the '=' and the quotes"))
        elif binding.key is not None and binding.value is not None and binding.value.strip():
            variables[binding.key] = Variable(binding.key, binding.value.strip(), f"{NAME}:{line}", where, cwd)
    return variables, problems


def _name(key: str | None) -> str:
    """What stands where the name should, when it is one: anything else could be a secret, or break the line."""
    return key if key is not None and key.isidentifier() else ""
