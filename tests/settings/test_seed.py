import json
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from cadence_exporter.model.address import RecordType
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.settings.load import Loaded

Read = Callable[..., Loaded]
ZONE = "0123456789abcdef0123456789ABCDEF"


def test_the_short_variables_are_the_whole_set_up_of_one_record(read: Read) -> None:
    loaded = read(
        dotenv="CLOUDFLARE_DNS_NAME=vpn.example.com\nCLOUDFLARE_API_TOKEN=abc\nCLOUDFLARE_DNS_RECORD_ID=372e67954025e0ba6aaa6d586b9e0b59\n"
        f"CLOUDFLARE_ZONE_ID={ZONE}\nCLOUDFLARE_API_BASE_URL=http://127.0.0.1:1/v4\nCYCLE_INTERVAL=90\nROUTER_IP=192.168.0.1\nLOG_LEVEL=DEBUG\n"
    )
    settings = loaded.settings
    key = RecordKey("vpn.example.com", RecordType.A)
    assert settings.record_specs() == (RecordSpec(key, "cloudflare", id="372e67954025e0ba6aaa6d586b9e0b59"),)
    cloudflare = settings.providers.cloudflare
    assert (cloudflare.api_token, cloudflare.zone_id, cloudflare.base_url) == (
        SecretStr("abc"),
        ZONE.lower(),
        "http://127.0.0.1:1/v4",
    )
    assert (settings.loop.interval, settings.router.address, settings.log.level) == (90.0, "192.168.0.1", "debug")
    assert loaded.warnings == ()
    assert loaded.origins["dns.records"] == ".env:1"


def test_an_interval_may_also_have_a_unit(read: Read) -> None:
    assert read(CYCLE_INTERVAL="2m").settings.loop.interval == 120.0


def test_an_empty_variable_counts_as_not_set(read: Read) -> None:
    loaded = read(
        CLOUDFLARE_DNS_NAME="", CLOUDFLARE_API_TOKEN=" ", CYCLE_INTERVAL="", CADENCE_SITE="", CADENCE_NONSENSE=""
    )
    assert set(loaded.origins.values()) == {"default"}


def test_the_process_wins_over_dotenv_even_between_short_variables(read: Read) -> None:
    assert read(dotenv="ROUTER_IP=192.168.0.1\n", ROUTER_IP="192.168.0.2").settings.router.address == "192.168.0.2"


def test_records_set_elsewhere_win_over_the_short_name_with_a_warning(read: Read) -> None:
    loaded = read(
        "dns: {records: [{name: b.home.arpa, provider: file}]}\n",
        CLOUDFLARE_DNS_NAME="vpn.example.com",
        CLOUDFLARE_API_TOKEN="abc",
    )
    assert [spec.key.name for spec in loaded.settings.record_specs()] == ["b.home.arpa"]
    assert loaded.warnings[0] == "CLOUDFLARE_DNS_NAME: is not used, because dns.records is set (cadence.yaml:1)"
    assert "no record has provider cloudflare" in loaded.warnings[1]
    assert read(CLOUDFLARE_DNS_RECORD_ID="abc").warnings == (
        "CLOUDFLARE_DNS_RECORD_ID: is not used without CLOUDFLARE_DNS_NAME",
    )


def test_what_is_not_built_yet_warns_when_it_is_switched_on(read: Read) -> None:
    loaded = read(
        "ups: {server: 192.168.0.5}\nvpn: {wireguard: wg0}\n",
        PLUG_IP="192.168.0.150",
        ALLOW_PHYSICAL_RECOVERY="true",
    )
    assert loaded.settings.recovery.device.host == "192.168.0.150"
    assert [warning.partition(":")[0] for warning in loaded.warnings] == ["vpn.wireguard"]


ACCOUNT = json.dumps({"client_email": "a@b.example", "private_key": "-----BEGIN PRIVATE KEY-----\n"})


def test_two_variables_switch_the_sheet_on_with_the_key_in_a_file(read: Read, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(ACCOUNT)
    (tmp_path / "key.json").chmod(0o600)
    loaded = read(GOOGLE_SHEET_NAME="home", GOOGLE_WORKSHEET="status", GOOGLE_SHEETS_CREDENTIALS="key.json")
    sheets = loaded.settings.sheets
    assert sheets.enabled
    assert (sheets.spreadsheet, sheets.worksheet) == ("home", "status")
    assert sheets.credentials is not None
    assert sheets.credentials.get_secret_value() == ACCOUNT
    assert loaded.warnings == ()


def test_the_variable_may_hold_the_key_itself(read: Read) -> None:
    sheets = read(GOOGLE_SHEET_NAME="home", GOOGLE_SHEETS_CREDENTIALS=ACCOUNT).settings.sheets
    assert sheets.enabled
    assert sheets.credentials is not None
    assert sheets.credentials.get_secret_value() == ACCOUNT


def test_the_token_may_lie_in_a_file_as_docker_secrets_do(read: Read, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    (tmp_path / "token").chmod(0o600)
    loaded = read(CLOUDFLARE_DNS_NAME="vpn.example.com", CLOUDFLARE_API_TOKEN_FILE=str(tmp_path / "token"))
    token = loaded.settings.providers.cloudflare.api_token
    assert token is not None
    assert token.get_secret_value() == "from-a-file"
