"""The update call of routers: a reason to look, asked for with a password of its own, and never believed."""

import base64
from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.memory import Belief, RecordMemory
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.record.web.nic_update import MOST_CALLS, PATHS, WINDOW_S, NicLogin, NicUpdate
from cadence_exporter.record.web.routes import Routes
from tests.record.web.web_world import HOME, KEY, SPEC, ask, make_cycle

LOGIN = NicLogin("fritz", "box of secrets")
RIGHT = "Basic " + base64.b64encode(b"fritz:box of secrets").decode()
WRONG = "Basic " + base64.b64encode(b"fritz:box of guesses").decode()
ELSEWHERE = "81.2.69.142"
CALL = "/nic/update?hostname=vpn.example.com"


def with_page(site, login=LOGIN):
    nic = NicUpdate(site.board, site.clock, site.rung.append)
    nic.allow(login)
    site.nic = nic
    site.app = Routes(site.board, site.registry, site.live, site.rung.append, nic)
    return site


@pytest.fixture
def page(site):
    site.board.record(make_cycle())
    return with_page(site)


def call(site, path=CALL, authorization=RIGHT, **headers):
    reply = ask(site.port, path, **({"Authorization": authorization} if authorization else {}), **headers)
    return reply.status, reply.body.decode().strip()


@pytest.mark.parametrize("path", sorted(PATHS))
def test_without_a_login_in_the_settings_there_is_no_such_page(site, path):
    assert call(site, path)[0] == 404
    assert call(with_page(site, None), path)[0] == 404


@pytest.mark.parametrize("path", sorted(PATHS))
@pytest.mark.parametrize("authorization", [None, WRONG, "Basic !", "Bearer x"])
def test_without_the_password_nothing_happens(page, path, authorization):
    assert call(page, f"{path}?hostname=vpn.example.com&myip={ELSEWHERE}", authorization) == (401, "badauth")
    assert ask(page.port, path).headers["www-authenticate"].startswith("Basic ")
    assert page.rung == []


def test_another_address_is_heard_and_the_one_that_the_record_holds_is_named(page):
    assert call(page, f"{CALL}&myip={ELSEWHERE}") == (200, f"good {HOME}")
    assert page.rung == [Reason.NIC_UPDATE]


def test_the_address_that_the_record_holds_is_no_news_and_rings_nobody(page):
    assert call(page, f"{CALL}&myip={HOME}") == (200, f"nochg {HOME}")
    assert page.rung == []


@pytest.mark.parametrize("myip", ["", "&myip=", "&myip=%3Cipaddr%3E", "&myip=999.1.1.1"])
def test_a_call_without_a_usable_address_is_a_reason_to_look(page, myip):
    assert call(page, CALL + myip) == (200, f"nochg {HOME}")
    assert page.rung == [Reason.NIC_UPDATE]


def test_what_the_record_holds_is_claimed_only_when_it_was_seen(site):
    assert call(with_page(site), f"{CALL}&myip={HOME}") == (200, "911")
    drifted = {KEY: RecordMemory(verified=HOME, drifted=True)}
    site.board.record(make_cycle(memory={"records": drifted}))
    assert call(site, f"{CALL}&myip={HOME}") == (200, "911")
    site.board.record(make_cycle(memory={"records": {KEY: RecordMemory(verified=ip_address(ELSEWHERE))}}))
    assert call(site, f"{CALL}&myip={ELSEWHERE}") == (200, "911")
    assert site.rung == [Reason.NIC_UPDATE] * 3


@pytest.mark.parametrize(
    ("hostname", "words"),
    [
        ("", "notfqdn"),
        ("vpn", "notfqdn"),
        ("a..b", "notfqdn"),
        ("x%0d%0aSet-Cookie:y.example.com", "notfqdn"),
        ("other.example.com", "nohost"),
        ("VPN.example.com.", f"good {HOME}"),
        ("vpn.example.com,other.example.com", f"good {HOME}\nnohost"),
        (",".join(["vpn.example.com"] * 21), "numhost"),
    ],
)
def test_each_name_gets_its_word(page, hostname, words):
    assert call(page, f"/nic/update?hostname={hostname}&myip={ELSEWHERE}") == (200, words)
    assert page.rung == [Reason.NIC_UPDATE] * ("good" in words)


def test_a_name_with_both_families_is_answered_for_the_family_that_was_named(page):
    v6, key6 = ip_address("2a01:4f8::1"), RecordKey(KEY.name, RecordType.AAAA)
    page.board.settings = replace(page.board.settings, records=(SPEC, RecordSpec(key6, "file")))
    beliefs = {Family.IPV4: Belief(confirmed=HOME), Family.IPV6: Belief(confirmed=v6)}
    records = {KEY: RecordMemory(verified=HOME), key6: RecordMemory(verified=v6)}
    page.board.record(make_cycle(memory={"beliefs": beliefs, "records": records}))
    assert call(page, f"{CALL}&myip={v6}") == (200, f"nochg {v6}")
    assert call(page, f"{CALL}&myipv6={v6}") == (200, f"nochg {v6}")
    assert call(page, f"{CALL}&myip={HOME},{v6}") == (200, f"nochg {HOME}")


def test_a_router_that_calls_without_end_is_told_to_wait(page):
    for _ in range(MOST_CALLS):
        assert call(page, f"{CALL}&myip={HOME}")[0] == 200
    assert call(page, f"{CALL}&myip={ELSEWHERE}") == (429, "911")
    assert page.rung == []
    page.clock.seconds += WINDOW_S
    assert call(page, f"{CALL}&myip={ELSEWHERE}")[0] == 200


def test_guesses_do_not_use_up_the_calls_of_the_router(page):
    for _ in range(3):
        assert call(page, authorization=WRONG)[0] == 401
    assert not page.nic._calls
    assert call(page, f"{CALL}&myip={HOME}")[0] == 200
    assert len(page.nic._calls) == 1


def test_another_web_site_cannot_send_the_call_and_nobody_can_post_it(page):
    assert call(page, f"{CALL}&myip={ELSEWHERE}", Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(page.port, CALL, "POST", Authorization=RIGHT).status == 405
    assert page.rung == []


def test_a_changed_password_counts_at_once(page):
    assert call(page, f"{CALL}&myip={HOME}")[0] == 200
    page.nic.allow(NicLogin("fritz", "another"))
    assert call(page, f"{CALL}&myip={HOME}")[0] == 401
    page.nic.allow(None)
    assert call(page)[0] == 404


def test_the_password_of_the_router_opens_nothing_else_and_no_other_password_opens_this(locked):
    locked.board.record(make_cycle())
    with_page(locked)
    assert call(locked, f"{CALL}&myip={HOME}")[0] == 200
    assert call(locked, "/metrics")[0] == 401
    other = "Basic " + base64.b64encode(b"prom:open sesame").decode()
    assert call(locked, "/metrics", other)[0] == 200
    assert call(locked, authorization=other) == (401, "badauth")


def test_the_password_is_in_no_repr():
    assert "secrets" not in repr(LOGIN)
