"""A pretend device that is called by URLs with a key in them."""

from cadence_exporter.demo.http_device import HttpDevice
from cadence_exporter.demo.http_service import Asked, Reply
from cadence_exporter.seams import Clock


class HookDevice(HttpDevice):
    def __init__(self, clock: Clock, key: str, serial: str = "outlet-0001") -> None:
        self.serial = serial
        self.delay_s = 30.0
        self._key = key
        super().__init__(clock)

    def restart(self) -> None:
        self.relay.restart(on=True)

    def answer(self, asked: Asked) -> Reply:
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
