"""Safety and quiet: a router that speaks UPnP only, and one that calls us. The real process, a pretend router on loopback."""

import base64
import http.client

import pytest

from cadence_exporter.demo.home import ADDRESS, RECORD
from tests.blackbox.instance import QUICK, wait_for
from tests.blackbox.safety import LIE, MOVED, WatchedHome, called, running, wait_until_published, wait_until_suppressed
from tests.servers.igd import WANIP2, Igd, description

RESTING = {**QUICK, "slow_factor": 100.0}
"""While UP the next look is 40 seconds away: whatever happens sooner was rung for."""
LOGIN = {"username": "router", "password": "box of secrets"}


@pytest.fixture
def home():
    with WatchedHome() as home:
        yield home


@pytest.fixture
def igd():
    with Igd() as igd:
        igd.address = ADDRESS
        yield igd


def by_upnp(igd):
    return {"natpmp": False, "upnp": True, "upnp_port": igd.port}


def call(instance, query, password=LOGIN["password"]):
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=10)
    pair = base64.b64encode(f"{LOGIN['username']}:{password}".encode()).decode()
    try:
        connection.request("GET", f"/nic/update?{query}", headers={"Authorization": f"Basic {pair}"})
        response = connection.getresponse()
        return response.status, response.read().decode().strip()
    finally:
        connection.close()


def test_a_router_s_word_by_upnp_spares_the_echo_services(home, igd, tmp_path):
    with running(home, tmp_path, {"router": by_upnp(igd)}) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        wait_for(lambda: any("unchanged" in str(fact) for fact in instance.log), "a look that asked nobody outside")
        before = called(instance, "ip_echo", "2xx")
        assert before >= 2
        instance.wait_for_cycles(5)
        assert called(instance, "ip_echo", "2xx") == before
        assert igd.asked.count("GetExternalIPAddress") >= 5


def test_a_router_that_names_another_public_address_by_upnp_is_a_veto_and_nothing_more(home, igd, tmp_path):
    igd.address = LIE
    with running(home, tmp_path, {"router": by_upnp(igd)}) as instance:
        wait_until_suppressed(instance, "disputed")
        assert home.writes == []
        igd.address = ADDRESS
        instance.wait_until_up()
        wait_until_published(home)


def test_a_call_of_the_router_brings_the_look_forward_and_its_address_is_never_published(home, tmp_path):
    with running(home, tmp_path, {"loop": RESTING, "nic_update": LOGIN}) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        assert call(instance, f"hostname={RECORD}&myip={LIE}", "a guess") == (401, "badauth")
        assert call(instance, f"hostname={RECORD}&myip={LIE}") == (200, f"good {ADDRESS}")
        woken = 'cadence_wakeups_total{reason="nic_update"}'
        wait_for(lambda: instance.metric(woken) == 1, "a cycle that the call rang for")
        home.change_address(MOVED)
        assert call(instance, f"hostname={RECORD}&myip={MOVED}")[0] == 200
        wait_until_published(home, MOVED)
        wait_for(lambda: call(instance, f"hostname={RECORD}&myip={MOVED}") == (200, f"nochg {MOVED}"), "nochg")


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY a "' + b"b" * 1000 + b'"><!ENTITY c "' + b"&a;" * 1000 + b'">]><a>&c;</a>',
        b"x" * 50_000_000,
        description((WANIP2, "http://127.0.0.2:1/", "")),
    ],
    ids=["entities", "giant", "elsewhere"],
)
def test_a_upnp_router_of_the_worst_kind_is_done_without(home, igd, tmp_path, document):
    igd.description = document
    with running(home, tmp_path, {"router": by_upnp(igd)}) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        assert "description" in igd.asked
        assert instance.metric("cadence_cgnat_detected") is None


def test_an_event_of_the_router_brings_the_look_forward_and_a_false_one_does_nothing_more(home, igd, tmp_path):
    changes = {"loop": RESTING, "router": {**by_upnp(igd), "watch": "0s"}, "wan": {"tripwire": []}}
    with running(home, tmp_path, changes) as instance:
        instance.wait_until_up()
        wait_until_published(home)
        wait_for(lambda: instance.metric('cadence_listener_up{listener="upnp"}') == 1, "the listener")
        woken = 'cadence_wakeups_total{reason="upnp"}'
        assert igd.tell_all(ExternalIPAddress=LIE, ConnectionStatus="Connected") == [200]
        wait_for(lambda: instance.metric(woken) == 1, "a cycle that the event rang for")
        home.change_address(MOVED)
        igd.address = MOVED
        assert igd.tell_all(ExternalIPAddress=MOVED, ConnectionStatus="Connected") == [200]
        wait_until_published(home, MOVED)
