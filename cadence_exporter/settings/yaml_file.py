"""The YAML file as a layer: every value with its line and column, every misplaced or repeated key reported."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import BaseModel

from cadence_exporter.errors import Problem
from cadence_exporter.settings.given import Given, Steps
from cadence_exporter.settings.keys import kind_of, section_of
from cadence_exporter.settings.kinds import did_you_mean
from cadence_exporter.settings.schema import Settings
from cadence_exporter.settings.sections import RecordSettings
from cadence_exporter.settings.yaml_nodes import BadYaml, compose, is_empty, plain


@dataclass
class Parsed:
    """What one source says, and what is wrong with it."""

    given: dict[str, Given] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True
    """Whether its form was good: otherwise nobody knows what the rest of it would have said."""


def read_yaml(text: str, name: str, base: Path) -> Parsed:
    """The settings in a YAML text; ``name`` is what messages call the file, ``base`` what its paths are relative to."""
    reader = _Reader(name, base)
    try:
        root = compose(text)
    except BadYaml as error:
        where = f"{name}:{error.line}:{error.column}" if error.line else name
        reader.parsed.problems.append(Problem(where, "", error.text))
        reader.parsed.whole = False
        return reader.parsed
    if isinstance(root, yaml.MappingNode):
        reader.section(root, Settings, "")
    elif root is not None and not is_empty(root):
        what = "a list" if isinstance(root, yaml.SequenceNode) else "text"
        reader.complain(
            root, "", f"the file is {what}, but must consist of sections such as 'loop:' with keys below them"
        )
    return reader.parsed


class _Reader:
    """Walks the nodes along the schema."""

    def __init__(self, name: str, base: Path) -> None:
        self.name = name
        self.base = base
        self.parsed = Parsed()

    def complain(self, node: yaml.Node, key: str, text: str) -> None:
        """Note a problem at the beginning of a node."""
        self.parsed.problems.append(Problem(_at(self.name, node), key, text))

    def section(self, node: yaml.MappingNode, model: type[BaseModel], prefix: str) -> None:
        """Take a section's values over; complain of what does not belong into it."""
        for key_node, value_node in self._entries(node, prefix):
            key = prefix + key_node.value
            spec = model.model_fields.get(key_node.value)
            if spec is None:
                self.complain(key_node, key, f"is not a setting{nearest(key_node.value, model, prefix)}")
                continue
            section = section_of(spec)
            if section is None:
                kind = kind_of(spec)
                self._value(key, key_node, value_node, nullable=kind is not None and kind.nullable)
            elif isinstance(value_node, yaml.MappingNode):
                self.section(value_node, section, key + ".")
            elif not is_empty(value_node):
                known = ", ".join(list(section.model_fields)[:4])
                self.complain(value_node, key, f"is a section; write its keys below it, indented ({known} ...)")

    def _entries(self, node: yaml.MappingNode, prefix: str) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.complain(key_node, prefix.rstrip("."), "a key must be plain text")
            elif key_node.value in seen:
                first = seen[key_node.value]
                self.complain(
                    key_node, prefix + key_node.value, f"is written twice (first in line {first}); keep one of them"
                )
            else:
                seen[key_node.value] = key_node.start_mark.line + 1
                yield key_node, value_node

    def _value(self, key: str, key_node: yaml.Node, value_node: yaml.Node, *, nullable: bool) -> None:
        if is_empty(value_node):
            if not nullable:
                self.complain(key_node, key, "has no value; write one, or remove the line for the default")
            return
        self._duplicates_within(key, value_node)
        places: dict[Steps, str] = {}
        _mark(value_node, (), places, self.name)
        self.parsed.given[key] = Given(
            value=plain(value_node),
            origin=f"{self.name}:{key_node.start_mark.line + 1}",
            where=_at(self.name, value_node),
            label=key,
            base=self.base,
            places=places,
        )

    def _duplicates_within(self, key: str, node: yaml.Node) -> None:
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._duplicates_within(f"{key}[{index}]", item)
        elif isinstance(node, yaml.MappingNode):
            for key_node, value in self._entries(node, key + "."):
                self._duplicates_within(f"{key}.{key_node.value}", value)


def nearest(name: str, model: type[BaseModel], prefix: str) -> str:
    """What an unknown key was probably meant to be: a neighbour, the same key of another section, or the list of neighbours.

    A key that several sections have names none of them: for ``ups.enabled`` nobody should be led to ``recovery.enabled``.
    """
    owners = [other for other, spec in Settings.model_fields.items() if name in _keys(section_of(spec))]
    elsewhere = f"; did you mean {owners[0]}.{name}?" if len(owners) == 1 and prefix != owners[0] + "." else ""
    near = did_you_mean(name, model.model_fields)
    guess = near or elsewhere if prefix else elsewhere or near
    return guess or f"; known here: {', '.join(sorted(model.model_fields))}"


def _keys(section: type[BaseModel] | None) -> Container[str]:
    return section.model_fields if section is not None else ()


def _mark(node: yaml.Node, steps: Steps, places: dict[Steps, str], name: str) -> None:
    """Where each part of a value stands; an unknown key of a record is pointed at itself, not at its value."""
    places[steps] = _at(name, node)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _mark(item, (*steps, index), places, name)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _mark(value, (*steps, str(key.value)), places, name)
            if str(key.value) not in RecordSettings.model_fields:
                places[(*steps, str(key.value))] = _at(name, key)


def _at(name: str, node: yaml.Node) -> str:
    return f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
