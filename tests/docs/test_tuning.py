"""docs/TUNING.md has every setting, and the defaults of the code."""

import re
from pathlib import Path

import pytest

from cadence_exporter.settings.explain import spell_value
from cadence_exporter.settings.keys import kind_of, leaves
from cadence_exporter.settings.sections import RecordSettings

PAGE = (Path(__file__).parents[2] / "docs" / "TUNING.md").read_text(encoding="utf-8")
FIELDS = {**dict(leaves()), **RecordSettings.model_fields}


def rows(page: str) -> dict[str, str]:
    """Key -> what stands in the column of defaults. A row may be about several keys."""
    found: dict[str, str] = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) > 2:
            found |= dict.fromkeys(re.findall(r"`([a-z0-9_.]+)`", cells[0]), cells[1])
    return found


def wrong_defaults(page: str) -> list[str]:
    wrong = []
    for key, written in rows(page).items():
        field = FIELDS.get(key)
        kind = kind_of(field) if field is not None else None
        if field is None or kind is None or field.is_required() or not written:
            continue
        default = spell_value(field.default, seconds=kind.words.startswith("duration")).strip('"')
        if written != f"`{default}`":
            wrong.append(f"{key}: {written}, not `{default}`")
    return wrong


def test_every_setting_has_its_row() -> None:
    assert set(FIELDS) - set(rows(PAGE)) == set()


def test_the_page_knows_no_others() -> None:
    assert set(rows(PAGE)) - set(FIELDS) == set()


def test_the_defaults_are_those_of_the_code() -> None:
    assert wrong_defaults(PAGE) == []


@pytest.mark.parametrize("key", ["loop.interval", "public_ip.echo", "dns.max_changes_per_day", "notify.quiet_period"])
def test_a_wrong_default_would_be_found(key: str) -> None:
    changed = re.sub(rf"^(\| `{key}` \| )`[^|]*`", r"\1`7`", PAGE, flags=re.MULTILINE)
    assert changed != PAGE
    assert [each.partition(":")[0] for each in wrong_defaults(changed)] == [key]
