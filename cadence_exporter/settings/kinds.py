"""What a setting may hold: its description in words and the function that reads it. Each says in a sentence what to write instead."""
# ruff: noqa: TRY004 - pydantic collects ValueError; a TypeError would end the reading at the first mistake

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

from cadence_exporter.settings.durations import format_duration, parse_duration

Parse = Callable[[object], Any]

TRUE_WORDS = frozenset({"true", "yes", "on", "1"})
FALSE_WORDS = frozenset({"false", "no", "off", "0"})
LONGEST_TEXT = 200
LONGEST_SHOWN = 60


class BadEntries(ValueError):
    """Some entries of a list are wrong: (position, what is wrong) for each of them."""

    def __init__(self, entries: tuple[tuple[int, str], ...]) -> None:
        super().__init__("; ".join(f"entry {position + 1}: {what}" for position, what in entries))
        self.entries = entries


@dataclass(frozen=True, slots=True)
class Kind:
    """Metadata of a field: what it holds. pydantic calls ``parse`` in place of its own coercions, which take ``yes`` for 1."""

    words: str
    """For the documentation: ``duration``, ``true or false``, ``list of URLs`` ..."""
    parse: Parse
    nullable: bool = False
    many: bool = False
    """A list: in the environment also written with commas."""
    secret: bool = False
    """Masked wherever it is shown, never repeated in a message."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Called by pydantic while the schema class is made."""
        return core_schema.no_info_plain_validator_function(self._read)

    def _read(self, value: object) -> object:
        return None if value is None and self.nullable else self.parse(value)


def shown(value: object) -> str:
    """A value as it may be repeated in a message: printable, short, quoted when it is text."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    text = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
    return repr(text) if isinstance(value, str) else text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean X?`` when something known is close, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def flag() -> Kind:
    """True or false."""

    def parse(value: object) -> bool:
        word = str(value).strip().lower()
        if isinstance(value, bool | str | int) and word in TRUE_WORDS | FALSE_WORDS:
            return word in TRUE_WORDS
        raise ValueError(f"must be true or false, not {shown(value)}")

    return Kind("true or false", parse)


def optional_flag() -> Kind:
    """True, false or left alone."""
    return Kind("true or false", flag().parse, nullable=True)


def whole(least: int, most: int, *, nullable: bool = False) -> Kind:
    """A whole number."""

    def parse(value: object) -> int:
        text = str(value).strip()
        if not re.fullmatch(r"-?[0-9]{1,15}", text):
            raise ValueError(f"must be a whole number from {least} to {most}, not {shown(value)}")
        if not least <= int(text) <= most:
            raise ValueError(f"is {text}, but must lie between {least} and {most}")
        return int(text)

    return Kind(f"whole number, {least} to {most}", parse, nullable=nullable)


def number(least: float, most: float) -> Kind:
    """A number that need not be whole."""

    def parse(value: object) -> float:
        text = str(value).strip()
        if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", text):
            raise ValueError(f"must be a number from {least:g} to {most:g}, not {shown(value)}")
        if not least <= float(text) <= most:
            raise ValueError(f"is {text}, but must lie between {least:g} and {most:g}")
        return float(text)

    return Kind(f"number, {least:g} to {most:g}", parse)


def duration(least_s: float = 0.0, most_s: float = 366 * 86400.0) -> Kind:
    """Float seconds, written with a unit."""

    def parse(value: object) -> float:
        seconds = parse_duration(value)
        if not least_s <= seconds <= most_s:
            bound = (
                f"at least {format_duration(least_s)}" if seconds < least_s else f"at most {format_duration(most_s)}"
            )
            raise ValueError(f"is {format_duration(seconds)}, but must be {bound}")
        return seconds

    return Kind("duration", parse)


def duration_or_off(least_s: float, most_s: float) -> Kind:
    """Float seconds, written with a unit; 0 for ``off``."""
    within = duration(least_s, most_s).parse

    def parse(value: object) -> float:
        if value is False or str(value).strip().lower() in FALSE_WORDS | {"0s"}:
            return 0.0
        try:
            return float(within(value))
        except ValueError as error:
            raise ValueError(f"{error}; off switches it off") from error

    return Kind("duration, or `off`", parse)


def text(*, nullable: bool = False) -> Kind:
    """One printable line."""
    return Kind("text", lambda value: line(value, LONGEST_TEXT), nullable=nullable)


def line(value: object, longest: int) -> str:
    """One printable, non-empty line. Raises ValueError."""
    if isinstance(value, bool | int | float):
        raise ValueError(f'must be text; put it in quotes: "{shown(value)}"')
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {shown(value)}")
    if not value.strip() or not value.isprintable() or len(value) > longest:
        raise ValueError(f"must be one line of at most {longest} printable characters, and not empty")
    return value.strip()


def choice(*allowed: str, aliases: dict[str, str] | None = None) -> Kind:
    """One of a few words, in any case."""
    by_lower = {word.lower(): word for word in allowed} | (aliases or {})

    def parse(value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError(f"must be one of {', '.join(allowed)}, not {shown(value)}")
        word = str(value).strip().lower()
        if word not in by_lower:
            raise ValueError(f"{shown(value)} is not one of {', '.join(allowed)}{did_you_mean(word, by_lower)}")
        return by_lower[word]

    return Kind(" or ".join((", ".join(allowed[:-1]), allowed[-1])) if len(allowed) > 1 else allowed[0], parse)


def location() -> Kind:
    """A file or directory, or nothing. Relative ones are resolved before they come here."""
    return Kind("path", lambda value: value if isinstance(value, Path) else Path(line(value, 4096)), nullable=True)


def read_by(words: str, parse: Parse, *, nullable: bool = False) -> Kind:
    """What ``parse`` accepts."""
    return Kind(words, parse, nullable=nullable)


def list_of(words: str, parse: Parse, *, least: int = 1, most: int = 64) -> Kind:
    """A list without repetitions; stays in the order in which it is written."""

    def parse_all(value: object) -> tuple[Any, ...]:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise ValueError(f"must be a list in [brackets], not {shown(value)}")
        if not least <= len(value) <= most:
            raise ValueError(f"has {len(value)} entries, but must have between {least} and {most}")
        good: list[Any] = []
        bad: list[tuple[int, str]] = []
        for position, item in enumerate(value):
            try:
                parsed = parse(item)
            except ValueError as error:
                bad.append((position, str(error)))
                continue
            if parsed in good:
                bad.append((position, f"{shown(item)} is listed twice"))
            good.append(parsed)
        if bad:
            raise BadEntries(tuple(bad))
        return tuple(good)

    return Kind(f"list of {words}", parse_all, many=True)


def secret(words: str = "secret", check: Callable[[str], str] = str) -> Kind:
    """A secret; ``check`` raises ValueError with a sentence that does not repeat it."""

    def parse(value: object) -> SecretStr:
        if isinstance(value, SecretStr):
            return value
        if not isinstance(value, str) or not value.strip():
            raise ValueError("must be text (its value is not shown here); put it in quotes")
        return SecretStr(check(value.strip()))

    return Kind(words, parse, nullable=True, secret=True)


def secrets(words: str, check: Callable[[str], str] = str, most: int = 64) -> Kind:
    """A list of secrets; ``check`` as above."""

    def parse(value: object) -> tuple[SecretStr, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str | SecretStr) for item in value):
            raise ValueError("must be a list of texts (their values are not shown here)")
        if len(value) > most:
            raise ValueError(f"has {len(value)} entries, but must have at most {most}")
        bad: list[tuple[int, str]] = []
        good: list[SecretStr] = []
        for position, item in enumerate(value):
            try:
                good.append(item if isinstance(item, SecretStr) else SecretStr(check(item.strip())))
            except ValueError as error:
                bad.append((position, str(error)))
        if bad:
            raise BadEntries(tuple(bad))
        return tuple(good)

    return Kind(f"list of {words}", parse, many=True, secret=True)
