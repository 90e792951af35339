"""One UDP port on loopback that answers each packet, or keeps silent."""

import contextlib
import socket
import threading
from collections.abc import Callable

from cadence_exporter.demo.closes import Closes

Sender = tuple[str, int]
_BIGGEST_PACKET = 1500


class UdpPort(Closes):
    """``answer`` is called from a thread of the port's own; ``None`` from it is silence."""

    def __init__(self, answer: Callable[[bytes, Sender], bytes | None], host: str = "127.0.0.1") -> None:
        self._answer = answer
        self._closing = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name=f"udp {self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give the port back."""
        if self._closing.is_set():
            return
        self._closing.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self.host, self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            packet, sender = self._socket.recvfrom(_BIGGEST_PACKET)
            if self._closing.is_set():
                return
            answer = self._answer(packet, sender)
            if answer is not None:
                with contextlib.suppress(OSError):
                    self._socket.sendto(answer, sender)
