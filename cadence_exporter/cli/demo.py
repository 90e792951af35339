"""``cadence-exporter demo``: the real service, in a pretend home where things happen while one watches."""

import contextlib
import io
import os
import sys
import tempfile
import threading
from pathlib import Path

import yaml

from cadence_exporter.cli.asking import bounce
from cadence_exporter.cli.run import run
from cadence_exporter.demo.demo import clamped, demo_home, demo_settings
from cadence_exporter.demo.story import Story

FORGET = ("CADENCE_", "CLOUDFLARE_", "GOOGLE_")
"""Variables of a real home must not reach into the pretend one."""
FORGET_TOO = ("CYCLE_INTERVAL", "ROUTER_IP", "PLUG_IP", "ALLOW_PHYSICAL_RECOVERY", "LOG_LEVEL", "STATE_DIRECTORY")


def demo(speed: float, listen: str) -> int:
    """Run until interrupted. Everything happens on loopback and in a temporary folder that is removed afterwards."""
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(FORGET) and name not in FORGET_TOO
    }
    with tempfile.TemporaryDirectory(prefix="cadence-demo-") as folder, demo_home(speed) as home:
        config = Path(folder) / "cadence.yaml"
        config.touch(mode=0o600)  # it holds the pretend token
        config.write_text(yaml.safe_dump(demo_settings(home, Path(folder) / "state", speed, listen)))
        # In a thread of its own: the story, and its end, do not wait for the answer.
        home.ask_for_bounce = lambda: threading.Thread(target=_ask_for_bounce, args=(listen,), daemon=True).start()
        with Story(home, clamped(speed), _tell) as story:

            def started() -> None:
                _tell(
                    f"A pretend home on loopback. Metrics: http://{listen}/metrics  Status: http://{listen}/  Stop: Ctrl-C"
                )
                story.start()

            return run(config, environ, Path(folder), started=started)


def _ask_for_bounce(listen: str) -> None:
    said = io.StringIO()
    bounce(f"127.0.0.1{listen}" if listen.startswith(":") else listen, sure=True, out=said)
    _tell(f"It answers: {said.getvalue().strip()}")


def _tell(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # `demo | head`: nobody reads on
        sys.stdout.write(f"\n   ── {text}\n\n")
        sys.stdout.flush()
