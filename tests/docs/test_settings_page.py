from pathlib import Path

from cadence_exporter.settings.environment import Variable
from cadence_exporter.settings.keys import RECORDS, kind_of, leaves, variable_of
from cadence_exporter.settings.load import load
from cadence_exporter.settings.schema import Settings
from cadence_exporter.settings.sections import RecordSettings
from cadence_exporter.settings.seed import NAMES, RECORD_ID, RECORD_NAME, TIME_ZONE
from tests.docs.settings_page import settings_page

ROOT = Path(__file__).parents[2]


def test_the_page_is_fresh() -> None:
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == settings_page(), "run: make docs"


def test_every_key_is_documented() -> None:
    page = settings_page()
    fields = [*leaves(), *((name, field) for name, field in RecordSettings.model_fields.items())]
    for key, field in fields:
        assert field.description, key
        assert key == RECORDS or kind_of(field) is not None, key
        assert f"| `{key}` |" in page
    for key, _ in leaves():
        assert f"`{variable_of(key)}`" in page
    for name in (*NAMES, RECORD_NAME, RECORD_ID, TIME_ZONE):
        assert f"`{name}`" in page


def test_the_example_file_loads_and_means_the_defaults(tmp_path: Path) -> None:
    loaded = load(ROOT / "cadence.example.yaml", {"HOME": "/x"}, tmp_path)
    assert loaded.warnings == ()
    assert loaded.settings == load(None, {"HOME": "/x"}, tmp_path).settings


SINK_SECRETS = {
    "key.json": '{"client_email": "a@b.example", "private_key": "-----BEGIN PRIVATE KEY-----"}',
    "apprise_urls": "ntfy://topic\njson://host",
    "heartbeat_url": "https://hc.example.com/uuid",
}


def test_the_example_file_loads_with_everything_uncommented(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("YWJj")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "web.yml").write_text("")
    for name, content in SINK_SECRETS.items():
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
    lines = (ROOT / "cadence.example.yaml").read_text().splitlines()[5:]
    text = "\n".join(line.replace("# ", "", 1) if line.lstrip().startswith("# ") else line for line in lines)
    text = text.replace("/run/secrets/cloudflare_token", "secret").replace("/run/secrets/tsig_key", "secret")
    text = text.replace("/etc/cadence-exporter/key.json", "key.json").replace("/run/secrets/", "")
    (tmp_path / "cadence.yaml").write_text(text)
    loaded = load(None, {}, tmp_path)
    assert loaded.warnings == ()
    assert {record.provider for record in loaded.settings.dns.records} == {"file", "cloudflare", "rfc2136"}


def test_the_example_variables_load_as_they_are_and_filled_in(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text()
    (tmp_path / ".env").touch(mode=0o600)
    (tmp_path / ".env").write_text(text)
    assert load(None, {}, tmp_path).warnings == ()
    filled = (
        text.replace("DNS_NAME=", "DNS_NAME=vpn.example.com")
        .replace("API_TOKEN=", "API_TOKEN=abc")
        .replace("# CADENCE", "CADENCE")
    )
    (tmp_path / ".env").write_text(filled)
    loaded = load(None, {}, tmp_path)
    assert loaded.warnings == ()
    assert loaded.settings.dns.records[0].provider == "cloudflare"


def test_no_page_shows_a_secret_or_a_class_name() -> None:
    page = settings_page()
    assert "SecretStr" not in page
    assert Settings.__name__ + "(" not in page
    assert Variable.__name__ + "(" not in page
