"""A change on a real authoritative server, seen through a real resolver over HTTPS."""

import time
from ipaddress import ip_address

import pytest

from cadence_exporter.act.dns.doh_truth import DohTruth
from cadence_exporter.act.dns.reconcile import Reconciler
from cadence_exporter.act.dns.rfc2136 import Rfc2136, tsig_key
from cadence_exporter.clock import SystemClock
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.decision import ConfirmVisible, Reconcile
from cadence_exporter.model.outcome import Result
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from tests.servers.dns import Knot

CLOCK = SystemClock()
OLD, NEW = ip_address("81.2.69.142"), ip_address("93.184.216.34")
SPEC = RecordSpec(RecordKey("vpn.example.com", RecordType.A), "rfc2136")


@pytest.mark.real_server
def test_a_change_goes_into_the_zone_and_comes_out_of_the_resolver(
    knot: Knot, doh_before_knot: str, ca_environ: dict[str, str]
) -> None:
    key = tsig_key(knot.key_name, knot.key_secret, knot.key_algorithm)
    provider = Rfc2136(CLOCK, server="127.0.0.1", port=knot.port, zone=knot.zone, key=key)
    truth = DohTruth(doh_before_knot, Https(CLOCK, CallLog(), environ=ca_environ))
    reconciler = Reconciler(CLOCK, (truth,), {"rfc2136": provider}, rehearse=False, call_timeout_s=5)

    def reconcile(address: object) -> tuple[Result, tuple[object, ...]]:
        action = Reconcile(
            SPEC, ip_address(str(address)), CLOCK.now(), CLOCK.now(), full_truth=True, turn=0, may_write=True
        )
        outcome = reconciler.reconcile(action)
        return outcome.result, outcome.found

    assert reconcile(OLD) == (Result.VERIFIED, (OLD,))
    assert reconcile(NEW) == (Result.UPDATED, (OLD,))
    assert knot.addresses("vpn.example.com") == [str(NEW)]
    give_up = time.monotonic() + 10
    while (seen := reconciler.confirm(ConfirmVisible(SPEC, NEW))).result is not Result.VISIBLE:
        assert seen.result is Result.LAGGING
        assert time.monotonic() < give_up, seen.detail
        time.sleep(0.1)
    assert reconcile(NEW) == (Result.VERIFIED, (NEW,))
