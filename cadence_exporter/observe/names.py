"""Whether the system's resolver works: it is asked for a name that the settings need anyway, and that it usually knows already."""

import socket
from collections.abc import Iterable

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason, NamesResolve
from cadence_exporter.model.operators import host_of, is_loopback, literal_of


def a_name(urls: Iterable[str]) -> str | None:
    """The first host among ``urls`` that has to be looked up; ``None``: nothing needs a resolver."""
    hosts = (host_of(url) for url in urls)
    return next((host for host in hosts if literal_of(host) is None and not is_loopback(host)), None)


def resolve(name: str) -> NamesResolve:
    """Raises ProbeFailed (dns) when no address is found. A resolver that keeps silent makes it take long: the lane's deadline tells."""
    try:
        socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProbeFailed(FailureReason.DNS, f"{name} has no address: {error}") from error
    return NamesResolve(name)
