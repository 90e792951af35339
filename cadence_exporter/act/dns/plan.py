"""What has to be done at a provider, from what it holds and what is wanted. Pure; it is the last gate before a write."""

from dataclasses import dataclass
from ipaddress import ip_address

from cadence_exporter.model.address import IpAddress, family_of
from cadence_exporter.model.ranges import cdn_range, special_range
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet


@dataclass(frozen=True, slots=True)
class Nothing:
    """The record is as it should be."""

    held: HeldRecord


@dataclass(frozen=True, slots=True)
class Create:
    """There is no such record, and one may be made."""


@dataclass(frozen=True, slots=True)
class Update:
    """This record is to be changed, and no other."""

    held: HeldRecord


@dataclass(frozen=True, slots=True)
class Refuse:
    """The record is in a shape that must not be touched; ``reason`` says what a person has to put right."""

    reason: str


Plan = Nothing | Create | Update | Refuse


def plan(spec: RecordSpec, seen: RecordSet, wanted: IpAddress) -> Plan:
    """What to do so that ``spec`` says ``wanted``. Never more than one record is touched, and one is never picked by guessing."""
    if family_of(wanted) is not spec.family:
        return Refuse(f"{wanted} cannot be the content of an {spec.key.type} record")
    never = special_range(wanted) or cdn_range(wanted)
    if never is not None:
        return Refuse(f"{wanted} must never be published ({never})")
    if seen.cname is not None:
        return Refuse(f"{spec.key.name} is a CNAME to {seen.cname}; remove it, or keep another name")
    held = _the_one(spec, seen)
    if not isinstance(held, HeldRecord):
        return held
    if says(held, wanted) and not _drifted(spec, held):
        return Nothing(held)
    return Update(held)


def says(held: HeldRecord, wanted: IpAddress) -> bool:
    """Whether a record's content is this address, however it is spelt."""
    return address_in(held) == wanted


def address_in(held: HeldRecord) -> IpAddress | None:
    """The address a record holds; ``None`` when its content is no address."""
    try:
        return ip_address(held.content.strip())
    except ValueError:
        return None


def _the_one(spec: RecordSpec, seen: RecordSet) -> HeldRecord | Create | Refuse:
    """The single record that may be touched."""
    if spec.id is not None:
        pinned = [held for held in seen.held if held.id == spec.id]
        if len(pinned) == 1:
            return pinned[0]
        return Refuse(
            f"the pinned id is not that of an {spec.key.type} record of {spec.key.name}: gone, or another record"
        )
    if len(seen.held) > 1:
        contents = ", ".join(held.content for held in seen.held)
        return Refuse(
            f"{len(seen.held)} {spec.key.type} records of {spec.key.name} ({contents}); remove all but one, or pin its id"
        )
    if seen.held:
        return seen.held[0]
    if not spec.create:
        return Refuse(f"there is no {spec.key.type} record of {spec.key.name}, and it may not be created")
    return Create()


def _drifted(spec: RecordSpec, held: HeldRecord) -> bool:
    """Whether something the settings name beside the address differs. What a provider does not have cannot drift."""
    if spec.proxied is not None and held.proxied is not None and held.proxied is not spec.proxied:
        return True
    # A proxied record reports an automatic TTL whatever was set: it would drift for ever.
    return spec.ttl is not None and held.ttl is not None and not held.proxied and held.ttl != spec.ttl
