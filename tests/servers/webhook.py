"""Where Alertmanager posts to, on loopback: keeps what comes, by the last part of the path."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Post:
    """One message."""

    at: float
    """time.monotonic() of its arrival."""
    receiver: str
    body: dict[str, Any]

    def named(self, status: str) -> list[str]:
        """The alerts in it that are ``firing`` or ``resolved``."""
        return [alert["labels"]["alertname"] for alert in self.body["alerts"] if alert["status"] == status]


@dataclass
class Webhook:
    """All that came, in its order."""

    port: int
    posts: list[Post] = field(default_factory=list)

    def url(self, receiver: str) -> str:
        """What goes into the configuration."""
        return f"http://127.0.0.1:{self.port}/{receiver}"

    def of(self, receiver: str, alert: str, status: str = "firing") -> list[Post]:
        """The messages to one receiver that tell of one alert."""
        return [post for post in list(self.posts) if post.receiver == receiver and alert in post.named(status)]


@contextlib.contextmanager
def start_webhook() -> Iterator[Webhook]:
    """Listens until the block ends."""
    posts: list[Post] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posts.append(Post(time.monotonic(), self.path.rpartition("/")[2], body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Webhook(server.server_port, posts)
        finally:
            server.shutdown()
            thread.join()
