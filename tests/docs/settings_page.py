"""docs/settings.md, drawn from the schema."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cadence_exporter.settings.explain import spell_value
from cadence_exporter.settings.keys import RECORDS, kind_of, section_of, variable_of
from cadence_exporter.settings.schema import Settings
from cadence_exporter.settings.sections import RecordSettings
from cadence_exporter.settings.seed import NAMES

HEAD = """\
# Settings

Generated from the code by `make docs`. Nothing has to be set: with no settings at all Cadence finds the gateway, watches the
connection and keeps one record in a local hosts file.

Layers, later wins: defaults, the YAML file, the short variables, the `CADENCE_` variables (of the process, then of `./.env`, where the
process wins), secret files. The file is the one named by `--config`, else `$CADENCE_CONFIG`, `./cadence.yaml`,
`/etc/cadence-exporter/cadence.yaml`. `cadence-exporter check-config` prints every value with its origin, or every mistake with its place.

- Durations are written `500ms`, `30s`, `5m`, `1h`, `1d`, or as a sum such as `1h30m`; a number without a unit is refused.
- Lists in variables are written with commas or as JSON: `CADENCE_WAN__TARGETS=tls://1.1.1.1:443,tls://9.9.9.9:443`. Records are JSON or
  YAML: `CADENCE_DNS__RECORDS=[{name: vpn.example.com, provider: cloudflare}]`.
- A relative path in the YAML file is relative to that file, one in a variable to the working directory.
- An empty variable counts as not set. Dollar signs in `.env` mean nothing special.
- Each secret has a twin ending in `_file`; exactly one of the two may be set. The file should be readable by its owner only.
- `http://` URLs and private addresses are accepted for this machine only (loopback); everything else is `https://`.
"""

SHORT = """\
## Short variables

For a home with one record. `CADENCE_` variables win over them, they win over the YAML file.

| variable | sets |
| --- | --- |
"""


def settings_page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_sections("", Settings), SHORT + "\n".join(_short()), ""])


def _sections(prefix: str, model: type[BaseModel]) -> Iterator[str]:
    rows = [_row(prefix + name, field) for name, field in model.model_fields.items() if section_of(field) is None]
    if rows:
        yield _table(f"`{prefix.rstrip('.')}`" if prefix else "At the top", model, rows)
    for name, field in model.model_fields.items():
        section = section_of(field)
        if section is not None:
            yield from _sections(f"{prefix}{name}.", section)
        elif prefix + name == RECORDS:
            records = [_row(name, field, variable=False) for name, field in RecordSettings.model_fields.items()]
            yield _table("Each entry of `dns.records`", RecordSettings, records, variable=False)


def _table(title: str, model: type[BaseModel], rows: list[str], *, variable: bool = True) -> str:
    head = "| key | holds | default | meaning |" + (" variable |" if variable else "")
    return "\n".join(
        [f"## {title}", "", (model.__doc__ or "").strip(), "", head, "| --- " * (head.count("|") - 1) + "|", *rows, ""]
    )


def _row(key: str, field: FieldInfo, *, variable: bool = True) -> str:
    kind = kind_of(field)
    holds = kind.words if kind else "list of records"
    if key == RECORDS:
        default = "one record, `vpn.home.arpa`, in a hosts file"
    elif field.is_required():
        default = "must be given"
    elif field.default is None or key == "state_dir":
        default = ""
    else:
        written = spell_value(field.default, seconds=holds.startswith("duration")).strip('"')
        default = f"`{written}`"
    cells = [f"`{key}`", holds, default, field.description or ""] + ([f"`{variable_of(key)}`"] if variable else [])
    return f"| {' | '.join(cells)} |"


def _short() -> Iterator[str]:
    yield "| `CLOUDFLARE_DNS_NAME` | `dns.records`: one A record at Cloudflare, unless `dns.records` is set elsewhere |"
    yield "| `CLOUDFLARE_DNS_RECORD_ID` | the `id` of that record |"
    for name, key in NAMES.items():
        note = " (a bare number means seconds)" if name == "CYCLE_INTERVAL" else ""
        yield f"| `{name}` | `{key}`{note} |"
    yield "| `TZ` | the time zone of log lines, as everywhere |"
