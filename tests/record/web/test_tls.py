"""TLS on the wire, with certificates made for the test; and a real Prometheus behind it."""

import shutil
import socket
import ssl
import subprocess
import time
import urllib.request

import pytest
from cryptography.hazmat.primitives import serialization as form

from cadence_exporter.errors import SettingsError
from cadence_exporter.record.web import connection as connection_module
from cadence_exporter.record.web.live_config import LiveWebConfig
from cadence_exporter.record.web.messages import text
from tests.record.web.conftest import HASH
from tests.record.web.web_world import ask, connect, make_cycle, read_all, speak

PLAIN_TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
MUTUAL = (
    "tls_server_config: {cert_file: cert.pem, key_file: key.pem, "
    "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}\n"
)


def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def serving(build, directory, text=PLAIN_TLS):
    file = directory / "web.yml"
    file.write_text(text)
    return build(file)


def test_metrics_over_tls(build, certificate, authority):
    site = serving(build, certificate)
    assert ask(site.port, "/metrics", tls=trusting(authority)).status == 200


def test_a_large_response_over_tls_is_whole(build, certificate, authority):
    site = serving(build, certificate)
    site.app = lambda _: text(200, "x" * 3_000_000)
    assert len(ask(site.port, "/", tls=trusting(authority)).body) == 3_000_001


def test_plain_http_is_told_to_speak_tls(build, certificate):
    site = serving(build, certificate)
    reply = speak(site.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert reply.status == 400
    assert b"https" in reply.body


def test_old_tls_is_refused(build, certificate, authority):
    site = serving(build, certificate, PLAIN_TLS.replace("}", ", min_version: TLS13}"))
    context = trusting(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        ask(site.port, "/metrics", tls=context)
    assert ask(site.port, "/metrics", tls=trusting(authority)).status == 200


def test_cipher_suites_are_honoured(build, certificate, authority):
    suite = "[TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]"
    site = serving(build, certificate, PLAIN_TLS.replace("}", f", max_version: TLS12, cipher_suites: {suite}}}"))
    with connect(site.port, trusting(authority)) as sock:
        assert sock.cipher()[0].endswith("AES256-GCM-SHA384")


def test_client_certificates_are_demanded(build, certificate, authority):
    site = serving(build, certificate, MUTUAL)
    context = trusting(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3 the refusal comes only with the first read
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        ask(site.port, "/metrics", tls=context)
    authority.issue_cert("prometheus@example.com").configure_cert(context)
    assert ask(site.port, "/metrics", tls=context).status == 200


def test_a_renewed_certificate_is_used_without_a_restart(build, certificate, authority):
    site = serving(build, certificate)

    def serial():
        with connect(site.port, trusting(authority)) as sock:
            return sock.getpeercert()["serialNumber"]

    first = serial()
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(certificate / "cert.pem")
    assert serial() == first  # certificate and key do not fit: the old pair goes on
    assert len(site.problems) == 1
    issued.private_key_pem.write_to_path(certificate / "key.pem")
    assert serial() != first
    assert len(site.problems) == 1


def test_a_stalled_handshake_ends_and_keeps_nobody_out(build, certificate, authority, monkeypatch):
    monkeypatch.setattr(connection_module, "REQUEST_S", 1.0)
    site = serving(build, certificate)
    stalled = [connect(site.port) for _ in range(100)]
    for sock in stalled[::2]:
        sock.sendall(b"\x16\x03\x01")
    began = time.monotonic()
    assert ask(site.port, "/metrics", tls=trusting(authority)).status == 200
    assert time.monotonic() - began < 0.9
    for sock in stalled:
        read_all(sock)
        sock.close()
    assert time.monotonic() - began < 3.0


def test_an_encrypted_key_is_an_error_and_no_question_on_the_terminal(certificate):
    key = form.load_pem_private_key((certificate / "key.pem").read_bytes(), None)
    locked = form.BestAvailableEncryption(b"open sesame")
    (certificate / "key.pem").write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, locked))
    file = certificate / "web.yml"
    file.write_text(PLAIN_TLS)
    with pytest.raises(SettingsError, match="cert_file: cannot be used"):
        LiveWebConfig(file, lambda _: None)


@pytest.mark.parametrize("missing", ["cert.pem", "key.pem", "ca.pem"])
def test_missing_files_are_named(certificate, missing):
    (certificate / missing).unlink()
    file = certificate / "web.yml"
    file.write_text(MUTUAL)
    with pytest.raises(SettingsError, match=f"{missing}: tls_server_config.*No such file"):
        LiveWebConfig(file, lambda _: None)


SCRAPE = """\
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
  - job_name: cadence
    scheme: https
    tls_config: {{ca_file: ca.pem, server_name: localhost}}
    basic_auth: {{username: prom, password: open sesame}}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.mark.real_server
def test_a_real_prometheus_scrapes_over_tls_with_a_password(build, certificate):
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    site = serving(build, certificate, PLAIN_TLS + f"basic_auth_users: {{prom: {HASH}}}\n")
    site.board.record(make_cycle())
    (certificate / "prometheus.yml").write_text(SCRAPE.format(port=site.port))
    port = free_port()
    process = subprocess.Popen(
        ["prometheus", f"--config.file={certificate}/prometheus.yml", f"--storage.tsdb.path={certificate}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        answer = wait_for(f"http://127.0.0.1:{port}/api/v1/query?query=up", '"1"]')
        assert '"job":"cadence"' in answer
        assert '"1"]' in wait_for(f"http://127.0.0.1:{port}/api/v1/query?query=tries_total", '"1"]')
    finally:
        process.terminate()
        process.wait(10)


def wait_for(url, wanted, patience_s=20.0):
    answer = ""
    deadline = time.monotonic() + patience_s
    while wanted not in answer and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - loopback
                answer = response.read().decode()
        except OSError:
            pass
        time.sleep(0.1)
    return answer
