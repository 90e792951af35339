"""Safety: what echo services, the router, certificates and names may say wrongly about the public address. Rows of docs/SAFETY.md."""

import datetime as dt
import os
import shutil
import ssl
import subprocess

import pytest
import trustme
import yaml

from cadence_exporter.demo.echo import EchoMode
from cadence_exporter.demo.home import ADDRESS
from cadence_exporter.demo.http_service import HttpService, Reply
from cadence_exporter.demo.natpmp_router import NatPmpMode
from cadence_exporter.demo.tcp_port import PortMode, TcpPort
from tests.blackbox.instance import wait_for
from tests.blackbox.safety import (
    LIE,
    MOVED,
    WatchedHome,
    misbehave,
    running,
    settings,
    wait_until_failed,
    wait_until_published,
    wait_until_suppressed,
    was_down,
)

NO_ROUTER_WORD = {"router": {"natpmp": False}, "wan": {"tripwire": "off"}}
"""Nobody beside the echo services has a word on the address."""
"""Nothing spares the echo services, they are asked in every cycle; and no veto hides what they themselves come to."""


@pytest.fixture
def home():
    with WatchedHome() as home:
        yield home


# What all services answer -> why the probe fails, why the record is left alone.
ANSWERS = {
    "html_200": (EchoMode.HTML, "content", "unknown"),
    "html_403": (EchoMode.HTML_403, "http", "unknown"),
    "too_many_requests": (EchoMode.TOO_MANY_REQUESTS, "http", "unknown"),
    "server_error": (EchoMode.SERVER_ERROR, "http", "unknown"),
    "empty": (EchoMode.EMPTY, "content", "unknown"),
    "list": (EchoMode.LIST, "content", "unknown"),
    "leading_zeros": (EchoMode.LEADING_ZEROS, "content", "unknown"),
    "with_port": (EchoMode.WITH_PORT, "content", "unknown"),
    "ipv6_for_a": (EchoMode.IPV6, "content", "unknown"),
    "ipv4_mapped": (f"::ffff:{ADDRESS}", "content", "unknown"),
    "gigabyte": (EchoMode.OVERSIZED, "content", "unknown"),
    "gzip_bomb": (EchoMode.GZIP_BOMB, "content", "unknown"),
    "byte_a_second": (EchoMode.DRIP, "timeout", "unknown"),
    "accept_and_silence": (EchoMode.SILENCE, "timeout", "unknown"),
    "reset": (EchoMode.RESET, "http", "unknown"),
    "redirect_to_lan": (EchoMode.REDIRECT, "http", "unknown"),
    "private": ("192.168.1.20", "content", "not_public"),
    "cgnat": ("100.64.7.7", "content", "not_public"),
    "multicast": ("224.0.0.251", "content", "not_public"),
    "documentation": ("203.0.113.7", "content", "not_public"),
    "loopback": ("127.0.0.1", "content", "not_public"),
    "this_network": ("0.0.0.0", "content", "not_public"),
    "cdn_address": ("104.16.132.229", "content", "not_public"),
}


@pytest.mark.parametrize(("how", "reason", "refusal"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_none_is_not_published(home, tmp_path, how, reason, refusal):
    home.all_echoes(how)
    with running(home, tmp_path) as instance:
        wait_until_suppressed(instance, refusal)
        assert instance.state() == "DEGRADED"
        wait_until_failed(instance, reason)
        assert home.writes == []
        # The others come to their senses; one stays as it is, and costs nothing.
        home.echoes_honest()
        misbehave(home.echoes[0], how)
        instance.wait_until_up()
        wait_until_published(home)
        assert not was_down(instance)
        assert home.writes == [("POST", ADDRESS)]


def test_a_redirect_is_not_followed(home, tmp_path):
    asked = []

    def trap(request):
        asked.append(request)
        return Reply(200, LIE.encode())

    with (
        HttpService(trap) as inside,
        HttpService(lambda _: Reply(302, b"", headers={"Location": inside.url})) as outside,
    ):
        urls = [f"{outside.url}/{number}" for number in range(4)]
        with running(home, tmp_path, {"public_ip": {"echo": urls}}) as instance:
            wait_until_suppressed(instance, "unknown")
            wait_until_failed(instance, "http")
            assert asked == []
            assert home.writes == []


# -- disagreement ---------------------------------------------------------------------------------------------------


def test_one_liar_of_four_is_outvoted(home, tmp_path):
    home.echo_lies(1, LIE)
    with running(home, tmp_path, NO_ROUTER_WORD) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        assert home.writes == [("POST", ADDRESS)]


def test_two_against_two_settles_nothing(home, tmp_path):
    home.echo_lies(0, LIE)
    home.echo_lies(1, LIE)
    with running(home, tmp_path, NO_ROUTER_WORD) as instance:
        wait_until_suppressed(instance, "disputed")
        assert instance.state() == "DEGRADED"
        assert home.writes == []
        home.echoes_honest()
        instance.wait_until_up()
        wait_until_published(home)


def test_four_different_addresses_settle_nothing(home, tmp_path):
    for which in range(4):
        home.echo_lies(which, f"77.88.8.{which + 1}")
    with running(home, tmp_path, NO_ROUTER_WORD) as instance:
        wait_until_suppressed(instance, "disputed")
        assert home.writes == []
        home.echoes_honest()
        instance.wait_until_up()
        wait_until_published(home)


@pytest.mark.parametrize(
    ("stale", "changes"), [(2, NO_ROUTER_WORD), (3, None)], ids=["two_stale", "three_stale_and_the_router"]
)
def test_the_previous_address_is_not_held_on_to_nor_written_back(home, tmp_path, stale, changes):
    with running(home, tmp_path, changes) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        for which in range(stale):
            home.echo_lies(which, ADDRESS)
        home.change_address(MOVED)
        wait_until_suppressed(instance, "disputed")
        assert home.writes == [("POST", ADDRESS)]
        home.echoes_honest()
        wait_until_published(home, MOVED)
        instance.wait_until_up()
        assert home.writes == [("POST", ADDRESS), ("PATCH", MOVED)]


def test_a_lie_of_all_services_for_one_moment_is_not_published(home, tmp_path):
    """A quorum in one observation is not enough: the next one must say the same."""
    with running(home, tmp_path, NO_ROUTER_WORD) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        honest = [echo._documented for echo in home.echoes]
        for echo, documented in zip(home.echoes, honest, strict=True):
            lies = iter([LIE])
            echo._documented = lambda address, host, lies=lies, documented=documented: documented(
                next(lies, address), host
            )
        wait_for(
            lambda: instance.metric(
                'cadence_state_transitions_total{direction="demotion",from_state="up",to_state="degraded"}'
            ),
            "doubt",
        )
        instance.wait_until_up()
        assert home.writes == [("POST", ADDRESS)]


# -- the router's word ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "says"),
    [(NatPmpMode.SWAPPED, None), (NatPmpMode.ANSWER, LIE)],
    ids=["byte_swapped", "another_public_address"],
)
def test_a_router_that_names_another_public_address_is_a_veto(home, tmp_path, mode, says):
    home.router.mode, home.router.says = mode, says
    with running(home, tmp_path) as instance:
        wait_until_suppressed(instance, "disputed")
        assert instance.state() == "DEGRADED"
        assert not was_down(instance)
        assert home.writes == []
        home.router.mode, home.router.says = NatPmpMode.ANSWER, None
        instance.wait_until_up()
        wait_until_published(home)


@pytest.mark.parametrize("says", ["10.0.0.7", "100.64.0.9"], ids=["private", "cgnat"])
def test_another_nat_behind_the_router_is_shown_and_stops_nothing(home, tmp_path, says):
    home.router.says = says
    with running(home, tmp_path) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        assert instance.metric("cadence_cgnat_detected") == 1
        home.change_address(MOVED)
        instance.check()
        wait_until_published(home, MOVED)


@pytest.mark.parametrize("mode", [NatPmpMode.GARBAGE, NatPmpMode.NO_ADDRESS, NatPmpMode.OFF])
def test_a_router_without_a_word_is_done_without(home, tmp_path, mode):
    home.router.mode = mode
    with running(home, tmp_path) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        assert instance.metric("cadence_cgnat_detected") is None
        home.change_address(MOVED)
        wait_until_published(home, MOVED)


# -- blocked, and behind a portal -----------------------------------------------------------------------------------


@pytest.mark.parametrize("blocked", [PortMode.REFUSED, PortMode.SILENT])
def test_blocked_echo_services_are_no_outage_and_no_reason_to_write(home, tmp_path, blocked):
    with running(home, tmp_path, NO_ROUTER_WORD) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        for echo in home.echoes:
            echo.reachable(blocked)
        wait_for(lambda: instance.state() == "DEGRADED", "DEGRADED")
        wait_until_suppressed(instance, "unknown")
        wait_until_failed(instance, "refused" if blocked is PortMode.REFUSED else "timeout")
        assert not was_down(instance)
        for echo in home.echoes:
            echo.reachable(PortMode.OPEN)
        instance.wait_until_up()
        assert home.writes == [("POST", ADDRESS)]


def test_a_stop_does_not_wait_for_hung_echo_services(home, tmp_path):
    home.all_echoes(EchoMode.SILENCE)
    slow = {"interval": "60s", "fast_factor": 1.0, "slow_factor": 1.0, "probe_timeout": "30s"}
    with running(home, tmp_path, {"loop": slow}) as instance:
        wait_for(lambda: home.echoes[0].calls, "the question")
        assert instance.get("/-/healthy")[0] == 200
        assert home.writes == []
        # And now the end, which must come within two seconds.


@pytest.fixture
def portal_tls():
    """A server certificate that says the right name, from an authority that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_a_captive_portal_is_an_outage_and_over_when_it_lets_go(home, tmp_path, ca, ca_environ, portal_tls):
    home.all_echoes(EchoMode.HTML)
    with HttpService(lambda _: Reply(200, b"log in"), tls=portal_tls) as portal:
        targets = {"wan": {"targets": [f"tls://{portal.port.address}"]}}
        with running(home, tmp_path, targets, environ=ca_environ) as instance:
            wait_until_suppressed(instance, "not_up")
            assert instance.state() == "DOWN"
            wait_until_failed(instance, "tls", "wan_path")
            assert home.writes == []
            ca.issue_cert("127.0.0.1").configure_cert(portal_tls)
            home.echoes_honest()
            instance.wait_until_up()
            wait_until_published(home)


def test_a_captive_portal_that_lets_tcp_through_is_not_believed_either(home, tmp_path):
    home.all_echoes(EchoMode.HTML)
    for resolver in home.resolvers:
        resolver.mode = type(resolver.mode).HTML
    with running(home, tmp_path) as instance:
        wait_until_suppressed(instance, "unknown")
        assert instance.state() == "DEGRADED"
        assert home.writes == []


# -- certificates and names -----------------------------------------------------------------------------------------

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def _wrong_host(ca):
    return ca.issue_cert("echo.example")


def _unknown_authority(_):
    return trustme.CA().issue_cert("127.0.0.1")


def _expired(ca):
    return ca.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO + dt.timedelta(days=1))


@pytest.mark.parametrize("issue", [_wrong_host, _unknown_authority, _expired])
def test_a_wrong_certificate_is_not_accepted(home, tmp_path, ca, ca_environ, issue):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issue(ca).configure_cert(context)
    asked = []

    def answer(request):
        asked.append(request)
        return Reply(200, home.address.encode())

    with HttpService(answer, tls=context) as service:
        urls = [f"{service.url}/{number}" for number in range(4)]
        with running(home, tmp_path, {"public_ip": {"echo": urls}}, environ=ca_environ) as instance:
            wait_until_suppressed(instance, "unknown")
            wait_until_failed(instance, "tls")
            assert asked == []
            assert home.writes == []
            ca.issue_cert("127.0.0.1").configure_cert(context)
            instance.wait_until_up()
            wait_until_published(home)


def _own_mounts_possible():
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _own_mounts_possible(), reason="needs root and unshare, for an /etc/hosts of its own")
@pytest.mark.parametrize("resolved", ["0.0.0.0", "127.0.0.1"])
def test_names_that_resolve_to_this_machine_are_not_contacted(home, tmp_path, resolved):
    names = [f"echo-{number}.example" for number in range(4)]
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{resolved} {' '.join(names)}\n")
    mounted = ("unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh")
    with TcpPort() as trap:
        urls = [f"https://{name}:{trap.port}/" for name in names]
        with running(home, tmp_path, {"public_ip": {"echo": urls}}, prefix=mounted) as instance:
            wait_until_suppressed(instance, "unknown")
            assert instance.state() == "DEGRADED"
            wait_until_failed(instance, "dns")
            assert trap.accepted == 0
            assert home.writes == []
            instance.config.write_text(yaml.safe_dump(settings(home, tmp_path)))
            instance.process.send_signal(1)  # SIGHUP: services that can be asked
            instance.wait_until_up()
            wait_until_published(home)
