"""From what was given to Settings, or to every problem at once: values first, then the rules between those that are good."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cadence_exporter.errors import Problem
from cadence_exporter.settings.given import Given, Layer, Steps
from cadence_exporter.settings.keys import leaves
from cadence_exporter.settings.kinds import BadEntries, shown
from cadence_exporter.settings.rules import Broken, broken_rules
from cadence_exporter.settings.schema import Settings
from cadence_exporter.settings.sections import RecordSettings
from cadence_exporter.settings.yaml_file import nearest


def build(given: Layer, suspect: Collection[str]) -> tuple[Settings, list[Problem]]:
    """The settings and their problems. With problems, the settings have defaults where the bad values were.

    ``suspect`` are keys that are wrong already: rules about them say nothing.
    """
    bad = set(suspect)
    problems: list[Problem] = []
    try:
        settings = Settings.model_validate(_nested(given))
    except ValidationError as errors:
        for error in errors.errors():
            key, steps = _split(error["loc"])
            bad.add(key)
            problems += _problems(error, given[key], steps)
        settings = Settings.model_validate(_nested({key: value for key, value in given.items() if key not in bad}))
    problems += [_report(broken, given) for broken in broken_rules(settings) if not _touches(broken, bad)]
    return settings, problems


def _nested(given: Layer) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in given.items():
        *sections, name = key.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[name] = value.value
    return tree


def _split(location: Steps) -> tuple[str, Steps]:
    """Where pydantic found an error, as the key of a setting and the way down into its value."""
    known = {key for key, _ in leaves()}
    for length in range(1, len(location) + 1):
        key = ".".join(str(step) for step in location[:length])
        if key in known:
            return key, location[length:]
    raise AssertionError(location)


def _problems(error: ErrorDetails, given: Given, steps: Steps) -> Iterator[Problem]:
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, BadEntries):
        for position, text in cause.entries:
            yield given.problem(text, (*steps, position))
    elif isinstance(cause, ValueError):
        yield given.problem(str(cause), steps)
    else:
        yield given.problem(_sentence(error, steps), steps)


def _sentence(error: ErrorDetails, steps: Steps) -> str:
    """The errors of pydantic itself: they can only come from ``dns.records``, the one list of sections."""
    if error["type"] == "missing":
        return f"is missing; write {steps[-1]}: vpn.example.com"
    if error["type"] == "extra_forbidden":
        return f"is not a setting{nearest(str(steps[-1]), RecordSettings, 'dns.records.')}"
    if not steps:
        return f"must be a list of records such as [{{name: vpn.example.com, provider: cloudflare}}], not {shown(error['input'])}"
    return f"must be a record such as {{name: vpn.example.com, provider: cloudflare}}, not {shown(error['input'])}"


def _report(broken: Broken, given: Layer) -> Problem:
    """Point at the first of the keys that somebody set; when nobody set any, at the defaults."""
    for key in broken.keys:
        name, steps = _parts(key)
        if name in given:
            return given[name].problem(broken.text_at(key), steps)
    return Problem("defaults", broken.keys[0], broken.text)


def _parts(key: str) -> tuple[str, Steps]:
    """``dns.records[0].ttl`` as ``dns.records`` and ``(0, "ttl")``."""
    name, bracket, rest = key.partition("[")
    if not bracket:
        return name, ()
    steps: Steps = tuple(int(part) if part.isdigit() else part for part in re.split(r"[\[\].]+", rest) if part)
    return name, steps


def _touches(broken: Broken, bad: Collection[str]) -> bool:
    """Whether a rule is about a value that is wrong in itself: then its verdict says nothing."""
    return any(_parts(key)[0] in bad for key in broken.keys)
