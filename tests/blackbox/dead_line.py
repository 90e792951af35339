"""The real program in a network of namespaces whose line dies, with the modem's power on a pretend plug that heals it.

Run as root inside a namespace of its own: ``python -m tests.blackbox.dead_line FOLDER``. Tells what became of it as one JSON document.
"""

import json
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path

from cadence_exporter.demo.echo import EchoFake
from cadence_exporter.demo.smart_plug import SmartPlug
from tests.blackbox.bounces import CLOCK, OFF_FOR_S, settings_of_plug
from tests.blackbox.instance import Instance, wait_for
from tests.observe.broken_network import BREAKS, build, sh

ADDRESS = "81.2.69.142"
LONG_S = 90.0
LOOP = {
    "interval": "4s",
    "slow_factor": 0.5,
    "fast_factor": 0.5,
    "jitter": "0s",
    "confirm_spacing": "50ms",
    "probe_timeout": "2s",
}


def main(folder: Path) -> None:
    """UP, the line dies, the power is cut, the modem boots, UP again."""
    with ExitStack() as stack:
        made = build(stack)
        plug = stack.enter_context(closing(SmartPlug(CLOCK)))
        echoes = [stack.enter_context(closing(EchoFake(lambda: ADDRESS))) for _ in range(2)]
        settings = {
            "listen": "127.0.0.1:0",
            "state_dir": str(folder / "state"),
            "loop": LOOP,
            "router": {"natpmp": False, "upnp": False},
            "wan": {"targets": ["tcp://1.1.1.1:443"], "tripwire": []},
            "public_ip": {"echo": [echo.url for echo in echoes]},
            "dns": {"truth": []},
            "recovery": settings_of_plug(plug, enabled=True, expected_recovery="2s", boot_grace="3s"),
        }
        with Instance(folder, settings) as running:
            running.wait_until_up()
            wait_for(lambda: usual_path(running), "a trace of the path while it works", LONG_S)
            sh(BREAKS["line"][0], **made)
            wait_for(lambda: not plug.relay.power_on, lambda: running.output[-4000:], LONG_S)
            threading.Thread(target=lambda: modem(plug, made), daemon=True).start()
            wait_for(lambda: running.state() != "UP", "an outage")
            running.wait_until_up()
            wait_for(lambda: running.status()["power"]["may_be_off"] is False, "the end of the bounce")
            shown = running.metrics()
            told = {
                "fault": [line for line in running.log if line["subject"] == "RECOVERY"][-3:],
                "cuts": sum(not on for _, on in plug.relay.history),
                "off_s": plug.relay.longest_off_s(),
                "helped": shown["cadence_recovery_duration_seconds_count"],
                "bounces": shown['cadence_recovery_actions_total{action="modem_power_cycle",result="success"}'],
                "escalation": shown['cadence_recovery_suppressed_total{reason="escalation"}'],
                "stopped": running.stop(),
            }
        print(json.dumps(told))


def usual_path(running: Instance) -> bool:
    return any(value > 0 for name, value in running.metrics().items() if name == "cadence_trace_packets_total")


def modem(plug: SmartPlug, made: dict[str, int]) -> None:
    """It boots when it has power again, and the line is back."""
    wait_for(lambda: plug.relay.power_on, "power", OFF_FOR_S + 10.0)
    sh(BREAKS["line"][1], **made)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
