"""Secrets in every setting that holds one, and none of them anywhere: the real process at level debug, with everything outside failing."""

import base64
import http.client
import io
import json
import signal
from contextlib import redirect_stderr, redirect_stdout
from urllib.parse import urlsplit

import pytest
import yaml

from cadence_exporter.cli import main
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.home import Home
from tests.blackbox import canaries
from tests.blackbox.canaries import as_variables, merged, nested, planted, secret_settings, word_of
from tests.blackbox.instance import QUICK, Instance, wait_for
from tests.fakes.google import LOST, SPREADSHEET, FakeGoogle, serving

USER = "router"
MOVED = "81.2.69.142"


class Outside:
    """One port for all services and devices: it repeats whatever it was told, in the head and the body of an answer that is none."""

    def __init__(self, status):
        self.google = FakeGoogle(SystemClock())
        self.status = status
        """Of each answer; ``None``: it answers as it should."""
        self.asked = []
        self.told = []

    def answer(self, method, path, headers, body):
        self.asked.append(path)
        if self.status is not None:
            words = f"{method} {path} {headers} {body.decode('latin-1')}"
            echo = words.replace("\r", " ").replace("\n", " ")[:3000]
            return self.status, {"X-Echo": echo, "WWW-Authenticate": f'Basic realm="{path}"'}, words.encode()
        if path.startswith("/state_url"):
            return 200, {}, b"ON"
        if path.startswith("/urls"):
            self.told.append(body.decode())
            return 200, {}, b"{}"
        if path.startswith(("/v4", "/token")):
            return self.google.handle(method, path, headers, body)
        return 200, {}, b"OK"


@pytest.fixture
def home():
    with Home(longest_ttl_s=0.2, negative_ttl_s=0.2) as home:
        yield home


def settings(home, folder, url, device):
    """Everything that needs a secret switched on, without the secrets."""
    parts = urlsplit(url)
    made = home.as_settings(folder / "state")
    there = {"host": parts.hostname, "port": parts.port, "username": "somebody"}
    return merged(made, {
        "loop": QUICK,
        "log": {"format": "json", "level": "debug"},
        "dns": {"records": [*made["dns"]["records"], {"name": "nas.home.example", "type": "A", "provider": "rfc2136"}]},
        "nic_update": {"username": USER},
        "providers": {
            "cloudflare": {"base_url": url},
            "rfc2136": {"server": parts.hostname, "port": parts.port, "zone": "home.example", "tsig_name": "cadence."},
        },
        "recovery": {"device": {**there, **device}},
        "sheets": {"enabled": True, "spreadsheet": SPREADSHEET, "base_url": url},
        "notify": {"quiet_period": "0s"},
    })  # fmt: skip


DEVICES = {
    "webhook": {"type": "webhook", "webhook": {"returns_by_itself": True}},
    "home_assistant": {"type": "home_assistant", "entity": "switch.modem", "script": "script.bounce"},
    "shelly": {"type": "shelly"},
    "tasmota": {"type": "tasmota"},
    "kasa": {"type": "kasa"},
    "mqtt": {"type": "mqtt", "mqtt": {"topic": "modem"}},
}


def kasa_program(folder):
    """A ``kasa`` that says all that it knows, and fails."""
    program = folder / "kasa"
    program.write_text("#!/bin/sh\nenv >&2\nenv\nsleep 0.2\nexit 1\n")
    program.chmod(0o755)


def ask(instance, method, path, password):
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=30)
    pair = base64.b64encode(f"{USER}:{password}".encode()).decode()
    try:
        connection.request(method, path, headers={"Authorization": f"Basic {pair}"})
        return connection.getresponse().read().decode("latin-1")
    finally:
        connection.close()


def test_every_setting_that_holds_a_secret_has_one_planted():
    assert set(planted(FakeGoogle(SystemClock()), "http://127.0.0.1:1")) == secret_settings()


@pytest.mark.parametrize(
    ("device", "status", "by"),
    [
        ("webhook", None, "file"),
        ("webhook", 500, "file"),
        ("home_assistant", 401, "environment"),
        pytest.param("kasa", 302, "file", marks=pytest.mark.soak),
        pytest.param("shelly", 401, "file", marks=pytest.mark.soak),
        pytest.param("tasmota", 200, "environment", marks=pytest.mark.soak),
        pytest.param("mqtt", LOST, "file", marks=pytest.mark.soak),
        pytest.param("shelly", LOST, "environment", marks=pytest.mark.soak),
        pytest.param("kasa", 403, "environment", marks=pytest.mark.soak),
    ],
)
def test_no_secret_is_anywhere_whatever_fails(home, tmp_path, monkeypatch, device, status, by):
    outside = Outside(status)
    kasa_program(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with serving(outside.answer) as url:
        secrets = planted(outside.google, url)
        made = settings(home, tmp_path, url, DEVICES[device])
        given = merged(made, nested(secrets)) if by == "file" else made
        environ = as_variables(secrets) if by == "environment" else {}
        looked_for = canaries.needles(outside.google, secret_settings())
        with Instance(tmp_path, given, environ=environ) as instance, canaries.Children(instance) as children:
            instance.wait_until_up()
            said = {"answer to a bounce": instance.get("/-/bounce", "POST")[1]}
            password = word_of("nic_update.password")
            said["answer to a router"] = ask(instance, "GET", f"/nic/update?hostname=x&myip={password}", password)
            said["answer to a guess"] = ask(instance, "GET", "/nic/update?hostname=x", f"{password}x")
            home.change_address(MOVED)
            wait_for(lambda: (instance.metric('cadence_sink_backlog{sink="notify"}') or 0) >= 1 or outside.told, "news")
            if status not in (None, LOST):
                for sink in ("sheets",) if status == 200 else ("sheets", "notify", "heartbeat"):
                    sample = f'cadence_sink_up{{sink="{sink}"}}'
                    wait_for(
                        lambda sample=sample: instance.metric(sample) == 0,
                        lambda sink=sink: f"{sink} fails: {outside.asked}",
                    )
            wait_for(lambda: {"sign", "say"} <= modules(children), lambda: f"the children: {children.seen.values()}")
            instance.process.send_signal(signal.SIGHUP)
            instance.wait_for_cycles(3)
            shown = {**canaries.shown_by(instance, tmp_path / "state"), **said}
            if status is None:
                wait_for(lambda: outside.told, "a message")
                shown["messages"] = "".join(outside.told)
                shown["sheet"] = json.dumps([grid.lines() for grid in outside.google.tabs.values()])
                assert "pretend-home" in shown["sheet"]
            asked = " ".join(outside.asked)  # the secrets were in use
            assert all(place in asked for place in ("/token", "/zones", "/url/hunter2")), asked
            assert ("/state_url/hunter2" in asked) is (device == "webhook")
            instance.stop()
            shown["log"] = instance.output
    assert canaries.found_in(shown, looked_for) == set()
    assert '"DEBUG"' in shown["log"] or "READING" in shown["log"]
    own = {"kasa": {"recovery.device.password"}}  # the program's documented way in, for its own user's eyes only
    for process in children.seen.values():
        allowed = own["kasa"] if "kasa" in process.split("\0")[:3] or "/kasa\0" in process else set()
        assert {key for key, _ in canaries.found_in({"child": process}, looked_for)} <= allowed, process[:200]


def modules(children):
    """Which of our modules were seen to run as a child."""
    return {
        part.rpartition(".")[2]
        for shown in children.seen.values()
        for part in shown.split("\0")
        if "cadence_exporter." in part
    }


@pytest.mark.parametrize("spoil", [
    lambda word: f"{word} with a space and\x07a bell",
    lambda word: [[word]],
    lambda word: {word: word},
    lambda word: f"http://{word}@{word}:99999/{word}",
    lambda word: f'{{"client_email": "{word}", "private_key": "{word}", "token_uri": "http://{word}"}}',
    lambda word: int.from_bytes(word.encode()[7:14]),
], ids=["text", "list", "mapping", "url", "json", "number"])  # fmt: skip
def test_secrets_that_are_none_are_refused_without_being_repeated(tmp_path, spoil):
    values = {key: spoil(word_of(key)) for key in secret_settings()}
    given = merged({"state_dir": str(tmp_path), "nic_update": {"username": USER}}, nested(values))
    (tmp_path / "cadence.yaml").write_text(yaml.safe_dump(given))
    said = said_of(tmp_path)
    words = {str(value) if isinstance(value, int) else word_of(key): key for key, value in values.items()}
    assert [key for word, key in words.items() if word in said] == []
    assert [key for key in ("heartbeat.url", "sheets.credentials", "notify.urls") if key not in said] == []


@pytest.mark.parametrize(
    "line", ["'WORD", "[WORD", "WORD: x", "&WORD *WORD", "!WORD x", "\tWORD", "{WORD", "|WORD", "WORD\n WORD: x"]
)
def test_a_file_that_is_no_yaml_is_refused_without_the_secret_at_that_place(tmp_path, line):
    word = word_of("providers.cloudflare.api_token")
    text = f"providers:\n  cloudflare:\n    api_token: {line.replace('WORD', word)}\n"
    (tmp_path / "cadence.yaml").write_text(text)
    assert word not in said_of(tmp_path)


def said_of(folder):
    """What ``check-config`` says of a file that it refuses."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        assert main(["check-config", "--config", str(folder / "cadence.yaml")]) == 2
    return out.getvalue()
