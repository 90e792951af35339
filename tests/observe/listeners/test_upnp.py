"""The router's events: they ring when they bring news, and whoever forges them gets nothing more than that."""

import socket
import threading
from ipaddress import IPv4Address

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners import callback_port, upnp
from cadence_exporter.observe.listeners.callback_port import MOST_OPEN
from cadence_exporter.observe.listeners.gena_messages import LARGEST
from cadence_exporter.observe.listeners.listener import ListenerFailed
from cadence_exporter.observe.listeners.upnp import UpnpEvents
from cadence_exporter.observe.public_ip import ssdp
from tests.servers.igd import HOME, MOVED, WANIP2, Igd, description, event

GATEWAY = IPv4Address("127.0.0.1")


class Heard:
    """A report that can be waited for."""

    def __init__(self):
        self.told = []
        self._news = threading.Condition()

    def _tell(self, what):
        with self._news:
            self.told.append(what)
            self._news.notify_all()

    def up(self):
        self._tell("up")

    def down(self, why):
        self._tell(f"down: {why}")

    def ring(self, reason):
        self._tell(reason)

    def ignored(self, why):
        self._tell(f"ignored: {why}")

    def sent(self, packets=1):
        pass

    def until(self, what, times=1):
        def there():
            return sum(str(each).startswith(what) for each in self.told) >= times

        with self._news:
            assert self._news.wait_for(there, 10), self.told

    @property
    def rings(self):
        return self.told.count(Reason.UPNP)


class Ear:
    """A listener at work."""

    def __init__(self, igd, gateway=lambda: GATEWAY):
        self.report = Heard()
        self.stop = threading.Event()
        self.failure = None
        self.listener = UpnpEvents(gateway, SystemClock(), igd.port)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            self.listener.listen(self.report, self.stop)
        except (ListenerFailed, OSError) as failure:
            self.failure = failure

    def close(self):
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    """How soon it notices that it should stop."""
    monkeypatch.setattr(upnp, "_SLICE_S", 0.02)


@pytest.fixture
def igd():
    with Igd() as igd:
        yield igd


@pytest.fixture
def hear(igd):
    ears = []

    def make(**options):
        ears.append(Ear(igd, **options))
        return ears[-1]

    yield make
    for ear in ears:
        ear.close()


@pytest.fixture
def ear(hear):
    ear = hear()
    ear.report.until("up")
    return ear


@pytest.fixture
def sid(igd, ear):
    (sid,) = igd.subscriptions
    return sid


def test_the_first_event_says_that_it_hears_and_is_no_news(ear):
    assert (ear.report.told, ear.listener.name) == (["up"], "upnp")


@pytest.mark.parametrize(
    "news",
    [
        {"ExternalIPAddress": MOVED, "ConnectionStatus": "Connected"},
        {"ExternalIPAddress": "0.0.0.0"},
        {"ConnectionStatus": "Disconnected"},
    ],
)
def test_another_address_or_state_rings_once(igd, ear, news):
    assert igd.tell_all(**news) == [200]
    assert igd.tell_all(**news) == [200]
    ear.report.until("ignored: unchanged")
    assert ear.report.told == ["up", Reason.UPNP, "ignored: unchanged"]


def test_what_has_nothing_to_do_with_the_address_rings_nobody(igd, ear):
    assert igd.tell_all(PortMappingNumberOfEntries=7, ExternalIPAddress=HOME) == [200]
    ear.report.until("ignored: unchanged")
    assert ear.report.rings == 0


def test_an_event_that_was_lost_is_a_reason_to_look(igd, ear, sid):
    igd.skip(sid)
    igd.tell_all(ExternalIPAddress=HOME)
    ear.report.until("upnp")


def test_a_router_that_counts_oddly_is_heard_all_the_same(igd, ear, sid):
    for seq in (0, 0):
        igd.notify(sid, seq, event(ExternalIPAddress=HOME))
    ear.report.until("ignored: unchanged", 2)
    igd.notify(sid, 0, event(ExternalIPAddress=MOVED))
    ear.report.until("upnp")


def test_it_goes_politely(igd, ear):
    ear.close()
    igd.until_asked("unsubscribe")
    assert igd.subscriptions == {}


# -- a subscription that does not last ---------------------------------------------------------------------------------


def test_it_is_renewed_before_it_ends_by_what_the_router_granted(igd, hear, monkeypatch):
    monkeypatch.setattr(upnp, "RENEW_S", 0.05)
    ear = hear()
    igd.until_asked("renew", 3)
    assert igd.asked.count("subscribe") == 1
    assert ear.failure is None


@pytest.mark.parametrize(
    ("granted", "seconds"), [("Second-40", 20.0), ("Second-1800", 60.0), ("Second-infinite", 60.0), ("Second-1", 15.0)]
)
def test_half_of_the_granted_time_is_waited_and_never_more_than_a_minute(igd, hear, granted, seconds, monkeypatch):
    planned = []
    plan = upnp._Subscription._plan
    monkeypatch.setattr(
        upnp._Subscription,
        "_plan",
        lambda self: (plan(self), planned.append(self.renew_at - self._clock.monotonic()))[0],
    )
    igd.timeout = granted
    hear().report.until("up")
    assert planned[0] == pytest.approx(seconds, abs=1.0)


def test_a_router_that_rebooted_is_subscribed_at_again_and_a_change_meanwhile_rings(igd, hear, monkeypatch):
    monkeypatch.setattr(upnp, "RENEW_S", 0.1)
    ear = hear()
    ear.report.until("up")
    igd.subscriptions.clear()
    igd.address = MOVED
    ear.report.until("upnp")
    assert [str(each).partition(":")[0] for each in ear.report.told] == ["up", "down", "up", "upnp"]
    assert igd.asked.count("subscribe") == 2


def test_a_reboot_without_a_change_rings_nobody(igd, hear, monkeypatch):
    monkeypatch.setattr(upnp, "RENEW_S", 0.1)
    ear = hear()
    ear.report.until("up")
    igd.subscriptions.clear()
    ear.report.until("up", 2)
    assert ear.report.rings == 0


def test_another_gateway_ends_the_subscription(igd, hear, monkeypatch):
    monkeypatch.setattr(upnp, "RENEW_S", 0.1)
    monkeypatch.setattr(ssdp, "_WAIT_S", 0.1)
    gateways = [GATEWAY]
    ear = hear(gateway=lambda: gateways[0])
    ear.report.until("up")
    gateways[0] = None
    ear.thread.join(10)
    assert "no IPv4 gateway" in str(ear.failure)
    assert igd.subscriptions == {}


def test_a_router_that_is_gone_is_a_failure_for_the_supervisor(igd, hear, monkeypatch):
    monkeypatch.setattr(upnp, "RENEW_S", 0.3)
    ear = hear()
    ear.report.until("up")
    igd._http.shutdown()
    igd._http.server_close()
    ear.thread.join(10)
    assert isinstance(ear.failure, ListenerFailed)


# -- routers and networks that do not let us hear ----------------------------------------------------------------------


def test_events_that_never_arrive_are_told(igd, hear, monkeypatch):
    monkeypatch.setattr(upnp, "PROOF_S", 0.2)
    igd.greets = False
    ear = hear()
    ear.report.until("down: the router's events do not arrive")
    igd.tell_all(ExternalIPAddress=HOME)
    ear.report.until("up")
    assert len([each for each in ear.report.told if str(each).startswith("down")]) == 1


def test_a_lan_without_upnp_is_a_failure_that_says_so(igd, hear, monkeypatch):
    monkeypatch.setattr(ssdp, "_WAIT_S", 0.1)
    igd.answers = []
    ear = hear()
    ear.thread.join(10)
    assert str(ear.failure) == "no UPnP router answers"


def test_a_router_without_events_and_one_that_refuses_are_failures(igd, hear):
    igd.subscribe_status = 503
    refused = hear()
    refused.thread.join(10)
    assert "status 503" in str(refused.failure)
    igd.description = description((WANIP2, "/ctl", ""))
    silent = hear()
    silent.thread.join(10)
    assert "no events" in str(silent.failure)


# -- forgers -----------------------------------------------------------------------------------------------------------


def test_an_event_from_another_host_is_not_even_read(igd, ear, sid):
    with pytest.raises(OSError):  # noqa: PT011 - hung up on, in one way or another
        igd.notify(sid, 1, event(ExternalIPAddress=MOVED), source="127.0.0.2")
    ear.report.until("ignored: wrong_sender")
    assert ear.report.rings == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"SID": "uuid:another"}, 412),
        ({"SID": None}, 412),
        ({"NT": None}, 400),
        ({"NTS": None}, 400),
        ({"NT": "upnp:rumour"}, 412),
        ({"NTS": "upnp:gossip"}, 412),
        ({"SEQ": "-1"}, 400),
        ({"SEQ": None}, 400),
        ({"SEQ": "99999999999"}, 400),
        ({"Content-Length": "-1"}, 400),
        ({"Content-Length": "999999"}, 413),
        ({"Transfer-Encoding": "chunked"}, 501),
    ],
)
def test_an_event_that_is_not_ours_or_not_in_form_is_refused(igd, ear, sid, headers, status):
    assert igd.notify(sid, 1, event(ExternalIPAddress=MOVED), **headers) == status
    ear.report.until("ignored: ")
    assert ear.report.rings == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<propertyset",
        b"<root/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + event(ExternalIPAddress="&a;"),
    ],
)
def test_a_body_that_is_no_event_is_refused(igd, ear, sid, body):
    assert igd.notify(sid, 1, body) == 400
    ear.report.until("ignored: malformed")
    assert ear.report.rings == 0


def dial(igd, sid):
    host, _, port = igd.subscriptions[sid].removeprefix("http://").rstrip("/").partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"405"),
        (b"\x16\x03\x01\r\n\r\n", b"400"),
        (b"NOTIFY / HTTP/1.1\r\nSID : x\r\n\r\n", b"400"),
        (b"NOTIFY / HTTP/1.1\r\nSID: x\r\nSID: y\r\n\r\n", b"400"),
        (b"A" * (LARGEST + 1), b"413"),
    ],
)
def test_what_is_no_event_at_all_gets_its_answer(igd, ear, sid, raw, status):
    with dial(igd, sid) as sock:
        sock.sendall(raw)
        assert sock.recv(100).split()[1] == status
    ear.report.until("ignored: malformed")


def test_who_drips_is_cut_off_and_keeps_nobody_out(igd, ear, sid, monkeypatch):
    monkeypatch.setattr(callback_port, "REQUEST_S", 0.3)
    with dial(igd, sid) as slow:
        slow.sendall(b"NOTIFY / HT")
        assert igd.tell_all(ExternalIPAddress=MOVED) == [200]
        assert slow.recv(100) == b""
    ear.report.until("ignored: malformed")


def test_half_open_connections_do_not_keep_the_router_out(igd, ear, sid, monkeypatch):
    monkeypatch.setattr(callback_port, "REQUEST_S", 60.0)
    held = [dial(igd, sid) for _ in range(3 * MOST_OPEN)]
    try:
        assert igd.tell_all(ExternalIPAddress=MOVED) == [200]
        ear.report.until("upnp")
        assert [sock.recv(1) for sock in held[: 2 * MOST_OPEN]] == [b""] * 2 * MOST_OPEN
    finally:
        for sock in held:
            sock.close()


def test_a_length_that_is_not_kept_is_refused_and_one_that_is_missing_ends_with_the_connection(igd, ear, sid):
    head = f"NOTIFY / HTTP/1.1\r\nNT: upnp:event\r\nNTS: upnp:propchange\r\nSID: {sid}\r\nSEQ: 1\r\n"
    for length, status in (("Content-Length: 900\r\n", b"400"), ("", b"200")):
        with dial(igd, sid) as sock:
            sock.sendall(head.encode() + length.encode() + b"\r\n" + event(ExternalIPAddress=MOVED))
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(100).split()[1] == status
    assert ear.report.rings == 1
