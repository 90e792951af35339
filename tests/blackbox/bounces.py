"""A pretend home whose modem hangs on a pretend plug: the settings that lead to it, and what people ask of the running program."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.home import Home
from cadence_exporter.demo.smart_plug import MAC, SmartPlug
from tests.blackbox.instance import QUICK

CLOCK = SystemClock()
PATIENT = {**QUICK, "interval": "2s", "probe_timeout": "1s"}
"""A plug that is asked on a busy machine takes its time."""
OFF_FOR_S = 10.0
"""The shortest that the settings take."""
SLACK_S = 5.0
"""Beyond it nothing may ever be without power."""


def settings_of_plug(plug: SmartPlug, **recovery: Any) -> dict[str, Any]:
    """The section ``recovery``, with a switch that only people use unless ``enabled``."""
    parts = urlsplit(plug.url)
    device = {"type": "shelly", "host": parts.hostname, "port": parts.port, "identity": MAC}
    return {
        "device": device,
        "off_for": f"{OFF_FOR_S:g}s",
        "expected_recovery": "1s",
        "buffer": "0s",
        "modem_boot": "1s",
        "boot_grace": "1s",
        "cooldown": "1h",
        **recovery,
    }


def settings_of(home: Home, plug: SmartPlug, folder: Path, **recovery: Any) -> dict[str, Any]:
    """The home's settings, with the plug."""
    return {**home.as_settings(folder / "state"), "loop": PATIENT, "recovery": settings_of_plug(plug, **recovery)}
