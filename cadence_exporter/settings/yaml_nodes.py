"""YAML text to nodes that know their line and column, and nodes to plain values. Nothing is constructed, nothing guessed.

Anchors, aliases and tags are refused: a settings file needs none, and a few lines of them fill any memory.
"""

import yaml
from yaml.reader import ReaderError

DEEPEST = 12
"""Levels of nesting; the schema needs six. Deeper input would end in a RecursionError."""

LONGEST_NUMBER = 15
"""Digits; longer ones are ids, which stay text, not amounts."""


class BadYaml(Exception):
    """The text cannot be used. ``line`` and ``column`` count from 1, 0 when not known."""

    def __init__(self, text: str, mark: yaml.Mark | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.line = mark.line + 1 if mark else 0
        self.column = mark.column + 1 if mark else 0


class _Composer(yaml.SafeLoader):
    """Refuses aliases, tags and bottomless nesting while the nodes are put together."""

    level = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise BadYaml(
                "anchors (&) and aliases (*) are not used here; write the value out, or put it in quotes",
                event.start_mark,
            )
        if getattr(event, "tag", None):
            raise BadYaml("tags (!) are not used here; put the value in quotes", event.start_mark)
        self.level += 1
        if self.level > DEEPEST:
            raise BadYaml(f"is nested more than {DEEPEST} levels deep", event.start_mark)
        node = super().compose_node(parent, index)
        self.level -= 1
        return node


def compose(text: str) -> yaml.Node | None:
    """The one document of a text, ``None`` when there is nothing in it. Raises BadYaml."""
    try:
        composer = _Composer(text)
        node: yaml.Node | None = composer.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise BadYaml(_sentence(error), error.problem_mark) from error
    except ReaderError as error:
        raise BadYaml("contains a character that YAML does not allow (a control character?)") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The last two: an escape beyond Unicode, such as "\U00110000".
        raise BadYaml("is not valid YAML") from error
    return node


def _sentence(error: yaml.MarkedYAMLError) -> str:
    """PyYAML's own text stays out: it would repeat the user's, perhaps secret, characters."""
    problem, context = error.problem or "", error.context or ""
    if "'\\t'" in problem:
        return "a tab is used for indentation; YAML takes spaces only"
    if "mapping values are not allowed" in problem:
        return "a colon where none is expected; check the indentation, or put the value in quotes"
    if "but found another document" in problem:
        return "a second document ('---') begins; only one is read"
    if "expected ',' or" in problem or "quoted scalar" in context:
        return "a bracket, brace or quote is not closed before this point"
    return "is not valid YAML here; check the indentation, the colons and the quotes"


def plain(node: yaml.Node) -> object:
    """A node as lists, dicts, text, numbers, truth values and None."""
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): plain(value) for key, value in node.value}
    return _scalar(str(node.value), node.tag.rpartition(":")[2])


def _scalar(text: str, tag: str) -> object:
    """Dates, and YAML 1.1's base-60 numbers (``1:30`` is 90 there), stay the text that the user wrote."""
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in ("true", "yes", "on")
    digits = text.lstrip("+-")
    if (
        tag == "int"
        and digits.isdecimal()
        and len(digits) <= LONGEST_NUMBER
        and (digits == "0" or not digits.startswith("0"))
    ):
        return int(text)
    if tag == "float" and "." in text and digits.replace(".", "", 1).isdecimal() and len(digits) <= LONGEST_NUMBER:
        return float(text)
    return text


def is_empty(node: yaml.Node) -> bool:
    """Whether nothing (or ``null``, or ``~``) is written."""
    return isinstance(node, yaml.ScalarNode) and plain(node) is None
