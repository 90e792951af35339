"""Who gets what from which path, over real sockets."""

import base64
import gzip
import hashlib
import json
import threading
from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from cadence_exporter.model.address import RecordType
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.web import routes as routes_module
from cadence_exporter.record.web.messages import Request, is_loopback
from tests.record.web.conftest import HASH, RIGHT
from tests.record.web.web_world import ask, make_cycle

WRONG = "Basic cHJvbTpub3BlCg=="


def post(site, path="/-/check", peer="127.0.0.1", **headers):
    named = {"host": "127.0.0.1:9923", **{key.replace("_", "-"): value for key, value in headers.items()}}
    return site.routes(Request("POST", path, {}, named, b"", peer))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/metrics", 200),
        ("HEAD", "/metrics", 200),
        ("GET", "/api/v1/status", 200),
        ("GET", "/api/v1/history", 200),
        ("GET", "/api/v1/history?since=7d", 200),
        ("GET", "/api/v1/history?since=last+week", 400),
        ("POST", "/api/v1/history", 405),
        ("GET", "/-/healthy", 200),
        ("GET", "/-/ready", 200),
        ("GET", "/metrics/", 404),
        ("GET", "/nothing", 404),
        ("GET", "/-/check", 405),
        ("HEAD", "/-/reload", 405),
        ("POST", "/metrics", 405),
        ("DELETE", "/", 405),
        ("OPTIONS", "/metrics", 405),
        ("BREW", "/", 501),
        ("POST", "/-/check", 202),
        ("POST", "/-/reload", 200),
    ],
)
def test_each_path_answers_its_methods_only(site, method, path, status):
    site.board.record(make_cycle())
    reply = ask(site.port, path, method)
    assert reply.status == status
    assert reply.headers["connection"] == "close"
    assert "access-control-allow-origin" not in reply.headers
    assert reply.headers["server"] == "cadence-exporter"
    if status == 405:
        assert reply.headers["allow"] == ("POST" if path.startswith("/-/") else "GET, HEAD")


def test_a_get_never_rings(site):
    for path in ("/-/check", "/-/reload", "/", "/metrics", "/api/v1/status", "/api/v1/history"):
        ask(site.port, path)
    assert site.rung == []


def test_posts_ring_with_their_reason(site):
    ask(site.port, "/-/check", "POST")
    ask(site.port, "/-/reload", "POST")
    assert site.rung == [Reason.CHECK, Reason.RELOAD]


def test_head_has_the_length_but_not_the_body(site):
    whole, head = ask(site.port, "/metrics"), ask(site.port, "/metrics", "HEAD")
    assert head.body == b""
    assert int(head.headers["content-length"]) == len(whole.body) > 0


@pytest.mark.parametrize(
    ("path", "credentials", "status"),
    [
        ("/metrics", None, 401),
        ("/metrics", WRONG, 401),
        ("/metrics", "Bearer abc", 401),
        ("/metrics", "Basic ???", 401),
        ("/metrics", RIGHT, 200),
        ("/metrics", RIGHT.replace("Basic", "bAsIc"), 200),
        ("/", None, 401),
        ("/api/v1/status", None, 401),
        ("/nothing", None, 401),
        ("/nothing", RIGHT, 404),
        ("/-/check", RIGHT, 405),
        ("/-/healthy", None, 200),
        ("/-/ready", None, 503),
        ("/-/healthy", WRONG, 200),
    ],
)
def test_everything_but_liveness_wants_the_password(locked, path, credentials, status):
    headers = {"Authorization": credentials} if credentials else {}
    reply = ask(locked.port, path, **headers)
    assert reply.status == status
    assert ("www-authenticate" in reply.headers) == (status == 401)


def test_no_path_at_all_is_left_without_a_password(locked):
    locked.routes._table["/-/bounce"] = locked.routes._table["/-/check"]
    without = {path for path in locked.routes._table if ask(locked.port, path).status != 401}
    assert without == {"/-/healthy", "/-/ready"}
    assert {ask(locked.port, path, "POST").status for path in locked.routes._table if path not in without} == {401}
    assert all(len(ask(locked.port, path).body) < 80 for path in without)


def test_a_post_wants_the_password_too_where_there_is_one(locked):
    assert ask(locked.port, "/-/check", "POST").status == 401
    assert ask(locked.port, "/-/check", "POST", Authorization=RIGHT).status == 202
    assert post(locked, peer="192.168.0.9", authorization=RIGHT).status == 202


def test_gzip_is_used_when_asked_for(site):
    reply = ask(site.port, "/metrics", Accept_Encoding="gzip")
    assert reply.headers["content-encoding"] == "gzip"
    assert b"tries_total 1.0" in gzip.decompress(reply.body)
    assert "content-encoding" not in ask(site.port, "/metrics").headers


def test_openmetrics_is_negotiated(site):
    reply = ask(site.port, "/metrics", Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert reply.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert reply.body.endswith(b"# EOF\n")
    assert {family.name for family in text_string_to_metric_families(reply.body.decode())} == {"tries", "other"}
    assert ask(site.port, "/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ('application/openmetrics-text; version="1.0.0"', True),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;version=0.0.1,application/openmetrics-text;version=1.0.0;q=nonsense", True),
        ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;q=0.4", True),
        ("application/openmetrics-text;version=0.0.1", False),
        ("application/openmetrics-text;version=abc", False),
        ("application/openmetrics-text;version=99999", False),
        ("application/openmetrics-text;version=1.0.0;q=0, text/plain", False),
        ("text/plain;version=..", False),
        (",,;;=;", False),
        ("*/*", False),
    ],
)
def test_an_odd_accept_gets_metrics_and_never_an_error(site, accept, openmetrics):
    reply = ask(site.port, "/metrics", Accept=accept)
    assert reply.status == 200
    spoken = "application/openmetrics-text; version=1.0.0" if openmetrics else "text/plain; version=0.0.4"
    assert reply.headers["content-type"].startswith(spoken)
    assert reply.body.endswith(b"# EOF\n") is openmetrics


@pytest.mark.parametrize(
    ("accept_encoding", "zipped"),
    [
        ("gzip;q=0", False),
        ("identity;q=1, gzip;q=0.000", False),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("*", False),
    ],
)
def test_gzip_that_is_refused_is_not_sent(site, accept_encoding, zipped):
    reply = ask(site.port, "/metrics", Accept_Encoding=accept_encoding)
    assert ("content-encoding" in reply.headers) is zipped


def test_names_can_be_picked(site):
    body = ask(site.port, "/metrics?name[]=tries_total").body
    assert b"tries_total" in body
    assert b"other" not in body
    assert b"tries_total" in ask(site.port, "/metrics?name%5B%5D=tries_total").body


@pytest.mark.parametrize("peer", ["192.168.0.9", "8.8.8.8", "2001:db8::1", "fe80::1%eth0", "", "nonsense"])
def test_strangers_may_not_post(site, peer):
    assert post(site, peer=peer).status == 403
    assert site.rung == []


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_post(site, peer):
    assert is_loopback(peer)
    assert post(site, peer=peer).status == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"x_forwarded_for": "203.0.113.9"},
        {"forwarded": "for=203.0.113.9"},
        {"host": "rebound.example:9923"},
        {"host": "rebound.example:9923", "origin": "http://rebound.example:9923", "sec_fetch_site": "same-origin"},
        {"host": "127.0.0.1.rebound.example"},
        {"host": ""},
        {"host": "[::1"},
    ],
)
def test_a_strangers_web_page_may_not_post(site, headers):
    assert post(site, **headers).status == 403
    assert site.rung == []


@pytest.mark.parametrize("host", ["localhost:9923", "127.0.0.1", "[::1]:9923", "192.168.0.2:9923"])
def test_local_names_may_be_posted_to(site, host):
    assert post(site, host=host, origin=f"http://{host}", sec_fetch_site="same-origin").status == 202


def test_another_sites_page_may_not_post_even_with_the_remembered_password(locked):
    assert post(locked, authorization=RIGHT, origin="https://evil.example").status == 403


def test_health_follows_the_loop_and_nothing_else(site):
    assert ask(site.port, "/-/healthy").status == 200
    site.clock.seconds += 120.0
    assert ask(site.port, "/-/healthy").status == 200
    site.clock.seconds += 0.1
    assert ask(site.port, "/-/healthy").status == 503
    assert ask(site.port, "/-/ready").status == 503
    cycle = make_cycle(at=site.clock.seconds, next_in=180.0)
    site.board.record(cycle)
    assert ask(site.port, "/-/ready").status == 200
    site.clock.seconds = site.board.stuck_at(cycle)
    assert ask(site.port, "/-/healthy").status == 200
    site.clock.seconds += 0.1
    assert ask(site.port, "/-/healthy").status == 503
    site.board.record(make_cycle(at=site.clock.seconds))
    assert ask(site.port, "/-/healthy").status == 200


def test_hostile_names_are_escaped(site):
    hostile = RecordKey('<script>alert("1")</script>&\'', RecordType.A)
    site.board.settings = replace(site.board.settings, site="<b>home</b>", records=(RecordSpec(hostile, "file"),))
    site.board.record(make_cycle(key=hostile))
    page = ask(site.port, "/").body.decode()
    assert page.count("<script") == 1  # ours
    assert "<b>" not in page
    assert "&lt;script&gt;alert(&quot;1&quot;)" in page


def test_the_page_has_no_outside_assets_and_says_so(site):
    site.board.record(make_cycle())
    reply = ask(site.port, "/")
    page = reply.body.decode()
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert "https://" not in page
    assert "src=" not in page
    assert "vpn.example.com" in page
    assert "UP" in page


def test_style_and_script_are_allowed_by_their_hashes_and_nothing_else_is(site):
    reply = ask(site.port, "/")
    for name in ("style", "script"):
        text = reply.body.decode().split(f"<{name}>")[1].split(f"</{name}>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in reply.headers["content-security-policy"]
    assert "unsafe" not in reply.headers["content-security-policy"]


def test_configured_headers_replace_ours(build, tmp_path):
    file = tmp_path / "web.yml"
    file.write_text(
        "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Strict-Transport-Security: max-age=9\n"
    )
    reply = ask(build(file).port, "/")
    assert reply.raw.lower().count(b"x-frame-options") == 1
    assert reply.headers["x-frame-options"] == "sameorigin"
    assert reply.headers["strict-transport-security"] == "max-age=9"


def test_the_document_is_json_with_the_documented_keys(site):
    before = json.loads(ask(site.port, "/api/v1/status").body)
    site.board.record(make_cycle())
    after = json.loads(ask(site.port, "/api/v1/status").body)
    assert set(before) == set(after)
    assert before["state"] == "INIT"
    assert after["state"] == "UP"


def test_a_broken_page_answers_500_and_is_counted(site):
    site.app = lambda _: 1 // 0
    assert ask(site.port, "/").status == 500
    assert [where for where, _ in site.faults.seen] == ["record"]


def test_a_changed_password_takes_effect_at_once(locked, tmp_path):
    assert ask(locked.port, "/metrics", Authorization=RIGHT).status == 200
    (tmp_path / "web.yml").write_text(f"basic_auth_users:\n  somebody: {HASH}\n  else: {HASH}\n")
    assert ask(locked.port, "/metrics", Authorization=RIGHT).status == 401


def test_wrong_passwords_do_not_keep_the_right_one_waiting(locked):
    assert ask(locked.port, "/metrics", Authorization=RIGHT).status == 200
    with locked.routes._passwords._turn:  # as if an endless row of guesses were being checked
        done = threading.Event()
        reply = []
        thread = threading.Thread(
            target=lambda: (reply.append(ask(locked.port, "/metrics", Authorization=RIGHT)), done.set())
        )
        thread.start()
        assert done.wait(1.0)
        thread.join()
    assert reply[0].status == 200


def test_long_histories_are_made_one_by_one_and_who_waits_too_long_is_told(site, monkeypatch):
    monkeypatch.setattr(routes_module, "HISTORY_PATIENCE_S", 0.05)
    begun, go = threading.Event(), threading.Event()
    monkeypatch.setattr(site.board, "history", lambda: (begun.set(), go.wait(10), HistoryView())[2])
    statuses = []
    first = threading.Thread(target=lambda: statuses.append(ask(site.port, "/api/v1/history").status))
    first.start()
    assert begun.wait(10)
    refused = ask(site.port, "/api/v1/history")
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert ask(site.port, "/").status == 200
    go.set()
    first.join(10)
    assert statuses == [200]
    assert ask(site.port, "/api/v1/history").status == 200
