"""A pretend device that is called by URLs with a key in them."""

from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.device_faults import FaultPlan, with_faults
from cadence_exporter.demo.http_service import Asked, HttpService, Reply
from cadence_exporter.demo.plug_relay import PlugRelay
from cadence_exporter.seams import Clock


class HookDevice(Closes):
    def __init__(self, clock: Clock, key: str, serial: str = "outlet-0001") -> None:
        self.relay = PlugRelay(clock)
        self.faults = FaultPlan()
        self.serial = serial
        self.delay_s = 30.0
        self._key = key
        self.service = HttpService(with_faults(self.faults, self._answer, self.restart))

    @property
    def url(self) -> str:
        return self.service.url

    def close(self) -> None:
        self.service.close()

    def restart(self) -> None:
        self.relay.restart(on=True)

    def _answer(self, asked: Asked) -> Reply:
        match asked.method, asked.target.removesuffix(f"?key={self._key}"):
            case "POST", "/off":
                self.relay.set(on=False)
            case "POST", "/on":
                self.relay.set(on=True)
            case "POST", "/bounce":
                self.relay.set(on=False, flip_after_s=self.delay_s)
            case "GET", "/state":
                pass
            case _:
                return Reply(403)
        return Reply(body=f"{self.serial} power={'ON' if self.relay.says_on else 'OFF'}".encode())
