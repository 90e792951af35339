"""Values -> markup. The only place where text becomes HTML: whatever is not markup made here is escaped, without exception."""

from collections.abc import Iterable
from html import escape

from cadence_exporter.record.log.plain import plain

LONGEST = 500
"""Characters of one text on the page. Whoever wrote an error text decides how long it is."""
_VOID = frozenset({"link", "meta"})


class Html(str):
    """Markup that is safe as it stands: made by ``element``, or a constant of this program."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """One element. ``None`` as a child is nothing, as an attribute it is left out; ``True`` is an attribute without a value.

    Names of attributes lose a trailing underscore, and dashes are written as underscores: ``class_``, ``aria_label``.
    """
    opening = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{opening}>")
    return Html(f"<{name}{opening}>{joined(*children)}</{name}>")


def joined(*children: object) -> Html:
    """Children one after the other; those that are no markup are escaped."""
    return Html("".join(_markup(child) for child in children))


def _markup(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, Iterable) and not isinstance(child, str | bytes):
        return joined(*child)
    return _escaped(child)


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{_escaped(value)}"'


def _escaped(value: object) -> str:
    return escape(plain(str(value), LONGEST), quote=True)
