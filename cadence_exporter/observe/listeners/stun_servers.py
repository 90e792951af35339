"""The servers that the tripwire asks: their names, and the addresses that these had when they were last looked up."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.operators import is_loopback, literal_of
from cadence_exporter.model.ranges import special_range
from cadence_exporter.seams import Clock

Resolver = Callable[..., list[tuple[Any, ...]]]
"""Shaped as socket.getaddrinfo."""
LOOK_UP_AGAIN_S = 600.0
"""A name is looked up again when its server keeps silent, but not for each silence: a resolver behind a dead line blocks for long."""
NO_ADDRESS_S = 30.0
"""A name that has no address yet is looked up again after this."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to send to."""

    address: str
    port: int


class StunServer:
    """One server of the settings. Used by one thread."""

    def __init__(self, host: str, port: int, clock: Clock, resolver: Resolver = socket.getaddrinfo) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._resolver = resolver
        self._endpoint: Endpoint | None = None
        self._looked_up: Instant | None = None

    @property
    def name(self) -> str:
        """As people know it."""
        return f"{self._host}:{self._port}"

    def endpoint(self) -> Endpoint | None:
        """Where it is; None when that is not known. Never blocks."""
        return self._endpoint

    def look_up_if_unknown(self) -> None:
        """Find out where it is. Blocks as the resolver does."""
        if self._endpoint is None and self._looked_up_before(NO_ADDRESS_S):
            self._look_up()

    def look_up_again(self) -> None:
        """It keeps silent while the path works: it may have moved. Blocks as the resolver does."""
        if self._looked_up_before(LOOK_UP_AGAIN_S):
            self._look_up()

    def _looked_up_before(self, seconds: float) -> bool:
        return self._looked_up is None or self._clock.monotonic() - self._looked_up >= seconds

    def _look_up(self) -> None:
        """An address that cannot be looked up anew stays what it was."""
        self._looked_up = self._clock.monotonic()
        try:
            found = self._resolver(self._host, self._port, socket.AF_INET, socket.SOCK_DGRAM)
        except (OSError, UnicodeError):
            return
        for entry in found:
            if self._may_ask(str(entry[4][0])):
                self._endpoint = Endpoint(str(entry[4][0]), self._port)
                return

    def _may_ask(self, address: str) -> bool:
        """A name must not lead into the house; an address that the user wrote himself may."""
        if literal_of(self._host) is not None:
            return True
        wanted = "loopback" if is_loopback(self._host) else None
        return special_range(IPv4Address(address)) == wanted
