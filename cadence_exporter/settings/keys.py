"""Every key of the schema: its dotted name, its field, its variable in the environment."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cadence_exporter.settings.kinds import Kind
from cadence_exporter.settings.schema import Settings

PREFIX = "CADENCE_"
CONFIG_VARIABLE = "CADENCE_CONFIG"
RECORDS = "dns.records"
FILE_TWIN = "_file"


def leaves(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Each setting that holds a value, in the order of the schema: (dotted key, field)."""
    for name, field in model.model_fields.items():
        section = section_of(field)
        if section is None:
            yield prefix + name, field
        else:
            yield from leaves(section, f"{prefix}{name}.")


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field is, or ``None`` when it holds a value."""
    annotation = field.annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def kind_of(field: FieldInfo) -> Kind | None:
    """What a field holds; ``None`` for ``dns.records``, which holds sections."""
    return next((item for item in field.metadata if isinstance(item, Kind)), None)


def variable_of(key: str) -> str:
    """The variable of a dotted key: ``loop.interval`` is ``CADENCE_LOOP__INTERVAL``."""
    return PREFIX + key.replace(".", "__").upper()


def secret_keys() -> tuple[str, ...]:
    """Settings that are secret and have a ``_file`` twin."""
    return tuple(key for key, field in leaves() if (kind := kind_of(field)) is not None and kind.secret)


def path_keys() -> tuple[str, ...]:
    """Settings that name a file or a directory."""
    return tuple(key for key, field in leaves() if (kind := kind_of(field)) is not None and kind.words == "path")
