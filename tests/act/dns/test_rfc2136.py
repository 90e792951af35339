import socket
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from cadence_exporter.act.dns.rfc2136 import Rfc2136, tsig_key
from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet
from tests.conftest import Loopback
from tests.servers.dns import KEY_SECRET, Knot

CLOCK = SystemClock()
OLD, NEW = ip_address("81.2.69.142"), ip_address("93.184.216.34")


def spec(name: str, kind: RecordType = RecordType.A, ttl: int | None = None) -> RecordSpec:
    return RecordSpec(RecordKey(name, kind), "rfc2136", ttl=ttl)


def soon(seconds: float = 5.0) -> Instant:
    return later(CLOCK.monotonic(), seconds)


def provider(port: int, secret: str = KEY_SECRET, key_name: str = "cadence-test", server: str = "127.0.0.1") -> Rfc2136:
    key = tsig_key(key_name, secret, "hmac-sha256")
    return Rfc2136(CLOCK, server=server, port=port, zone="example.com", key=key)


@pytest.mark.real_server
class TestAgainstKnot:
    def test_a_record_is_read_with_its_ttl(self, knot: Knot) -> None:
        assert provider(knot.port).read(spec("vpn.example.com"), soon()) == RecordSet((HeldRecord(str(OLD), ttl=60),))

    def test_the_server_may_be_given_by_name(self, knot: Knot) -> None:
        assert provider(knot.port, server="localhost").read(spec("vpn.example.com"), soon()).held

    def test_a_change_replaces_the_content_and_keeps_the_ttl(self, knot: Knot) -> None:
        rfc2136 = provider(knot.port)
        rfc2136.update(spec("vpn.example.com"), HeldRecord(str(OLD), ttl=60), NEW, soon())
        assert knot.addresses("vpn.example.com") == [str(NEW)]
        assert knot.ttl("vpn.example.com") == 60

    def test_a_ttl_that_is_asked_for_is_set(self, knot: Knot) -> None:
        provider(knot.port).update(spec("vpn.example.com", ttl=120), HeldRecord(str(OLD), ttl=60), NEW, soon())
        assert knot.ttl("vpn.example.com") == 120

    def test_a_record_that_changed_meanwhile_is_left_alone(self, knot: Knot) -> None:
        with pytest.raises(ActionFailed, match="NXRRSET"):
            provider(knot.port).update(spec("vpn.example.com"), HeldRecord("81.2.69.150", ttl=60), NEW, soon())
        assert knot.addresses("vpn.example.com") == [str(OLD)]

    def test_a_second_record_that_came_meanwhile_is_left_alone(self, knot: Knot) -> None:
        with pytest.raises(ActionFailed, match="NXRRSET"):
            provider(knot.port).update(spec("two.example.com"), HeldRecord(str(OLD), ttl=60), NEW, soon())
        assert len(knot.addresses("two.example.com")) == 2

    def test_a_missing_record_is_created_with_a_short_ttl(self, knot: Knot) -> None:
        rfc2136 = provider(knot.port)
        assert rfc2136.read(spec("new.example.com"), soon()) == RecordSet(())
        rfc2136.create(spec("new.example.com"), NEW, soon())
        assert knot.addresses("new.example.com") == [str(NEW)]
        assert knot.ttl("new.example.com") == 60

    def test_an_ipv6_record_is_created_beside_the_ipv4_one(self, knot: Knot) -> None:
        provider(knot.port).create(spec("vpn.example.com", RecordType.AAAA), ip_address("2a01:4f8::1"), soon())
        assert knot.addresses("vpn.example.com", "AAAA") == ["2a01:4f8::1"]
        assert knot.addresses("vpn.example.com") == [str(OLD)]

    def test_what_was_created_by_somebody_else_meanwhile_gets_no_twin(self, knot: Knot) -> None:
        with pytest.raises(ActionFailed, match="YXRRSET"):
            provider(knot.port).create(spec("vpn.example.com"), NEW, soon())
        assert knot.addresses("vpn.example.com") == [str(OLD)]

    def test_a_cname_in_the_way_is_seen_and_never_joined(self, knot: Knot) -> None:
        rfc2136 = provider(knot.port)
        assert rfc2136.read(spec("alias.example.com"), soon()) == RecordSet((), cname="vpn.example.com")
        with pytest.raises(ActionFailed, match="YXRRSET"):
            rfc2136.create(spec("alias.example.com"), NEW, soon())

    def test_several_records_are_all_seen(self, knot: Knot) -> None:
        assert len(provider(knot.port).read(spec("two.example.com"), soon()).held) == 2

    @pytest.mark.parametrize("name", ["vpn.wild.example.com", "vpn.wildalias.example.com"])
    def test_what_a_wildcard_answers_is_not_taken_for_a_record(self, knot: Knot, name: str) -> None:
        rfc2136 = provider(knot.port)
        assert rfc2136.read(spec(name), soon()) == RecordSet(())
        rfc2136.create(spec(name), NEW, soon())
        assert knot.addresses(name) == [str(NEW)]

    def test_the_wildcard_itself_can_be_kept(self, knot: Knot) -> None:
        rfc2136 = provider(knot.port)
        (held,) = rfc2136.read(spec("*.wild.example.com"), soon()).held
        rfc2136.update(spec("*.wild.example.com"), held, NEW, soon())
        assert knot.addresses("anything.wild.example.com") == [str(NEW)]

    def test_the_apex_can_be_kept(self, knot: Knot) -> None:
        provider(knot.port).create(spec("example.com"), NEW, soon())
        assert knot.addresses("example.com") == [str(NEW)]

    def test_a_name_delegated_to_another_server_is_refused(self, knot: Knot) -> None:
        with pytest.raises(ActionFailed, match="not the authority") as caught:
            provider(knot.port).read(spec("vpn.elsewhere.example.com"), soon())
        assert caught.value.refusal

    def test_a_name_outside_the_zone_is_refused_without_asking(self) -> None:
        with pytest.raises(ActionFailed, match="does not lie in the zone") as caught:
            provider(1).read(spec("vpn.example.net"), soon())
        assert caught.value.refusal

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"secret": "d3JvbmcgZm9yIHN1cmU="}, "TSIG signature|key is not the same"),
            ({"key_name": "unknown"}, "TSIG key"),
        ],
    )
    def test_a_wrong_key_changes_nothing_and_is_explained(
        self, knot: Knot, changed: dict[str, str], words: str
    ) -> None:
        with pytest.raises(ActionFailed, match=words) as caught:
            provider(knot.port, **changed).update(spec("vpn.example.com"), HeldRecord(str(OLD)), NEW, soon())
        assert changed.get("secret", "none") not in str(caught.value)
        assert knot.addresses("vpn.example.com") == [str(OLD)]

    def test_without_a_key_the_update_is_not_allowed(self, knot: Knot) -> None:
        unsigned = Rfc2136(CLOCK, server="127.0.0.1", port=knot.port, zone="example.com", key=None)
        with pytest.raises(ActionFailed, match=r"NOTAUTH|REFUSED"):
            unsigned.update(spec("vpn.example.com"), HeldRecord(str(OLD)), NEW, soon())
        assert knot.addresses("vpn.example.com") == [str(OLD)]

    def test_a_zone_the_server_does_not_have_is_explained(self, knot: Knot) -> None:
        other = Rfc2136(
            CLOCK,
            server="127.0.0.1",
            port=knot.port,
            zone="example.net",
            key=tsig_key("cadence-test", KEY_SECRET, "hmac-sha256"),
        )
        with pytest.raises(ActionFailed, match=r"NOTAUTH|REFUSED|not the authority"):
            other.read(spec("vpn.example.net"), soon())


def echo(change: Callable[[bytes], bytes]) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        length = int.from_bytes(connection.recv(2), "big")
        answer = change(connection.recv(length))
        connection.sendall(len(answer).to_bytes(2, "big") + answer)

    return talk


def unsigned(wire: bytes, flags: bytes, own_id: bytes | None = None) -> bytes:
    """The question back, without the signature."""
    end = wire.index(0, 12) + 5
    return (own_id or wire[:2]) + flags + bytes((0, 1, 0, 0, 0, 0, 0, 0)) + wire[12:end]


@pytest.mark.parametrize(
    "change",
    [
        lambda query: unsigned(query, b"\x84\x00"),  # authoritative: there is no such record
        lambda query: unsigned(query, b"\x84\x03"),  # NXDOMAIN
        lambda query: unsigned(query, b"\xa8\x00"),  # update done
        lambda query: unsigned(query, b"\xa8\x08"),  # NXRRSET
        lambda query: unsigned(query, b"\x84\x05"),  # REFUSED
        lambda query: query[:2] + b"\x84\x00" + query[4:],
        lambda query: b"\x00\x00" + query[2:],
        lambda _: b"garbage",
        lambda _: b"",
        lambda _: b"\xff" * 65_535,
    ],
)
def test_an_answer_that_is_not_the_servers_own_is_never_believed(
    loopback: Loopback, change: Callable[[bytes], bytes]
) -> None:
    port = loopback.serve(echo(change))
    with pytest.raises(ActionFailed):
        provider(port).read(spec("vpn.example.com"), soon())
    with pytest.raises(ActionFailed):
        provider(port).create(spec("vpn.example.com"), NEW, soon())


def test_without_a_key_an_answer_must_at_least_be_to_our_question(loopback: Loopback) -> None:
    def read(change: Callable[[bytes], bytes]) -> RecordSet:
        port = loopback.serve(echo(change))
        open_server = Rfc2136(CLOCK, server="127.0.0.1", port=port, zone="example.com", key=None)
        return open_server.read(spec("vpn.example.com"), soon())

    assert read(lambda query: unsigned(query, b"\x84\x00")) == RecordSet(())
    with pytest.raises(ActionFailed, match="another question"):
        read(lambda query: unsigned(query, b"\x84\x00", own_id=bytes((query[0] ^ 1, query[1]))))
    with pytest.raises(ActionFailed, match="another question"):
        read(lambda query: unsigned(query, b"\x84\x00").replace(b"vpn", b"www"))


def test_a_silent_server_costs_no_more_than_the_deadline(loopback: Loopback) -> None:
    began = CLOCK.monotonic()
    with pytest.raises(ActionFailed, match="deadline"):
        provider(loopback.serve(loopback.silent)).read(spec("vpn.example.com"), soon(0.2))
    assert CLOCK.monotonic() - began < 2


def test_a_server_that_is_not_there_is_named(loopback: Loopback) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ActionFailed, match=f"127.0.0.1 port {port}: Connection refused"):
            provider(port).read(spec("vpn.example.com"), soon())


def test_an_unusable_key_is_named_but_not_shown() -> None:
    with pytest.raises(ValueError, match="not a usable TSIG key") as caught:
        tsig_key("name", "not base64!", "hmac-sha256")
    assert "base64!" not in str(caught.value)
