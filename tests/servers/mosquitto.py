"""A real Mosquitto on loopback that wants a user and a password."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers.process import binary, free_port, running


@contextlib.contextmanager
def running_mosquitto(folder: Path, user: str, password: str) -> Iterator[int]:
    """Its port; skips when Debian's package is not installed."""
    server = binary("mosquitto", "mosquitto")
    port = free_port()
    passwords = folder / "passwords"
    passwords.write_text(f"{user}:{password}\n")
    passwords.chmod(0o600)
    subprocess.run([binary("mosquitto_passwd", "mosquitto"), "-U", str(passwords)], check=True)
    passwords.chmod(0o644)  # as root it becomes another user before it reads this
    folder.chmod(0o755)
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\nuser root\npersistence false\n"
    )
    with running([server, "-c", str(config)], port, folder):
        yield port
