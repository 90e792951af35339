"""A pretend device that is spoken to by HTTP: one relay, and a plan of how its calls fail."""

import json
from abc import abstractmethod

from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.device_faults import FaultPlan, with_faults
from cadence_exporter.demo.http_service import Asked, HttpService, Reply
from cadence_exporter.demo.plug_relay import PlugRelay
from cadence_exporter.seams import Clock


class HttpDevice(Closes):
    """Subclasses set their own up first: from ``__init__`` here on they are asked."""

    def __init__(self, clock: Clock) -> None:
        self.relay = PlugRelay(clock)
        self.faults = FaultPlan()
        self.service = HttpService(with_faults(self.faults, self.answer, self.restart))

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return self.service.url

    def close(self) -> None:
        """Give the port back."""
        self.service.close()

    @abstractmethod
    def restart(self) -> None:
        """As after a power failure."""

    @abstractmethod
    def answer(self, asked: Asked) -> Reply:
        """What a healthy one answers."""


def json_reply(value: object) -> Reply:
    """A document with status 200."""
    return Reply(body=json.dumps(value).encode(), content_type="application/json")
