"""What ``check-config`` prints: every setting with its value and origin, laid out like the YAML file, secrets masked."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import BaseModel, SecretStr

from cadence_exporter.settings.durations import format_duration
from cadence_exporter.settings.keys import RECORDS, kind_of, leaves
from cadence_exporter.settings.load import Loaded
from cadence_exporter.settings.sections import RecordSettings

MASK = "********"
WIDEST = 60
"""Column at which origins begin, unless a value is longer."""

_SPECIAL = set(":#[]{},&*!|>%@`'\"\\")


def render(loaded: Loaded) -> str:
    """The effective settings as text; ends with the warnings, if there are any."""
    lines = [f"# settings files: {', '.join(loaded.files) or 'none, built-in defaults'}"]
    shown: tuple[str, ...] = ()
    for key, _ in leaves():
        *sections, name = key.split(".")
        same = len([1 for ours, theirs in zip(sections, shown, strict=False) if ours == theirs])
        lines += [f"{'  ' * depth}{sections[depth]}:" for depth in range(same, len(sections))]
        shown = tuple(sections)
        value, below = _value(loaded, key)
        text = f"{'  ' * len(sections)}{name}: {value}".rstrip()
        lines.append(f"{text:<{WIDEST}}  # {loaded.origins[key]}")
        lines += ["  " * (len(sections) + 1) + line for line in below]
    if loaded.warnings:
        lines += ["", *(f"# warning: {warning}" for warning in loaded.warnings)]
    return "\n".join(lines) + "\n"


def lookup(settings: BaseModel, key: str) -> object:
    """The value of a dotted key."""
    value: object = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def spell_value(value: object, *, seconds: bool = False) -> str:
    """A value as it is written in YAML; a secret as its mask."""
    if value is None:
        return "null"
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_duration(value) if seconds else f"{value:g}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(spell_value(item) for item in value)}]"
    if isinstance(value, str | Path | IPv4Network | IPv6Network):
        return _quoted(str(value))
    return str(value)


def _value(loaded: Loaded, key: str) -> tuple[str, list[str]]:
    """What stands behind the key, and what stands below it."""
    value = lookup(loaded.settings, key)
    if key == RECORDS:
        return "", [f"- {_record(record)}" for record in loaded.settings.dns.records]
    kind = next(kind_of(field) for name, field in leaves() if name == key)
    return spell_value(value, seconds=kind is not None and kind.words.startswith("duration")), []


def _record(record: RecordSettings) -> str:
    return "{" + ", ".join(_pairs(record)) + "}"


def _pairs(record: RecordSettings) -> Iterator[str]:
    for name in type(record).model_fields:
        value = getattr(record, name)
        if value is not None:
            yield f"{name}: {spell_value(value)}"


def _quoted(text: str) -> str:
    """In quotes where YAML would read something else without them."""
    safe = (
        text
        and not set(text) & _SPECIAL
        and text[0].isalpha()
        and text.lower() not in ("true", "false", "yes", "no", "on", "off", "null")
    )
    safe = safe or (text.startswith(("/", "~/")) and not set(text) & _SPECIAL)
    return text if safe else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
