"""Every case in tests/bad_config: NAME.yaml, NAME.environ, NAME.dotenv against the messages in NAME.expected, to the letter.

After a change of wording: CADENCE_WRITE_GOLDENS=1 pytest tests/settings/test_bad_config.py, then read the difference.
"""

import os
from pathlib import Path

import pytest

from cadence_exporter.errors import SettingsError
from cadence_exporter.settings.load import LARGEST_FILE, load

CASES = Path(__file__).parent.parent / "bad_config"
NAMES = sorted(path.stem for path in CASES.glob("*.expected"))
CANARY = "hunter2"


def messages_of(case: str, home: Path) -> str:
    yaml, environ, dotenv = (CASES / f"{case}.{kind}" for kind in ("yaml", "environ", "dotenv"))
    if yaml.exists():
        (home / "cadence.yaml").write_bytes(yaml.read_bytes())
    if dotenv.exists():
        (home / ".env").write_bytes(dotenv.read_bytes())
    if case == "too_large":
        (home / "cadence.yaml").write_text("#" * (LARGEST_FILE + 1))
    (home / "token").write_text("hunter2")
    (home / "token").chmod(0o600)
    variables = dict(line.split("=", 1) for line in environ.read_text().splitlines()) if environ.exists() else {}
    with pytest.raises(SettingsError) as caught:
        load(None, {"HOME": str(home), **variables}, home)
    return str(caught.value).replace(str(home), "DIR") + "\n"


@pytest.mark.parametrize("case", NAMES)
def test_a_bad_file_gives_exactly_these_messages(case: str, tmp_path: Path) -> None:
    expected = CASES / f"{case}.expected"
    messages = messages_of(case, tmp_path)
    if os.environ.get("CADENCE_WRITE_GOLDENS"):
        expected.write_text(messages)
    assert messages == expected.read_text()


@pytest.mark.parametrize("case", NAMES)
def test_no_message_repeats_a_secret(case: str) -> None:
    assert CANARY not in (CASES / f"{case}.expected").read_text()


def test_there_are_many_cases_and_each_is_complete() -> None:
    assert len(NAMES) >= 40
    inputs = {path.stem for path in CASES.iterdir() if path.suffix in {".yaml", ".environ", ".dotenv"}} | {"too_large"}
    assert inputs == set(NAMES)
