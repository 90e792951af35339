"""Records on a DNS server of one's own, by dynamic update (RFC 2136), signed with TSIG (RFC 8945).

Each change is one atomic message whose prerequisites repeat what was read: whatever changed meanwhile makes the server refuse it.
"""

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update

from cadence_exporter.act.dns.dns_tcp import exchange
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet
from cadence_exporter.seams import Clock
from cadence_exporter.settings.names import is_within

NEW_RECORD_TTL_S = 60
"""A home's address moves: resolvers should not hold the old one for longer than a minute."""

_WORDS = {
    dns.rcode.REFUSED: "the server does not allow this (check its update ACL)",
    dns.rcode.NOTAUTH: "the server is not the authority for this zone, or does not accept the TSIG key",
    dns.rcode.NOTZONE: "the name does not lie in the zone",
    dns.rcode.YXRRSET: "the record exists meanwhile; it is looked up again",
    dns.rcode.NXRRSET: "the record was changed by somebody else meanwhile; it is looked up again",
    dns.rcode.YXDOMAIN: "the name exists meanwhile; it is looked up again",
    dns.rcode.NXDOMAIN: "the name is gone meanwhile; it is looked up again",
    dns.rcode.SERVFAIL: "the server failed",
    dns.rcode.NOTIMP: "the server does not take dynamic updates",
    dns.rcode.FORMERR: "the server did not understand the message",
}


class Rfc2136:
    """``server`` is a host name or an address; without ``key`` messages are not signed, which a server may allow by address."""

    name = "rfc2136"
    in_public_dns = True

    def __init__(self, clock: Clock, *, server: str, port: int, zone: str, key: dns.tsig.Key | None) -> None:
        self._clock = clock
        self._server = (server, port)
        self._zone = zone
        self._origin = dns.name.from_text(zone + ".")
        self._key = key

    def read(self, spec: RecordSpec, deadline: Instant) -> RecordSet:
        """What the server itself holds, not what a wildcard makes of it. Raises ActionFailed."""
        if not is_within(spec.key.name, self._zone):
            raise ActionFailed(f"{spec.key.name} does not lie in the zone {self._zone}", refusal=True)
        name, kind = _name(spec), dns.rdatatype.from_text(spec.key.type)
        query = dns.message.make_query(name, kind, use_edns=False, flags=0)
        response = self._exchange(query, deadline)
        if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise _failed(response)
        if not response.flags & dns.flags.AA:
            raise ActionFailed(f"{self._server[0]} is not the authority for {spec.key.name}", refusal=True)
        found = response.get_rrset(response.answer, name, dns.rdataclass.IN, kind)
        alias = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is not None and self._exists(name, dns.rdatatype.CNAME, deadline):
            return RecordSet((), cname=alias[0].target.to_text(omit_final_dot=True))
        if found is not None and self._exists(name, kind, deadline):
            return RecordSet(tuple(HeldRecord(rdata.address, ttl=found.ttl) for rdata in found))
        return RecordSet(())

    def create(self, spec: RecordSpec, address: IpAddress, deadline: Instant) -> None:
        """Make the missing record, on condition that it is still missing and no CNAME is there. Raises ActionFailed."""
        name = _name(spec)
        update = dns.update.UpdateMessage(self._origin)
        update.absent(name, str(spec.key.type))
        update.absent(name, "CNAME")
        update.add(name, spec.ttl or NEW_RECORD_TTL_S, str(spec.key.type), str(address))
        self._commit(update, deadline)

    def update(self, spec: RecordSpec, held: HeldRecord, address: IpAddress, deadline: Instant) -> None:
        """Replace the record, on condition that it is exactly what was read (RFC 2136 section 2.4.2). Raises ActionFailed.

        The protocol knows no "change": the old content goes and the new one comes in one transaction, and nobody sees a gap.
        """
        name, kind = _name(spec), str(spec.key.type)
        update = dns.update.UpdateMessage(self._origin)
        update.present(name, kind, held.content)
        update.replace(name, spec.ttl or held.ttl or NEW_RECORD_TTL_S, kind, str(address))
        self._commit(update, deadline)

    def _exists(self, name: dns.name.Name, kind: dns.rdatatype.RdataType, deadline: Instant) -> bool:
        """Whether the zone really has such records here, or a wildcard merely answered for them: an update that changes nothing asks."""
        update = dns.update.UpdateMessage(self._origin)
        update.present(name, kind)
        response = self._exchange(update, deadline)
        if response.rcode() in (dns.rcode.NXRRSET, dns.rcode.NXDOMAIN):
            return False
        if response.rcode() != dns.rcode.NOERROR:
            raise _failed(response)
        return True

    def _commit(self, update: dns.update.UpdateMessage, deadline: Instant) -> None:
        response = self._exchange(update, deadline)
        if response.rcode() != dns.rcode.NOERROR:
            raise _failed(response)

    def _exchange(self, query: dns.message.Message, deadline: Instant) -> dns.message.Message:
        if self._key is not None:
            query.use_tsig(self._key)
        return exchange(self._server, query, self._clock, deadline)


def tsig_key(name: str, secret: str, algorithm: str) -> dns.tsig.Key:
    """A TSIG key from its base64 form. Raises ValueError, without the key in it."""
    try:
        return dns.tsig.Key(dns.name.from_text(name), secret, dns.name.from_text(algorithm))
    except (dns.exception.DNSException, ValueError):
        raise ValueError("not a usable TSIG key (it is not shown here)") from None


def _name(spec: RecordSpec) -> dns.name.Name:
    return dns.name.from_text(spec.key.name + ".")


def _failed(response: dns.message.Message) -> ActionFailed:
    rcode = response.rcode()
    words = _WORDS.get(rcode, "the server did not do it")
    refusal = rcode in (dns.rcode.NOTZONE, dns.rcode.NOTIMP)
    return ActionFailed(f"{words} ({dns.rcode.to_text(rcode)})", refusal=refusal)
