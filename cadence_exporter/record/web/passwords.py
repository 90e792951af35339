"""Basic authentication (RFC 7617) against bcrypt hashes, such that neither scrapes nor guessers can keep the CPU busy."""

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from enum import Enum

import bcrypt
from cachetools import LRUCache

BCRYPT_BYTES = 72
"""bcrypt looks at no more of a password; the library refuses longer ones where htpasswd and Go cut them off."""
MAX_HEADER_BYTES = 1024
REMEMBERED = 64
"""Successful pairs kept, so that each scrape costs microseconds and not the 50-1000 ms of a bcrypt check."""
PATIENCE_S = 2.0
"""How long a request waits for its turn at the one bcrypt check that runs at a time."""


class Verdict(Enum):
    """What came of the credentials."""

    GOOD = "good"
    BAD = "bad"
    BUSY = "busy"
    """Too many unknown pairs are being checked; ask again."""


class Passwords:
    """Checks the Authorization header. Remembers good pairs by a keyed hash; the key lives in this process only."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._good: LRUCache[bytes, bool] = LRUCache(maxsize=REMEMBERED)
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def check(self, authorization: str | None, users: Mapping[str, bytes]) -> Verdict:
        """Judge the header. An unknown user takes as long as a wrong password: names cannot be guessed by the clock."""
        pair = _credentials(authorization)
        if pair is None or not users:
            return Verdict.BAD
        name, password = pair
        stored = users.get(name)
        known_as = self._fingerprint(name, password, stored or b"")
        with self._lock:
            if stored is not None and known_as in self._good:
                return Verdict.GOOD
        if not self._turn.acquire(timeout=PATIENCE_S):
            return Verdict.BUSY
        try:
            matches = _matches(password, stored or next(iter(users.values())))
        finally:
            self._turn.release()
        if stored is None or not matches:
            return Verdict.BAD
        with self._lock:
            self._good[known_as] = True
        return Verdict.GOOD

    def _fingerprint(self, name: str, password: bytes, stored: bytes) -> bytes:
        """Contains the stored hash, so that a changed password is forgotten at once."""
        parts = (name.encode(), password, stored)
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, message, hashlib.sha256)


def _credentials(authorization: str | None) -> tuple[str, bytes] | None:
    if authorization is None or len(authorization) > MAX_HEADER_BYTES:
        return None
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None


def _matches(password: bytes, stored: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:BCRYPT_BYTES], stored)
    except ValueError:  # a NUL in the password, or a salt that only looks like one
        return False
