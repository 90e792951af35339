"""Host and port -> a listening socket. Errors say what the user can do about them."""

import errno
import socket

BACKLOG = 128


class ListenFailed(OSError):
    """The address to listen on cannot be used; the message says why and what to do."""

    def __str__(self) -> str:
        """Without the errno that OSError puts before it: the message is for people."""
        return str(self.strerror)


def open_listener(address: tuple[str, int]) -> socket.socket:
    """Bind and listen; an empty host means every address, port 0 any free one. Raises ListenFailed."""
    host, port = address
    try:
        return _bind_any(port) if host in {"", "::"} else _bind_one(host, port)
    except (OSError, UnicodeError) as error:
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        code = getattr(error, "errno", None) or errno.EINVAL
        raise ListenFailed(code, f"cannot listen on {shown}: {_explain(error)}") from error


def _bind_any(port: int) -> socket.socket:
    """Every address, of both families where the kernel has both."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG, reuse_port=False
            )
        except OSError as error:
            if error.errno not in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                raise
    return socket.create_server(("", port), backlog=BACKLOG)


def _bind_one(host: str, port: int) -> socket.socket:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = infos[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _explain(error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return "the host name is not known here; write an IP address"
    advice = {
        errno.EADDRINUSE: "the port is in use; is another instance running? Choose another `listen`",
        errno.EACCES: "ports below 1024 need a privilege; choose a higher one",
        errno.EADDRNOTAVAIL: "no interface of this machine has that address",
        errno.EAFNOSUPPORT: "this machine has no such address family",
    }
    return advice.get(error.errno or 0, error.strerror or "unknown error")
