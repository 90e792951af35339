"""Secrets in files of their own: each secret setting has a twin ``<key>_file``; exactly one of the two may be given."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cadence_exporter.errors import Problem
from cadence_exporter.settings.files import read_text
from cadence_exporter.settings.given import Given, Layer
from cadence_exporter.settings.keys import FILE_TWIN, kind_of, leaves, secret_keys

LARGEST_SECRET = 64 * 1024
MOUNTED_SECRETS = Path("/run/secrets")
"""Where container engines mount secrets, readable for everybody inside the container, who is only us."""

_LISTS = frozenset(key for key, field in leaves() if (kind := kind_of(field)) is not None and kind.secret and kind.many)
"""Secret settings with several entries: one a line."""


@dataclass
class Secrets:
    """What the files hold."""

    given: dict[str, Given] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    suspect: set[str] = field(default_factory=set)
    """Settings whose file could not be used."""


def read_secrets(layers: Layer, environ: Mapping[str, str]) -> Secrets:
    """Read the file of each ``_file`` setting in ``layers``. Paths in it are absolute already."""
    secrets = Secrets()
    mounted = [MOUNTED_SECRETS, *(Path(text) for text in [environ.get("CREDENTIALS_DIRECTORY", "")] if text)]
    for key in secret_keys():
        twin = layers.get(key + FILE_TWIN)
        if twin is None or not isinstance(twin.value, Path):
            continue
        if key in layers:
            other = layers[key]
            secrets.problems.append(
                twin.problem(f"is given together with {other.label} ({other.origin}); keep exactly one of the two")
            )
            continue
        _read(secrets, key, twin, twin.value)
        if is_open(twin.value) and not any(twin.value.is_relative_to(place) for place in mounted):
            secrets.warnings.append(f"{key}{FILE_TWIN}: everybody on this machine may read {twin.value}; chmod 600 it")
    return secrets


def _read(secrets: Secrets, key: str, twin: Given, path: Path) -> None:
    try:
        text = read_text(path, LARGEST_SECRET).strip()
    except ValueError as error:
        secrets.problems.append(twin.problem(f"{path} {error}"))
        secrets.suspect.add(key)
        return
    if not text:
        secrets.problems.append(twin.problem(f"{path} is empty"))
        secrets.suspect.add(key)
        return
    value: object = text.split() if key in _LISTS else text
    secrets.given[key] = replace(twin, value=value, origin=f"secret file {path}")


def is_open(path: Path) -> bool:
    """Whether everybody on this machine may read it."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
