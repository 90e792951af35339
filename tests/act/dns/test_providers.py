"""The contract of every provider: the same behaviour, whoever keeps the record."""

import contextlib
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from cadence_exporter.act.dns.cloudflare import Cloudflare
from cadence_exporter.act.dns.file import HostsFile
from cadence_exporter.act.dns.reconcile import Reconciler
from cadence_exporter.act.dns.rfc2136 import Rfc2136, tsig_key
from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.cloudflare import CloudflareFake
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import IpAddress, RecordType
from cadence_exporter.model.decision import Reconcile
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.outcome import Operation, Result
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.seams import DnsProvider
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.world import World
from tests.act.dns.pretend import Truth
from tests.servers.dns import KEY_SECRET, Knot

CLOCK = SystemClock()
OLD, NEW = ip_address("81.2.69.142"), ip_address("93.184.216.34")
SIX = ip_address("2a01:4f8::1")


@pytest.fixture(
    params=["cloudflare", "file", "simulated", pytest.param("rfc2136", marks=pytest.mark.real_server)],
)
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DnsProvider]:
    match request.param:
        case "cloudflare":
            with CloudflareFake({"example.com": "1" * 32}, "token") as fake:
                https = Https(CLOCK, CallLog(), environ={})
                yield Cloudflare(https, CLOCK, api_token="token", zone_id=None, base_url=fake.base_url)
                assert fake.deletes == 0
        case "file":
            yield HostsFile(tmp_path / "hosts")
        case "simulated":
            yield World(PLAIN, 1, 86_400.0).zone
        case _:
            knot: Knot = request.getfixturevalue("knot")
            key = tsig_key(knot.key_name, KEY_SECRET, knot.key_algorithm)
            yield Rfc2136(CLOCK, server="127.0.0.1", port=knot.port, zone="example.com", key=key)


def soon() -> Instant:
    return later(CLOCK.monotonic(), 5)


def spec(provider: DnsProvider, name: str = "new.example.com", kind: RecordType = RecordType.A) -> RecordSpec:
    return RecordSpec(RecordKey(name, kind), provider.name)


def contents(provider: DnsProvider, wanted: RecordSpec) -> list[str]:
    return [held.content for held in provider.read(wanted, soon()).held]


def test_what_is_missing_is_seen_as_missing(provider: DnsProvider) -> None:
    seen = provider.read(spec(provider), soon())
    assert (seen.held, seen.cname) == ((), None)


def test_what_was_created_is_read_back(provider: DnsProvider) -> None:
    provider.create(spec(provider), OLD, soon())
    assert contents(provider, spec(provider)) == [str(OLD)]


def test_a_change_replaces_the_content(provider: DnsProvider) -> None:
    provider.create(spec(provider), OLD, soon())
    (held,) = provider.read(spec(provider), soon()).held
    provider.update(spec(provider), held, NEW, soon())
    assert contents(provider, spec(provider)) == [str(NEW)]


def test_a_change_to_the_same_address_is_harmless(provider: DnsProvider) -> None:
    provider.create(spec(provider), OLD, soon())
    (held,) = provider.read(spec(provider), soon()).held
    provider.update(spec(provider), held, OLD, soon())
    assert contents(provider, spec(provider)) == [str(OLD)]


def test_families_and_names_do_not_touch_each_other(provider: DnsProvider) -> None:
    ipv6, other = spec(provider, kind=RecordType.AAAA), spec(provider, "other.example.com")
    provider.create(spec(provider), OLD, soon())
    provider.create(ipv6, SIX, soon())
    provider.create(other, OLD, soon())
    (held,) = provider.read(spec(provider), soon()).held
    provider.update(spec(provider), held, NEW, soon())
    assert [contents(provider, each) for each in (spec(provider), ipv6, other)] == [[str(NEW)], [str(SIX)], [str(OLD)]]


def test_a_record_that_is_not_what_was_read_is_never_made_a_second_one(provider: DnsProvider) -> None:
    provider.create(spec(provider), OLD, soon())
    (held,) = provider.read(spec(provider), soon()).held
    provider.update(spec(provider), held, NEW, soon())
    with contextlib.suppress(ActionFailed):
        provider.update(spec(provider), held, ip_address("81.2.69.150"), soon())
    assert len(contents(provider, spec(provider))) == 1


def test_reconciling_creates_then_changes_then_holds(provider: DnsProvider) -> None:
    reconciler = Reconciler(CLOCK, (Truth("mute", None),), {provider.name: provider}, rehearse=False, call_timeout_s=5)

    def reconcile(address: IpAddress) -> tuple[Result, Operation | None]:
        action = Reconcile(spec(provider), address, CLOCK.now(), CLOCK.now(), full_truth=True, turn=0, may_write=True)
        outcome = reconciler.reconcile(action)
        assert outcome.visible_at_once is not provider.in_public_dns
        return outcome.result, outcome.operation

    assert reconcile(OLD) == (Result.CREATED, Operation.CREATE)
    assert reconcile(OLD) == (Result.HELD, None)
    assert reconcile(NEW) == (Result.UPDATED, Operation.UPDATE)
    assert reconcile(NEW) == (Result.HELD, None)
    assert contents(provider, spec(provider)) == [str(NEW)]
