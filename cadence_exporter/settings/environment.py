"""The environment as a layer: ``CADENCE_`` variables of the process and of ``./.env``, where the process wins."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cadence_exporter.errors import Problem
from cadence_exporter.settings.given import Given
from cadence_exporter.settings.keys import CONFIG_VARIABLE, PREFIX, RECORDS, kind_of, leaves, variable_of
from cadence_exporter.settings.kinds import did_you_mean
from cadence_exporter.settings.yaml_file import Parsed
from cadence_exporter.settings.yaml_nodes import BadYaml, compose, plain

_SERVICE = re.compile(r"_SERVICE_HOST$")
"""Kubernetes puts ``<SERVICE>_SERVICE_HOST``, ``<SERVICE>_PORT_9923_TCP`` ... into every pod; a service called ``cadence`` must not
stop Cadence from starting."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable that is set and not empty."""

    name: str
    text: str
    origin: str
    """``environment NAME`` or ``.env:3``."""
    where: str
    """``environment`` or ``.env:3:1``."""
    base: Path

    def given(self, value: object) -> Given:
        """As a setting."""
        return Given(value, self.origin, self.where, self.name, self.base)

    def problem(self, text: str) -> Problem:
        """Something wrong with it."""
        return Problem(self.where, self.name, text)


Variables = Mapping[str, Variable]


def process_variables(environ: Mapping[str, str], cwd: Path) -> dict[str, Variable]:
    """The variables of the process."""
    return {
        name: Variable(name, text.strip(), f"environment {name}", "environment", cwd)
        for name, text in environ.items()
        if text.strip()
    }


def read_environment(variables: Variables) -> Parsed:
    """The settings among the variables; whatever else begins with ``CADENCE_`` is a mistake."""
    parsed = Parsed()
    fields = {variable_of(key): (key, field) for key, field in leaves()}
    services = tuple(name.removesuffix("_SERVICE_HOST") + "_" for name in variables if _SERVICE.search(name))
    for name, variable in variables.items():
        if not name.upper().startswith(PREFIX) or name == CONFIG_VARIABLE or (services and name.startswith(services)):
            continue
        if name not in fields:
            parsed.problems.append(
                variable.problem(f"is not a setting{did_you_mean(name.upper(), [*fields, CONFIG_VARIABLE])}")
            )
            continue
        key, field = fields[name]
        kind = kind_of(field)
        if key == RECORDS or (kind is not None and kind.many):
            _read_list(parsed, key, variable)
        else:
            parsed.given[key] = variable.given(variable.text)
    return parsed


def _read_list(parsed: Parsed, key: str, variable: Variable) -> None:
    """A list: YAML (hence JSON) in brackets, or, of texts, simply with commas."""
    if key != RECORDS and not variable.text.startswith("["):
        parsed.given[key] = variable.given([part.strip() for part in variable.text.split(",") if part.strip()])
        return
    try:
        node = compose(variable.text)
    except BadYaml as error:
        column = f", column {error.column}" if error.column else ""
        parsed.problems.append(variable.problem(f"cannot be read as a list in YAML or JSON{column}: {error.text}"))
        return
    parsed.given[key] = variable.given(None if node is None else plain(node))
