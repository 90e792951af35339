"""What an expression reads: its selectors with the function each stands in, and the labels it groups by."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql

_SMALL = {
    "__interval": "1m",
    "__rate_interval": "4m",
    "__range": "24h",
    "__range_s": "86400",
    "__from": "1",
    "__to": "2",
}
"""The parser refuses durations that it thinks absurd, and a ``$`` outside of strings."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One ``name{...}`` of an expression."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    """Label, operator, value."""
    function: str
    """The innermost function around it, or an empty text."""


def parsed(expr: str):
    """The syntax tree.

    Raises:
        ValueError: it is no PromQL.
    """
    spelt = re.sub(r"\$\{?(__\w+)\}?", lambda found: _SMALL.get(found[1], found[0]), expr)
    return promql.parse(spelt.replace("$objective", "99.5"))


def selectors(tree, function: str = "") -> Iterator[Selector]:
    """In the order of the text."""
    if isinstance(tree, promql.VectorSelector):
        matchers = tuple((each.name, _sign(each.op), each.value) for each in tree.matchers.matchers)
        yield Selector(tree.name or "", matchers, function)
    inner = tree.func.name if isinstance(tree, promql.Call) else function
    for part in _parts(tree):
        yield from selectors(part, inner)


def groupings(tree) -> Iterator[str]:
    """Labels in ``by``, ``without``, ``on``, ``ignoring`` and ``group_left``."""
    modifier = getattr(tree, "modifier", None)
    for holder in (modifier, getattr(modifier, "matching", None)):
        labels = getattr(holder, "labels", None)
        yield from labels or ()
    yield from getattr(modifier, "group_labels", None) or ()
    for part in _parts(tree):
        yield from groupings(part)


def functions(tree) -> Iterator[str]:
    """Names of functions called."""
    if isinstance(tree, promql.Call):
        yield tree.func.name
    for part in _parts(tree):
        yield from functions(part)


def is_one_series(tree) -> bool:
    """Whether the answer can only be a single series: everything is summed up."""
    if isinstance(tree, promql.BinaryExpr):
        return is_one_series(tree.lhs) and is_one_series(tree.rhs)
    if isinstance(tree, promql.ParenExpr):
        return is_one_series(tree.expr)
    if isinstance(tree, promql.Call):
        return tree.func.name in ("vector", "scalar", "time")
    return isinstance(tree, promql.NumberLiteral) or (isinstance(tree, promql.AggregateExpr) and tree.modifier is None)


_SIGNS = (
    (promql.MatchOp.Equal, "="),
    (promql.MatchOp.NotEqual, "!="),
    (promql.MatchOp.Re, "=~"),
    (promql.MatchOp.NotRe, "!~"),
)


def _sign(op) -> str:
    return next(sign for each, sign in _SIGNS if each == op)


def _parts(tree) -> Iterator[object]:
    for name in ("lhs", "rhs", "expr", "vector_selector", "param"):
        part = getattr(tree, name, None)
        if part is not None:
            yield part
    yield from getattr(tree, "args", None) or ()
