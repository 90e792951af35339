"""One DNS-over-HTTPS operator as truth (RFC 8484): by POST, or GET where POST is unknown. Only NOERROR and NXDOMAIN are answers."""

import base64
import re
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.operators import operator_of
from cadence_exporter.model.record import RecordKey
from cadence_exporter.model.zone import TruthAnswer
from cadence_exporter.outbound.https import Answer, Https, Request

SERVICE = "doh"
MEDIA_TYPE = "application/dns-message"
# A DNS message has at most 65535 octets (RFC 1035 section 4.2.2).
MAX_BYTES = 65_535
_HTTP_OK = 200
_NO_POST = (404, 405, 501)
"""What a server without POST says. RFC 8484 section 4.1 asks for both methods, but small ones know only GET."""


class DohTruth:
    """The resolver at ``url``."""

    def __init__(self, url: str, https: Https) -> None:
        self.operator = operator_of(url)
        self._url = url
        self._https = https
        self._method = "POST"

    def look_up(self, key: RecordKey, deadline: Instant) -> TruthAnswer:
        """Ask for the addresses of a name. Raises ProbeFailed."""
        query = _query(key)
        answer = self._https.call(self._request(query.to_wire()), deadline)
        if self._method == "POST" and answer.status in _NO_POST:
            self._method = "GET"
            answer = self._https.call(self._request(query.to_wire()), deadline)
        if answer.status != _HTTP_OK:
            raise ProbeFailed(FailureReason.HTTP, f"status {answer.status}")
        return _judge(self.operator, query, _message(answer), _age_s(answer))

    def _request(self, wire: bytes) -> Request:
        if self._method == "POST":
            headers = {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE}
            return Request(SERVICE, self._url, "POST", headers, wire, max_bytes=MAX_BYTES)
        parameter = "dns=" + base64.urlsafe_b64encode(wire).decode().rstrip("=")
        url = self._url + ("&" if "?" in self._url else "?") + parameter
        return Request(SERVICE, url, headers={"Accept": MEDIA_TYPE}, max_bytes=MAX_BYTES)


def _query(key: RecordKey) -> dns.message.QueryMessage:
    """With id 0, so that HTTP caches can recognise it (RFC 8484 section 4.1), and without EDNS: nothing in it is needed."""
    name = dns.name.from_text(key.name + ".")
    return dns.message.make_query(name, dns.rdatatype.from_text(key.type), use_edns=False, id=0)


def _message(answer: Answer) -> dns.message.Message:
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise _malformed(f"media type {media_type[:60]!r}")
    try:
        return dns.message.from_wire(answer.body, raise_on_truncation=True)
    except (dns.exception.DNSException, ValueError) as error:
        raise _malformed(type(error).__name__) from error


def _judge(operator: str, query: dns.message.QueryMessage, response: dns.message.Message, age_s: int) -> TruthAnswer:
    # Not Query.is_response: it excuses a missing question when the rcode is an error, and insists on an id that HTTP makes pointless.
    if not response.flags & dns.flags.QR or response.question != query.question:
        raise _malformed("the answer to another question")
    rcode = response.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise ProbeFailed(FailureReason.DNS, dns.rcode.to_text(rcode))
    rrset, ttl_s = _follow_aliases(response)
    if rcode == dns.rcode.NXDOMAIN and rrset is not None:
        raise _malformed("NXDOMAIN with addresses")
    addresses: set[IpAddress] = {ip_address(rdata.address) for rdata in rrset or ()}
    in_order = tuple(sorted(addresses, key=int))
    return TruthAnswer(operator, in_order, dns.rcode.to_text(rcode), None if ttl_s is None else max(0, ttl_s - age_s))


def _follow_aliases(response: dns.message.Message) -> tuple[dns.rrset.RRset | None, int | None]:
    """The addresses at the end of the CNAME chain within this answer, and the smallest TTL on the way (RFC 1034 section 3.6.2)."""
    question = response.question[0]
    name = question.name
    ttls: list[int] = []
    for _ in range(dns.message.MAX_CHAIN):
        rrset = response.get_rrset(response.answer, name, question.rdclass, question.rdtype)
        if rrset is not None:
            return rrset, min(*ttls, rrset.ttl) if ttls else rrset.ttl
        alias = response.get_rrset(response.answer, name, question.rdclass, dns.rdatatype.CNAME)
        if alias is None:
            return None, min(ttls, default=None)
        ttls.append(alias.ttl)
        name = alias[0].target
    raise _malformed("a loop of CNAMEs")


def _age_s(answer: Answer) -> int:
    """Seconds that an HTTP cache held the answer (RFC 9111 section 5.1); they are gone from every TTL in it."""
    age = answer.headers.get("age", "")
    return int(age) if re.fullmatch("[0-9]{1,9}", age) else 0


def _malformed(what: str) -> ProbeFailed:
    return ProbeFailed(FailureReason.CONTENT, f"not a DNS answer: {what}")
