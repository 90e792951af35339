"""The General Event Notification Architecture of UPnP: subscribing to a router's events, and what arrives then. Pure.

Source: UPnP Device Architecture 1.1, section 4 (4.1 subscription, 4.3 event messages).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

WANTED_S = 1800
"""The least that section 4.1.2 lets a device grant."""
SHORTEST_S = 30
"""A router that grants less is taken to mean this: nobody makes us ask every second."""
LARGEST = 16_384
"""Bytes of an event with its headers; a router's first one, with all it knows, has about 1 kB."""

_SID = re.compile(r"[!-~]{1,200}")
_TIMEOUT = re.compile(r"second-([0-9]{1,9})", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,6}")
_SEQ = re.compile(r"[0-9]{1,10}")
_HIGHEST_SEQ = 2**32 - 1


class BadNotify(Exception):
    """Not an event that may be believed; ``status`` is what section 4.3.2 wants as the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass(frozen=True, slots=True)
class Granted:
    """A subscription: its id, and the seconds it lasts."""

    sid: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Notify:
    """An event message, well-formed as far as HTTP goes."""

    sid: str
    seq: int
    """0 is the first one of a subscription; after the highest follows 1."""
    body: bytes


def subscribe(callback: str) -> dict[str, str]:
    """Headers of a new subscription."""
    return {"CALLBACK": f"<{callback}>", "NT": "upnp:event", "TIMEOUT": f"Second-{WANTED_S}"}


def renew(sid: str) -> dict[str, str]:
    """Headers that make a subscription last longer."""
    return {"SID": sid, "TIMEOUT": f"Second-{WANTED_S}"}


def unsubscribe(sid: str) -> dict[str, str]:
    """Headers that end a subscription."""
    return {"SID": sid}


def granted(headers: Mapping[str, str]) -> Granted | None:
    """What the router granted, by its answer's headers (names in lower case); ``None`` when that is no subscription."""
    sid = headers.get("sid", "")
    if not _SID.fullmatch(sid):
        return None
    match = _TIMEOUT.fullmatch(headers.get("timeout", ""))
    seconds = int(match.group(1)) if match else WANTED_S  # "Second-infinite", or nothing said
    return Granted(sid, min(max(seconds, SHORTEST_S), WANTED_S))


def notify(raw: bytes, *, ended: bool) -> Notify | None:
    """The event in what was received so far; ``None``: there is more to come. Raises BadNotify.

    ``ended``: the sender has finished. Without a length, that is the end of the event.
    """
    head, blank, body = raw.partition(b"\r\n\r\n")
    if len(raw) > LARGEST:
        raise BadNotify(413)
    if not blank:
        if ended:
            raise BadNotify(400)
        return None
    headers = _headers(head)
    length = _length(headers)
    if not ended and (length is None or len(body) < length):
        return None
    if length is not None and len(body) < length:
        raise BadNotify(400)
    return _judged(headers, body if length is None else body[:length])


def next_seq(seq: int) -> int:
    """The number of the event after ``seq`` (section 4.3.2)."""
    return 1 if seq >= _HIGHEST_SEQ else seq + 1


def _headers(head: bytes) -> dict[str, str]:
    first, *lines = head.decode("latin-1").split("\r\n")
    if not re.fullmatch(r"NOTIFY [!-~]+ HTTP/1\.[01]", first):
        raise BadNotify(405 if re.fullmatch(r"[A-Z]+ [!-~]+ HTTP/1\.[01]", first) else 400)
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        key = name.lower()
        if not colon or not name or name != name.strip() or key in headers:
            raise BadNotify(400)
        headers[key] = value.strip(" \t")
    return headers


def _length(headers: Mapping[str, str]) -> int | None:
    """Raises BadNotify for a length that is none, and for chunks: routers send neither."""
    if "transfer-encoding" in headers:
        raise BadNotify(501)
    text = headers.get("content-length")
    if text is None:
        return None
    if not _LENGTH.fullmatch(text):
        raise BadNotify(400)
    if int(text) > LARGEST:
        raise BadNotify(413)
    return int(text)


def _judged(headers: Mapping[str, str], body: bytes) -> Notify:
    if "nt" not in headers or "nts" not in headers:
        raise BadNotify(400)
    sid = headers.get("sid", "")
    if headers["nt"] != "upnp:event" or headers["nts"] != "upnp:propchange" or not _SID.fullmatch(sid):
        raise BadNotify(412)
    seq = headers.get("seq", "")
    if not _SEQ.fullmatch(seq) or int(seq) > _HIGHEST_SEQ:
        raise BadNotify(400)
    return Notify(sid, int(seq), body)
