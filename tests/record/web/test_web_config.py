"""The web-config file: what is accepted, what is refused and with which words, and what a change of it does."""

import base64
import os
import shutil
import subprocess

import bcrypt
import pytest

from cadence_exporter.errors import SettingsError
from cadence_exporter.record.web import passwords as passwords_module
from cadence_exporter.record.web.live_config import LiveWebConfig
from cadence_exporter.record.web.passwords import Passwords, Verdict
from cadence_exporter.record.web.web_config import BCRYPT_COSTS, CIPHER_SUITES, CURVES, load
from tests.record.web.conftest import HASH, RIGHT

WHOLE = f"""\
tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [{", ".join(CIPHER_SUITES)}]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519]
http_server_config:
  http2: true
  headers:
    Content-Security-Policy: "default-src 'self'"
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: "1"
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prom: {HASH}
  other: {HASH.replace("$2b$", "$2y$")}
"""
TLS = "tls_server_config: {cert_file: c, key_file: k, "


def write(tmp_path, text):
    file = tmp_path / "web.yml"
    file.write_text(text)
    return file


def promtool_accepts(file):
    """promtool also wants the certificates to be there."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    return subprocess.run(["promtool", "check", "web-config", file], capture_output=True, check=False).returncode == 0


def test_every_documented_key_that_we_honour(tmp_path):
    config = load(write(tmp_path, WHOLE))
    assert config.tls.cert_file == tmp_path / "cert.pem"
    assert config.tls.client_ca_file == tmp_path / "ca.pem"
    assert config.tls.curve == "X25519"
    assert not config.tls.prefer_server_cipher_suites
    assert set(config.users) == {"prom", "other"}
    assert dict(config.headers)["X-Frame-Options"] == "deny"
    assert HASH not in repr(config)


@pytest.mark.parametrize(
    "text", ["", "{}", "# nothing\n", "tls_server_config:\n", "basic_auth_users: {}", "http_server_config: {}"]
)
def test_an_empty_file_is_plain_http_for_everybody(tmp_path, text):
    config = load(write(tmp_path, text))
    assert config.tls is None
    assert not config.users


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("tls_server: {}", "1:1", "tls_server: unknown key"),
        ("\n\nrate_limit: {burst: 2}", "3:1", "rate_limit: not offered"),
        ("tls_server_config: {cert: abc}", "1:21", "name it as cert_file"),
        ("tls_server_config: {cert_file: a}", "1:20", "key_file: is missing"),
        (TLS + "client_auth_type: RequireAnyClientCert}", "1:66", "write NoClientCert or"),
        (TLS + "client_auth_type: RequireAndVerifyClientCert}", "1:20", "client_ca_file: is missing"),
        (TLS + "client_ca_file: x}", "1:20", "of no use without"),
        (TLS + "min_version: TLS10}", "1:61", "write TLS12 or TLS13"),
        (TLS + "min_version: TLS13, max_version: TLS12}", "1:20", "is above max_version"),
        (TLS + "cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}", "1:64", "unknown; known are TLS_ECDHE"),
        (TLS + "cipher_suites: all}", "1:63", "must be a list"),
        (TLS + "curve_preferences: [X25519, CurveP256]}", "1:67", "can name one curve here"),
        ("http_server_config: {http2: perhaps}", "1:29", "write true or false"),
        ("http_server_config: {headers: {Server: me}}", "1:32", "headers.Server: unknown key"),
        ("http_server_config: {headers: {X-Frame-Options: allow}}", "1:49", "write deny or sameorigin"),
        ('http_server_config: {headers: {X-XSS-Protection: "1\\r\\nSet-Cookie: a"}}', "1:50", "one line of printable"),
        ("basic_auth_users: {prom: secret}", "1:26", "not a bcrypt hash; make one with"),
        ("basic_auth_users: {prom: [a]}", "1:26", "single value"),
        ("basic_auth_users: [prom]", "1:19", "must be a mapping"),
        (f"basic_auth_users:\n  'a:b': {HASH}", "2:10", "no colon"),
        (f"basic_auth_users:\n  prom: {HASH.replace('$04$', '$31$')}", "2:9", "cost 31: write one of 4 to 14"),
        (f"basic_auth_users:\n  prom: {HASH}\n  prom: {HASH}", "3:3", "stands here twice"),
        ("- a", "1:1", "must be a mapping"),
        ("a: [b", "1:6", "is not YAML"),
        ("a: b: c", "1:5", "is not YAML"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path, text, where, words):
    file = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    message = str(caught.value)
    assert f"{file}:{where}: " in message
    assert words in message
    assert "secret" not in message


def test_all_mistakes_are_told_at_once(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, "a: 1\nb: 2\nbasic_auth_users: {x: y}"))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("escape", ["\\U00110000", "\\Uffffffff"])
def test_an_escape_beyond_unicode_is_a_mistake_like_others(tmp_path, escape):
    with pytest.raises(SettingsError, match="a character that must not be there"):
        load(write(tmp_path, f'basic_auth_users: {{"{escape}": x}}'))


def test_a_secret_on_a_broken_line_is_not_quoted(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, "basic_auth_users:\n  prom: 'hunter2\n"))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("make", [lambda f: None, lambda f: f.mkdir(), lambda f: f.write_bytes(b"\xff\xfe"),
                                  lambda f: f.write_text("#" * 300_000), lambda f: f.write_text("[" * 5000)])  # fmt: skip
def test_unreadable_files(tmp_path, make):
    file = tmp_path / "web.yml"
    make(file)
    with pytest.raises(SettingsError, match=r"web\.yml"):
        load(file)


@pytest.mark.real_server
@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "",
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem}",
        *(
            f"tls_server_config: {{cert_file: cert.pem, key_file: key.pem, curve_preferences: [{curve}]}}"
            for curve in CURVES
        ),
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_ca_file: ca.pem, client_auth_type: VerifyClientCertIfGiven}",
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS13}",
        "http_server_config: {headers: {Content-Security-Policy: '', X-XSS-Protection: ''}}",
        "basic_auth_users: {}",
    ],
)
def test_promtool_accepts_what_we_accept(certificate, text):
    file = write(certificate, text)
    load(file)
    LiveWebConfig(file, lambda _: None)
    assert promtool_accepts(file)


def test_a_bad_change_keeps_what_worked_and_is_told_once(tmp_path):
    file = write(tmp_path, f"basic_auth_users: {{prom: {HASH}}}")
    told = []
    live = LiveWebConfig(file, told.append)
    file.write_text("basic_auth_users: {prom: plain}")
    for _ in range(3):
        assert set(live.fresh().config.users) == {"prom"}
    assert len(told) == 1
    file.unlink()
    assert set(live.fresh().config.users) == {"prom"}
    assert len(told) == 2
    file.write_text(f"basic_auth_users: {{other: {HASH}}}")
    assert set(live.fresh().config.users) == {"other"}
    assert len(told) == 2


def test_a_replaced_file_of_equal_size_and_time_is_noticed(tmp_path):
    file = write(tmp_path, f"basic_auth_users: {{aaaa: {HASH}}}")
    live = LiveWebConfig(file, lambda _: None)
    stat = file.stat()
    new = tmp_path / "new.yml"
    new.write_text(f"basic_auth_users: {{bbbb: {HASH}}}")
    os.utime(new, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    new.replace(file)
    assert set(live.fresh().config.users) == {"bbbb"}


def test_a_right_pair_costs_bcrypt_once(monkeypatch):
    checks = []
    monkeypatch.setattr(passwords_module, "_matches", lambda *pair: checks.append(pair) or bcrypt.checkpw(*pair))
    passwords, users = Passwords(), {"prom": HASH.encode()}
    assert [passwords.check(RIGHT, users) for _ in range(5)] == [Verdict.GOOD] * 5
    assert len(checks) == 1


def test_a_changed_password_is_forgotten_at_once():
    passwords, new = Passwords(), bcrypt.hashpw(b"another", bcrypt.gensalt(4))
    assert passwords.check(RIGHT, {"prom": HASH.encode()}) is Verdict.GOOD
    assert passwords.check(RIGHT, {"prom": new}) is Verdict.BAD


def test_an_unknown_user_costs_as_much_as_a_wrong_password(monkeypatch):
    checks = []
    monkeypatch.setattr(passwords_module, "_matches", lambda *pair: checks.append(pair) or bcrypt.checkpw(*pair))
    users = {"somebody": HASH.encode()}
    assert Passwords().check(RIGHT, users) is Verdict.BAD  # the very password of somebody else
    assert len(checks) == 1


def test_guessers_queue_up_and_are_turned_away(monkeypatch):
    monkeypatch.setattr(passwords_module, "PATIENCE_S", 0.01)
    passwords = Passwords()
    with passwords._turn:
        assert passwords.check(RIGHT, {"prom": HASH.encode()}) is Verdict.BUSY


@pytest.mark.parametrize("password", [b"x" * 100, b"\x00", "pässwörd".encode(), b""])
def test_odd_passwords_are_checked_like_htpasswd_does(password):
    header = "Basic " + base64.b64encode(b"prom:" + password).decode()
    stored = bcrypt.hashpw(password[:72] or b"", bcrypt.gensalt(4))
    expected = Verdict.GOOD if b"\x00" not in password else Passwords().check(header, {"prom": stored})
    assert Passwords().check(header, {"prom": stored}) is expected
    assert Passwords().check(header, {"prom": HASH.encode()}) is Verdict.BAD


def test_the_costliest_hash_is_bounded():
    assert max(BCRYPT_COSTS) == 14
