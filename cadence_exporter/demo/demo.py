"""The demonstration's home and settings: the product's own rules, with every time scaled down so that a minute shows a day."""

from pathlib import Path
from typing import Any

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.home import Home
from cadence_exporter.demo.tcp_port import PortMode
from cadence_exporter.seams import Clock

RESOLVER_TTL_S = 2.0
"""Caps the resolvers' caches: with the record's own 60 s the first change would be seen after the first minute."""

SLOWEST, FASTEST = 0.1, 20.0
"""Faster, and the confirming looks would come closer than loopback can answer."""


def clamped(speed: float) -> float:
    """The nearest speed that can be played."""
    return min(max(speed, SLOWEST), FASTEST)


def demo_home(speed: float, clock: Clock | None = None) -> Home:
    """A home whose resolvers forget quickly, and whose outages are silent as real ones."""
    ttl_s = RESOLVER_TTL_S / clamped(speed)
    home = Home(clock=clock or SystemClock(), longest_ttl_s=ttl_s, negative_ttl_s=ttl_s, plug=True)
    home.outage = PortMode.SILENT
    return home


OFF_FOR_S = 10.0
"""The shortest that the settings take, at any speed."""
MOST_CALLS = 100_000
"""An hour. With the default of 300 the first minutes would use up the echo services, and the home would not look any more."""


def demo_settings(home: Home, state_dir: Path, speed: float, listen: str) -> dict[str, Any]:
    """Settings for that home, in the shape of the YAML file. At speed 1: looks every 1.5 s while not UP and every 4 s while UP."""
    speed = clamped(speed)
    settings = home.as_settings(state_dir, listen)
    settings["loop"] = {
        "interval": _ms(3.0, speed),
        "fast_factor": 0.5,
        "slow_factor": 1.34,
        "jitter": _ms(0.3, speed),
        "confirm_spacing": _ms(1.0, speed),
        "probe_timeout": _ms(1.0, speed),
    }
    settings["public_ip"]["cross_check"] = _ms(3.0, speed)
    settings["dns"]["cache_max_age"] = _ms(20.0, speed)
    # A day's worth of changes happens every few minutes here.
    settings["dns"]["max_changes_per_day"] = 1000
    # So does an hour's worth of calls, and all of them stay on this machine.
    settings["budget"] = dict.fromkeys(("ip_echo", "doh", "provider"), MOST_CALLS)
    settings["recovery"] |= {
        "enabled": True,  # and yet it cuts nothing by itself: on loopback no trace tells that the access line is broken
        "off_for": f"{OFF_FOR_S:g}s",
        "expected_recovery": _ms(3.0, speed),
        "buffer": _ms(1.0, speed),
        "modem_boot": _ms(2.0, speed),
        "boot_grace": _ms(4.0, speed),
        "cooldown": _ms(OFF_FOR_S * speed + 30.0, speed),
        "max_per_day": 24,
    }
    return settings


def _ms(seconds: float, speed: float) -> str:
    return f"{max(1, round(seconds * 1000 / speed))}ms"
