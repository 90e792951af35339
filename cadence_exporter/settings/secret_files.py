"""Secrets in files of their own: each secret setting has a twin ``<key>_file``; exactly one of the two may be given."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cadence_exporter.errors import Problem
from cadence_exporter.settings.files import is_file, read_text
from cadence_exporter.settings.given import Given, Layer
from cadence_exporter.settings.keys import FILE_TWIN, kind_of, leaves, secret_keys

LARGEST_SECRET = 64 * 1024
MOUNTED_SECRETS = Path("/run/secrets")
"""Where container engines mount secrets, readable for everybody inside the container, who is only us."""
SERVICE_SECRETS = Path("/etc/cadence-exporter/secrets")
"""Root's alone. The unit (deploy/systemd) hands each file NAME in it to the service as the credential ``secret_NAME``, so that one path
in the settings serves both: the service, and root's own ``check-config`` or ``once`` while it is stopped."""
CREDENTIAL = "secret_"

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
        file = _as_credential(twin.value, environ)
        if file != twin.value and not is_file(file):
            secrets.problems.append(
                twin.problem(
                    f"{twin.value} is not among the credentials of this start; restart the service, if it is new"
                )
            )
            secrets.suspect.add(key)
            continue
        _read(secrets, key, twin, file)
        if is_open(file) and not any(file.is_relative_to(place) for place in mounted):
            secrets.warnings.append(f"{key}{FILE_TWIN}: everybody on this machine may read {twin.value}; chmod 600 it")
    return secrets


def _as_credential(path: Path, environ: Mapping[str, str]) -> Path:
    """Where this process finds the file (systemd.exec(5), LoadCredential)."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    return Path(folder) / (CREDENTIAL + path.name) if folder and path.parent == SERVICE_SECRETS else path


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
