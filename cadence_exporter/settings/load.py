"""Settings from their layers: defaults, YAML file, environment, secret files. Reads files, changes nothing: SIGHUP calls it again."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from cadence_exporter.errors import Problem, SettingsError
from cadence_exporter.settings.build import build
from cadence_exporter.settings.cautions import cautions
from cadence_exporter.settings.dotenv_file import NAME as DOTENV
from cadence_exporter.settings.dotenv_file import read_dotenv
from cadence_exporter.settings.environment import Variables, process_variables, read_environment
from cadence_exporter.settings.extras import missing_extras
from cadence_exporter.settings.files import is_closed, is_file, is_folder, read_text
from cadence_exporter.settings.given import Given
from cadence_exporter.settings.keys import CONFIG_VARIABLE, RECORDS, leaves, path_keys, secret_keys
from cadence_exporter.settings.schema import Settings
from cadence_exporter.settings.secret_files import is_open, read_secrets
from cadence_exporter.settings.seed import read_seed
from cadence_exporter.settings.yaml_file import read_yaml

LOCAL_FILE = Path("cadence.yaml")
SYSTEM_FILE = Path("/etc/cadence-exporter/cadence.yaml")
CONTAINER_CACHE = Path("/app/cache")
"""The image of the project has it; where it exists it is the volume that survives."""

LARGEST_FILE = 1024 * 1024
"""Bytes of a settings file. More is a mistaken path, and a reader of YAML would chew on it for minutes."""

Origin = str
CheckFile = Callable[[Path], Iterable[Problem]]
FOR_LIBRARIES = ("TZ", "REQUESTS_CA_BUNDLE")
"""Variables in ``.env`` that libraries read from the process, not from the settings."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each comes from."""

    settings: Settings
    origins: Mapping[str, Origin]
    """Dotted key -> ``default``, ``cadence.yaml:12``, ``environment CADENCE_SITE``, ``.env:3``, ``secret file /run/secrets/token``."""
    warnings: tuple[str, ...] = ()
    path: Path | None = None
    """The YAML file that was read."""
    dotenv: bool = False
    """Whether there is a ``.env`` beside it."""
    exports: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Variables of ``.env`` that a library wants in the process: for the command line to set, when they are not set already."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were read, as a person would name them."""
        return (*([str(self.path)] if self.path else []), *([DOTENV] if self.dotenv else []))


def load(
    config: Path | None, environ: Mapping[str, str], cwd: Path, check_web_config: CheckFile = lambda _path: ()
) -> Loaded:
    """Read everything. Raises SettingsError with every problem at once, also with those that ``check_web_config`` finds."""
    problems: list[Problem] = []
    variables = _variables(environ, cwd, problems)
    path = _find(config, variables, cwd, problems)
    given, whole = _yaml(path, cwd, problems)
    own = read_environment(variables)
    problems += own.problems
    seed = read_seed(variables, own.given.get(RECORDS) or given.get(RECORDS))
    given |= seed.given | own.given
    _resolve_paths(given, environ)
    secrets = read_secrets(given, environ)
    problems += secrets.problems
    given |= secrets.given
    problems += _files(given, check_web_config)
    exposed = tuple(
        f"{name}: holds a secret, and everybody on this machine may read it; chmod 600 it"
        for name, file in ((DOTENV, cwd / DOTENV), (str(path), cwd / path if path else None))
        if file is not None
        and is_open(file)
        and any(given[key].origin.startswith(f"{name}:") for key in secret_keys() if key in given)
    )
    computed = _computed(given, environ)
    settings, more = build(given | computed, secrets.suspect if whole else {key for key, _ in leaves()})
    if problems or more:
        raise SettingsError(tuple(sorted(dict.fromkeys([*problems, *more]), key=_place)))
    return Loaded(
        settings=settings,
        origins=MappingProxyType({key: given[key].origin if key in given else "default" for key, _ in leaves()}),
        warnings=(
            *seed.warnings,
            *secrets.warnings,
            *exposed,
            *cautions(settings, given.keys()),
            *missing_extras(settings),
        ),
        path=path,
        dotenv=is_file(cwd / DOTENV),
        exports=MappingProxyType(
            {
                name: variables[name].text
                for name in FOR_LIBRARIES
                if name in variables and not environ.get(name, "").strip()
            }
        ),
    )


def _place(problem: Problem) -> tuple[str, int, int]:
    """In the order of the lines of each file."""
    found = re.fullmatch(r"(.*?):(\d+):(\d+)", problem.where)
    return (found[1], int(found[2]), int(found[3])) if found else (problem.where, 0, 0)


def _variables(environ: Mapping[str, str], cwd: Path, problems: list[Problem]) -> Variables:
    """What is set in the process, over what ``./.env`` says."""
    own = process_variables(environ, cwd)
    if not is_file(cwd / DOTENV):
        return own
    try:
        text = read_text(cwd / DOTENV, LARGEST_FILE)
    except ValueError as error:
        problems.append(Problem(DOTENV, "", str(error)))
        return own
    from_file, bad_lines = read_dotenv(text, cwd)
    problems += bad_lines
    return from_file | own


def _find(config: Path | None, variables: Variables, cwd: Path, problems: list[Problem]) -> Path | None:
    """The file to read, as the user would write it. One that was named must exist."""
    if config is not None:
        return config
    if CONFIG_VARIABLE in variables:
        named = Path(variables[CONFIG_VARIABLE].text)
        if is_file(cwd / named):
            return named
        problems.append(variables[CONFIG_VARIABLE].problem(f"{named} does not exist, or is not a file"))
        return None
    # A folder of that name is found as well, and refused: Docker makes one where the file to mount is missing.
    found = next((path for path in (LOCAL_FILE, SYSTEM_FILE) if is_file(cwd / path) or is_folder(cwd / path)), None)
    if found is None and is_closed(SYSTEM_FILE):
        # Going on without it would leave records alone that somebody believes to be kept.
        problems.append(
            Problem(str(SYSTEM_FILE), "", "cannot be looked for: its folder is closed to this user; chmod 755 it")
        )
    return found


def _yaml(path: Path | None, cwd: Path, problems: list[Problem]) -> tuple[dict[str, Given], bool]:
    """What the file says, and whether all of it could be read as YAML."""
    if path is None:
        return {}, True
    try:
        text = read_text(cwd / path, LARGEST_FILE)
    except ValueError as error:
        problems.append(Problem(str(path), "", str(error)))
        return {}, False
    parsed = read_yaml(text, str(path), (cwd / path).parent)
    problems += parsed.problems
    return parsed.given, parsed.whole


def _resolve_paths(given: dict[str, Given], environ: Mapping[str, str]) -> None:
    """Relative paths are relative to the file that names them, those of variables to the working directory; ``~`` is the home."""
    for key in path_keys():
        if key in given and isinstance(given[key].value, str):
            text = str(given[key].value).strip()
            if text and text.isprintable():
                path = _home(environ) / text[2:] if text.startswith("~/") else given[key].base / text
                given[key] = replace(given[key], value=path)


def _files(given: Mapping[str, Given], check_web_config: CheckFile) -> Iterator[Problem]:
    """Files that are needed at the start. Secret files are read, and complained of, elsewhere."""
    web = given.get("web_config_file")
    if web is None or not isinstance(web.value, Path):
        return
    if is_file(web.value):
        yield from check_web_config(web.value)
    else:
        yield web.problem(f"{web.value} does not exist, or is not a file")


def _computed(given: Mapping[str, Given], environ: Mapping[str, str]) -> dict[str, Given]:
    """Defaults that depend on the surroundings."""
    return dict(_computed_pairs(given, environ))


def _computed_pairs(given: Mapping[str, Given], environ: Mapping[str, str]) -> Iterator[tuple[str, Given]]:
    def default(key: str, value: object) -> tuple[str, Given]:
        return key, Given(value, "default", "defaults", key, Path())

    if "state_dir" not in given:
        from_systemd = environ.get("STATE_DIRECTORY", "").split(":")[0]
        in_container = is_folder(CONTAINER_CACHE)
        elsewhere = CONTAINER_CACHE if in_container else _home(environ) / ".cache" / "cadence-exporter"
        state_dir: object = Path(from_systemd) if from_systemd else elsewhere
        yield default("state_dir", state_dir)
    else:
        state_dir = given["state_dir"].value
    if "providers.file.path" not in given and isinstance(state_dir, Path):
        yield default("providers.file.path", state_dir / "hosts")
    families = given.get("public_ip.families")
    only = [str(item).lower() for item in families.value] if families and isinstance(families.value, list) else []
    if RECORDS not in given and only == ["ipv6"]:
        yield default(RECORDS, [{"name": "vpn.home.arpa", "type": "AAAA", "provider": "file"}])


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or "/")
