"""A pretend Tasmota plug: its console commands, its inverted pulse, what it does when it starts. Over HTTP here, over MQTT elsewhere."""

from urllib.parse import parse_qs, urlsplit

from cadence_exporter.demo.device_faults import FaultPlan
from cadence_exporter.demo.http_device import HttpDevice, json_reply
from cadence_exporter.demo.http_service import Asked, Reply
from cadence_exporter.demo.plug_relay import PlugRelay
from cadence_exporter.seams import Clock


class TasmotaPlug:
    """The device itself; ``command`` is its console."""

    def __init__(self, clock: Clock, mac: str = "24:A1:60:00:00:01") -> None:
        self.relay = PlugRelay(clock)
        self.faults = FaultPlan()
        self.mac = mac
        self.power_on_state = 5
        self.pulse_time = 130
        self.takes_timers = True
        """False: PowerOnState is 5 and nothing comes of it, as on firmware that does not know it."""

    def restart(self) -> None:
        """After a power failure (support_tasmota.ino, SetPowerOnState)."""
        if self.power_on_state == 5:
            self.relay.restart(on=False, flip_after_s=self._pulse_s())
        elif self.power_on_state in (1, 4):
            self.relay.restart(on=True)
        elif self.power_on_state == 0:
            self.relay.restart(on=False)
        else:
            self.relay.restart(self.relay.says_on)

    def command(self, words: str) -> dict[str, object]:
        name, _, argument = words.strip().partition(" ")
        match name.lower(), argument:
            case (("power1" | "power"), ""):
                return self._power()
            case (("power1" | "power"), ("0" | "1")):
                inverted = argument == "0" and self.power_on_state == 5 and self.takes_timers
                self.relay.set(argument == "1", self._pulse_s() if inverted else None)
                return self._power()
            case "powerstate" | "poweronstate", "":
                return {"PowerOnState": self.power_on_state}
            case "pulsetime1", "":
                left = self.relay.timer_left_s
                return {"PulseTime1": {"Set": self.pulse_time, "Remaining": 0 if left is None else _encoded(left)}}
            case "status", "5":
                return {"StatusNET": {"Hostname": "tasmota-000001", "IPAddress": "192.168.0.151", "Mac": self.mac}}
            case "status", "2":
                return {"StatusFWR": {"Version": "14.2.0(tasmota)", "Hardware": "ESP8266EX"}}
            case "status", "8":
                return {
                    "StatusSNS": {"Time": "2026-11-23T18:00:00", "ENERGY": {"Power": self.relay.watts, "Voltage": 230}}
                }
        return {"Command": "Unknown"}

    def _power(self) -> dict[str, object]:
        return {"POWER": "ON" if self.relay.says_on else "OFF"}

    def _pulse_s(self) -> float:
        return self.pulse_time / 10 if self.pulse_time <= 111 else self.pulse_time - 100


class TasmotaOverHttp(HttpDevice):
    def __init__(self, clock: Clock, password: str | None = None) -> None:
        self.device = TasmotaPlug(clock)
        self._password = password
        super().__init__(clock)
        self.device.relay, self.device.faults = self.relay, self.faults

    def restart(self) -> None:
        self.device.restart()

    def answer(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.target)
        query = parse_qs(parts.query)
        if parts.path != "/cm":
            return Reply(404, b"File Not Found")
        if self._password is not None and (query.get("user"), query.get("password")) != (["admin"], [self._password]):
            return json_reply({"WARNING": "Need user=<username>&password=<password>"})
        return json_reply(self.device.command(query["cmnd"][0]))


def _encoded(left_s: float) -> int:
    """As GetPulseTimer has it: tenths up to 11.1 s, then seconds after 100."""
    return int(left_s) + 100 if left_s > 11.1 else int(left_s * 10)
