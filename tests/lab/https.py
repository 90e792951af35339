"""HTTPS servers of the lab's internet. They run in the test's own process, which so sees every call, and when it came."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from cadence_exporter.demo.http_service import Asked, Reply

Answer = Callable[[Asked, str], Reply]
"""Given a request and the address from which it came."""

_HANDSHAKE_S = 10.0


class Https(ThreadingMixIn, TCPServer):
    """Listens in the network of the thread that makes it. Each connection gets a thread."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, host: str, answer: Answer, tls: ssl.SSLContext) -> None:
        super().__init__((host, 443), _Handler)
        self.answer = answer
        self._tls = tls
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(_HANDSHAKE_S)
        with contextlib.suppress(OSError, ValueError):  # whoever calls may have gone
            tls = self._tls.wrap_socket(request, server_side=True)
            tls.settimeout(_HANDSHAKE_S)
            with tls:
                super().finish_request(tls, client_address)

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)
        request.close()

    def handle_error(self, *_: Any) -> None:
        """An outage in the middle of an answer is nothing to talk about."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Https

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.answer(Asked(self.command, self.path, headers, body), self.client_address[0])
        self.close_connection = True
        self.send_response(reply.status)
        told = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body)), "Connection": "close"}
        for name, value in {**told, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """``do_GET`` and its like."""
        if name.startswith("do_"):
            return self._take
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
