import json
from collections.abc import Callable
from pathlib import Path

import yaml

from cadence_exporter.settings.explain import MASK, render
from cadence_exporter.settings.keys import leaves, secret_keys, variable_of
from cadence_exporter.settings.load import Loaded, load

Read = Callable[..., Loaded]
CANARY = "c2VjcmV0Y2FuYXJ5"
"""Good as a token, a base64 key, a password and part of a URL."""


def everything_secret() -> dict[str, str]:
    values = {
        "heartbeat.url": f"https://hc.example.com/{CANARY}",
        **{f"recovery.device.webhook.{kind}_url": f"http://plug.lan/{CANARY}" for kind in ("off", "on", "state")},
        "notify.urls": f"json://u:{CANARY}@x.example,tgram://{CANARY}",
        "sheets.credentials": json.dumps(
            {"client_email": CANARY, "private_key": f"-----BEGIN PRIVATE KEY-----{CANARY}"}
        ),
    }
    return {variable_of(key): values.get(key, CANARY) for key in secret_keys()} | {
        "CADENCE_PROVIDERS__RFC2136__TSIG_NAME": "key",
        "CADENCE_NIC_UPDATE__USERNAME": "router",
    }


def test_no_secret_is_ever_shown(read: Read) -> None:
    loaded = read(**everything_secret())
    page = render(loaded)
    assert len(secret_keys()) >= 6
    assert page.count(MASK) == len(secret_keys()) + 1
    for text in (page, repr(loaded), str(loaded.settings), "".join(loaded.warnings), loaded.settings.model_dump_json()):
        assert CANARY not in text


def test_a_secret_that_is_not_set_is_shown_as_such(read: Read) -> None:
    assert "api_token: null" in render(read())


def test_every_setting_is_shown_with_its_origin(read: Read) -> None:
    page = render(read("loop:\n  interval: 90s\n", "CADENCE_SITE=cabin\n", CADENCE_LOG__LEVEL="debug"))
    lines = [line.split() for line in page.splitlines()]
    assert ["interval:", "90s", "#", "cadence.yaml:2"] in lines
    assert ["site:", "cabin", "#", ".env:1"] in lines
    assert ["level:", "debug", "#", "environment", "CADENCE_LOG__LEVEL"] in lines
    assert sum(" # " in line for line in page.splitlines() if not line.startswith("#")) == len(list(leaves()))


def test_warnings_stand_at_the_end(read: Read) -> None:
    page = render(read("public_ip: {quorum: 1}\n"))
    assert page.splitlines()[-1].startswith("# warning: public_ip.quorum: is 1")


def test_what_is_shown_can_be_loaded_again_and_means_the_same(read: Read, tmp_path: Path) -> None:
    loaded = read(
        "site: 'yes: [no] # \"quoted\"'\nlisten: '[::]:1'\nloop: {interval: 90.5s, jitter: 250ms}\nstate_dir: '/x y/#z'\n"
        "dns: {records: [{name: '*.example.com', provider: rfc2136, ttl: 60}]}\nproviders: {rfc2136: {server: '::1', zone: example.com}}\n"
    )
    shown = tmp_path / "shown.yaml"
    shown.write_text(render(loaded))
    assert yaml.safe_load(shown.read_text())["loop"]["jitter"] == "250ms"
    assert load(shown, {}, tmp_path).settings == loaded.settings


def test_the_head_names_each_file_that_was_read(read: Read) -> None:
    assert render(read()).startswith("# settings files: none, built-in defaults\n")
    assert render(read(dotenv="LOG_LEVEL=info\n")).startswith("# settings files: .env\n")
    assert render(read(yaml="site: home\n")).startswith("# settings files: cadence.yaml, .env\n")
