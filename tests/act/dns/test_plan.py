from ipaddress import ip_address

import pytest

from cadence_exporter.act.dns.plan import Create, Nothing, Plan, Refuse, Update, address_in, plan
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet

KEY = RecordKey("vpn.example.com", RecordType.A)
SPEC = RecordSpec(KEY, "cloudflare")
WANTED = ip_address("93.184.216.34")
RIGHT = HeldRecord("93.184.216.34", id="1", ttl=300, proxied=False)
WRONG = HeldRecord("81.2.69.142", id="2", ttl=300, proxied=False)


def spec(**named: object) -> RecordSpec:
    return RecordSpec(KEY, "cloudflare", **named)  # type: ignore[arg-type]


def proxied(content: str) -> HeldRecord:
    return HeldRecord(content, id="1", ttl=1, proxied=True)


@pytest.mark.parametrize(
    ("wanted_spec", "held", "planned"),
    [
        (SPEC, (RIGHT,), Nothing(RIGHT)),
        (SPEC, (WRONG,), Update(WRONG)),
        (SPEC, (HeldRecord("not an address"),), Update(HeldRecord("not an address"))),
        (SPEC, (), Create()),
        (spec(id="1"), (RIGHT,), Nothing(RIGHT)),
        (spec(id="2"), (RIGHT, WRONG), Update(WRONG)),
        (spec(id="1"), (RIGHT, WRONG), Nothing(RIGHT)),
        (spec(ttl=300, proxied=False), (RIGHT,), Nothing(RIGHT)),
        (spec(ttl=60), (RIGHT,), Update(RIGHT)),
        (spec(proxied=True), (RIGHT,), Update(RIGHT)),
        (spec(ttl=60), (HeldRecord("93.184.216.34"),), Nothing(HeldRecord("93.184.216.34"))),
        (spec(proxied=True), (HeldRecord("93.184.216.34"),), Nothing(HeldRecord("93.184.216.34"))),
        (spec(ttl=60), (proxied("93.184.216.34"),), Nothing(proxied("93.184.216.34"))),
        (spec(proxied=False), (proxied("93.184.216.34"),), Update(proxied("93.184.216.34"))),
    ],
)
def test_what_is_held_decides_what_is_done(
    wanted_spec: RecordSpec, held: tuple[HeldRecord, ...], planned: Plan
) -> None:
    assert plan(wanted_spec, RecordSet(held), WANTED) == planned


@pytest.mark.parametrize(
    ("wanted_spec", "seen", "words"),
    [
        (SPEC, RecordSet((), cname="home.example.net"), "CNAME to home.example.net"),
        (SPEC, RecordSet((RIGHT,), cname="home.example.net"), "CNAME"),
        (SPEC, RecordSet((RIGHT, WRONG)), "2 A records"),
        (SPEC, RecordSet((WRONG, WRONG)), "2 A records"),
        (spec(id="9"), RecordSet((RIGHT, WRONG)), "pinned id"),
        (spec(id="9"), RecordSet((WRONG,)), "pinned id"),
        (spec(id="9"), RecordSet(()), "pinned id"),
        (spec(create=False), RecordSet(()), "may not be created"),
    ],
)
def test_what_must_not_be_touched_is_refused_with_a_reason(
    wanted_spec: RecordSpec, seen: RecordSet, words: str
) -> None:
    planned = plan(wanted_spec, seen, WANTED)
    assert isinstance(planned, Refuse)
    assert words in planned.reason


def test_a_choice_between_several_records_is_left_to_a_person_who_is_told_what_they_hold() -> None:
    assert plan(SPEC, RecordSet((RIGHT, WRONG)), WANTED) == Refuse(
        "2 A records of vpn.example.com (93.184.216.34, 81.2.69.142); remove all but one, or pin its id"
    )


def test_an_ipv6_address_never_goes_into_an_a_record() -> None:
    assert plan(SPEC, RecordSet((WRONG,)), ip_address("2a01:4f8::1")) == Refuse(
        "2a01:4f8::1 cannot be the content of an A record"
    )


@pytest.mark.parametrize("address", ["192.168.0.1", "100.64.0.1", "203.0.113.9", "224.0.0.1", "0.0.0.0"])
def test_an_address_that_is_not_public_is_never_planned(address: str) -> None:
    planned = plan(SPEC, RecordSet((WRONG,)), ip_address(address))
    assert isinstance(planned, Refuse)
    assert "never be published" in planned.reason


def test_an_ipv6_address_is_compared_by_value_and_not_by_spelling() -> None:
    held = HeldRecord("2A01:04F8:0:0::1")
    aaaa = RecordSpec(RecordKey("vpn.example.com", RecordType.AAAA), "cloudflare")
    assert plan(aaaa, RecordSet((held,)), ip_address("2a01:4f8::1")) == Nothing(held)


def test_content_that_is_no_address_is_none() -> None:
    assert address_in(HeldRecord("v=spf1 -all")) is None
