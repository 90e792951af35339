"""From a host and a port to a connected, verified socket, within one deadline and never to an address inside the house."""

import os
import socket
import ssl
from collections.abc import Callable, Mapping
from enum import Enum
from ipaddress import ip_address
from typing import Any, cast

from certifi import where

from cadence_exporter.errors import ProbeFailed, Problem, SettingsError
from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.operators import is_loopback, literal_of
from cadence_exporter.model.ranges import special_range
from cadence_exporter.outbound.bounded_socket import Bound, BoundedSocket, BoundedTlsSocket
from cadence_exporter.seams import Clock

Resolver = Callable[..., list[tuple[Any, ...]]]
"""Shaped as socket.getaddrinfo."""

# A name with hundreds of dead addresses would otherwise leave each of them a sliver of the deadline.
_MOST_ADDRESSES = 4

# What "inside" means; an overlay network such as Tailscale's lies in the carrier-grade range.
_HOME_RANGES = frozenset({"private", "link_local", "unique_local", "loopback", "cgnat"})

_AF = {None: socket.AF_UNSPEC, Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}


class Reach(Enum):
    """Where the addresses of a host may lie."""

    OUTSIDE = "outside"
    """Public ones; loopback when the host's name says so."""
    INSIDE = "inside"
    """The home's own, never public ones: what is sent there is not encrypted."""
    ANYWHERE = "anywhere"


class Dialer:
    """Opens every connection that leaves the house. Safe to share between lanes; holds the one TLS context (they are large)."""

    def __init__(
        self,
        clock: Clock,
        *,
        resolver: Resolver = socket.getaddrinfo,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._clock = clock
        self._resolver = resolver
        self._context = client_context(environ)

    def bound(self, deadline: Instant, max_bytes_in: int) -> Bound:
        """The limits for one connection."""
        return Bound(self._clock, deadline, max_bytes_in)

    def connect(
        self,
        host: str,
        port: int,
        bound: Bound,
        family: Family | None = None,
        *,
        literal_anywhere: bool = False,
        reach: Reach = Reach.OUTSIDE,
    ) -> BoundedSocket:
        """A TCP connection to the first address that answers. Raises ProbeFailed.

        ``literal_anywhere``: a host that is an address, as the user wrote it, may lie inside the house too.
        """
        literal = literal_of(host) if literal_anywhere else None
        addresses = [literal] if literal is not None else self._resolve(host, port, bound, family, reach)
        failure: ProbeFailed | None = None
        for tried, address in enumerate(addresses):
            try:
                return connect_to(address, port, bound, share=len(addresses) - tried)
            except ProbeFailed as error:
                failure = error
        raise cast("ProbeFailed", failure)

    def secure(self, sock: BoundedSocket, host: str) -> BoundedTlsSocket:
        """A verified TLS session on a connection, which is closed when it cannot be had. Raises ProbeFailed."""
        # An end without TLS's own farewell may be a cut made by somebody on the path, so it is not taken for the end of a body.
        try:
            tls = cast(
                "BoundedTlsSocket",
                self._context.wrap_socket(
                    sock,
                    server_hostname=host.rstrip("."),
                    do_handshake_on_connect=False,
                    suppress_ragged_eofs=False,
                ),
            )
        except (OSError, ValueError) as error:
            sock.close()
            raise ProbeFailed(FailureReason.TLS, f"no TLS session: {error}") from error
        tls.bound = sock.bound
        try:
            tls.do_handshake()
        except ssl.SSLCertVerificationError as error:
            tls.close()
            raise ProbeFailed(FailureReason.TLS, f"certificate not accepted: {error.verify_message}") from error
        except OSError as error:
            tls.close()
            raise ProbeFailed(FailureReason.TLS, f"handshake failed: {_short(error)}") from error
        except ProbeFailed:
            tls.close()
            raise
        return tls

    def _resolve(self, host: str, port: int, bound: Bound, family: Family | None, reach: Reach) -> list[IpAddress]:
        bound.remaining_s()
        try:
            found = self._resolver(host, port, _AF[family], socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ProbeFailed(FailureReason.DNS, f"{host} has no address: {_short(error)}") from error
        bound.remaining_s()  # a resolver cannot be interrupted; its late answer is not used
        addresses = list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
        usable = [address for address in addresses if _may_reach(host, address, reach)]
        if not usable:
            named = ", ".join(f"{address} ({special_range(address)})" for address in addresses) or "nothing"
            raise ProbeFailed(FailureReason.DNS, f"{host} resolves to {named}")
        return usable[:_MOST_ADDRESSES]


def client_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """A verifying TLS context, 1.2 or newer, trusting certifi's list or the bundle named in the environment.

    ``REQUESTS_CA_BUNDLE`` before ``CURL_CA_BUNDLE``, a file or a directory, as requests has it. Raises SettingsError when unusable.
    """
    key = next((key for key in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if environ.get(key)), "")
    bundle = environ.get(key) or where()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and host name by default
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Debian 12's Python sets it, and a body cut off would look whole
    try:
        if os.path.isdir(bundle):  # noqa: PTH112 - pathlib adds nothing here
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except OSError as error:  # ssl.SSLError is one
        problem = Problem("environment", key, f"cannot be read as a bundle of CA certificates: {_short(error)}")
        raise SettingsError((problem,)) from error
    context.sslsocket_class = BoundedTlsSocket
    return context


def _may_reach(host: str, address: IpAddress, reach: Reach) -> bool:
    if reach is not Reach.OUTSIDE:
        return reach is Reach.ANYWHERE or special_range(address) in _HOME_RANGES
    wanted = "loopback" if is_loopback(host.lower()) else None
    return special_range(address) == wanted


def connect_to(address: IpAddress, port: int, bound: Bound, share: int = 1) -> BoundedSocket:
    """A TCP connection to just this address, leaving time for the ``share - 1`` after this one. Raises ProbeFailed."""
    remaining_s = bound.remaining_s() / share
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - the IP version itself
    try:
        sock = BoundedSocket(family, socket.SOCK_STREAM)
    except OSError as error:  # no file descriptor left
        raise ProbeFailed(FailureReason.OTHER, f"{address} port {port}: {_short(error)}") from error
    sock.bound = bound
    try:
        sock.settimeout(remaining_s)
        sock.connect((str(address), port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except ConnectionRefusedError as error:
        sock.close()
        raise ProbeFailed(FailureReason.REFUSED, f"{address} port {port} refused the connection") from error
    except TimeoutError as error:
        sock.close()
        raise ProbeFailed(FailureReason.TIMEOUT, f"{address} port {port} did not answer") from error
    except OSError as error:
        sock.close()
        raise ProbeFailed(FailureReason.OTHER, f"{address} port {port}: {_short(error)}") from error
    return sock


def _short(error: Exception) -> str:
    """What went wrong, without file names or numbers."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
