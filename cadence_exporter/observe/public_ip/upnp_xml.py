"""XML as routers write it, read such that no document can cost more than its own length. Pure.

The standard library's expat with everything of a DTD refused: entities, and with them "billion laughs" and files of ours, begin there.
"""

from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason

# A real description has about 150 elements in 9 levels. More is not a router's, and costs memory.
MOST_ELEMENTS = 4000
DEEPEST = 32


@dataclass(slots=True)
class Element:
    """A name without its namespace (routers get those wrong), its text, and what is in it."""

    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def find_all(self, name: str) -> list["Element"]:
        """Every element of that name below this one, in the order of the document."""
        found: list[Element] = []
        waiting = list(reversed(self.children))
        while waiting:
            element = waiting.pop()
            if element.name == name:
                found.append(element)
            waiting.extend(reversed(element.children))
        return found

    def texts(self) -> dict[str, str]:
        """The children's texts by name; of several with one name the first."""
        texts: dict[str, str] = {}
        for child in self.children:
            texts.setdefault(child.name, child.text.strip())
        return texts


def parse(document: bytes) -> Element:
    """The root element. Raises ProbeFailed (content)."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)  # noqa: FBT003 - the standard library's signature
    # ValueError: an encoding that Python knows and expat cannot use; LookupError: one that nobody knows
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _bad("not well-formed XML") from error
    return reader.root.children[0]


class _Reader:
    """Builds the tree."""

    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]
        self._texts: list[list[str]] = [[]]
        self._count = 0

    def start(self, name: str, _: object) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) > DEEPEST:
            raise _bad("more elements than a router's document has")
        element = Element(name.rpartition(":")[2])
        self._open[-1].children.append(element)
        self._open.append(element)
        self._texts.append([])

    def end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def text(self, data: str) -> None:
        self._texts[-1].append(data)


def _refuse(*_: object) -> NoReturn:
    raise _bad("a document type declaration")


def _bad(detail: str) -> ProbeFailed:
    return ProbeFailed(FailureReason.CONTENT, detail)
