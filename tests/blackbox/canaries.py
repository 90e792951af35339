"""A secret planted in every setting that holds one, and the places where it is looked for.

Each setting has a word of its own, so that what leaked is known by its name. How the word is spelt depends on what the setting takes;
it is looked for as it stands, in base64 and percent-encoded, and piece by piece where it is long.
"""

import base64
import contextlib
import http.client
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from pydantic import SecretStr

from cadence_exporter.settings.keys import leaves, secret_keys, variable_of
from tests.blackbox.instance import Instance
from tests.fakes.google import FakeGoogle

LOOK_S = 0.02


def word_of(key: str) -> str:
    """What is planted in ``key``; without a character that any form forbids or escapes."""
    return f"hunter2{key.replace('.', '').replace('_', '')}canary"


def planted(google: FakeGoogle, url: str) -> dict[str, Any]:
    """The settings, by their dotted keys. ``url`` is a place on loopback that stands for everything outside."""
    paths = {key: f"{url}/{key.rpartition('.')[2]}/{word_of(key)}" for key in secret_keys()}
    account = google.account(f"{url}/token", private_key_id=word_of("sheets.credentials"))
    return {
        "nic_update.password": word_of("nic_update.password"),
        "providers.cloudflare.api_token": word_of("providers.cloudflare.api_token"),
        "providers.rfc2136.tsig_key": base64.b64encode(word_of("providers.rfc2136.tsig_key").encode()).decode(),
        "recovery.device.password": word_of("recovery.device.password"),
        "recovery.device.token": word_of("recovery.device.token"),
        "recovery.device.webhook.off_url": paths["recovery.device.webhook.off_url"],
        "recovery.device.webhook.on_url": paths["recovery.device.webhook.on_url"],
        "recovery.device.webhook.state_url": paths["recovery.device.webhook.state_url"],
        "sheets.credentials": account,
        "notify.urls": [paths["notify.urls"].replace("http:", "json:")],
        "heartbeat.url": paths["heartbeat.url"],
    }


def secret_settings() -> frozenset[str]:
    """Every setting that holds a secret: by what reads it, or by its type."""
    by_type = (key for key, field in leaves() if "SecretStr" in str(field.annotation) or field.annotation is SecretStr)
    return frozenset((*secret_keys(), *by_type))


def needles(google: FakeGoogle, keys: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """What to look for, by the setting from which it would have come."""
    found = {key: (*spellings(word_of(key)), word_of(key)[7:-6]) for key in keys}
    key = "".join(json.loads(google.account())["private_key"].splitlines()[1:-1])
    found["sheets.credentials"] += tuple(key[at : at + 24] for at in range(0, len(key) - 24, 48))
    return {**found, "the token that the account was given": ("token-1",), "the signed request for it": ("assertion=",)}


def spellings(word: str) -> Iterator[str]:
    """As it stands, and in base64 wherever in a longer text it begins."""
    yield word
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + word.encode()).decode()
        yield encoded[4:20]


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys -> the shape of the YAML file."""
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        *sections, last = key.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return tree


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """``second`` over ``first``, section by section."""
    both = dict(first)
    for key, value in second.items():
        mine = both.get(key)
        both[key] = merged(mine, value) if isinstance(mine, Mapping) and isinstance(value, Mapping) else value
    return both


def as_variables(flat: Mapping[str, Any]) -> dict[str, str]:
    """The same as the environment takes it."""
    return {variable_of(key): " ".join(value) if isinstance(value, list) else str(value) for key, value in flat.items()}


class Children:
    """What other users of the machine, or whoever reads /proc, see of the processes that the instance starts, for as long as they live."""

    def __init__(self, instance: Instance) -> None:
        self._pid = instance.process.pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: dict[int, str] = {}
        """Arguments and environment, by process."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def _look(self) -> None:
        while not self._over.wait(LOOK_S):
            for entry in os.scandir("/proc"):
                if entry.name.isdigit() and int(entry.name) not in self.seen:
                    with contextlib.suppress(OSError, IndexError, ValueError):
                        self._note(Path(entry.path))

    def _note(self, process: Path) -> None:
        if int((process / "stat").read_text().rpartition(")")[2].split()[1]) != self._pid:
            return  # with all of a busy machine read fifty times a second, the instance hardly got to run
        shown = "".join((process / name).read_bytes().decode("latin-1") for name in ("cmdline", "environ"))
        if shown and shown != self._own:  # between fork and exec it is still the parent
            self.seen[int(process.name)] = shown

    @property
    def _own(self) -> str:
        process = Path("/proc") / str(self._pid)
        return "".join((process / name).read_bytes().decode("latin-1") for name in ("cmdline", "environ"))


def shown_by(instance: Instance, state_dir: Path) -> dict[str, str]:
    """Everything that the running process says, shows and keeps."""
    shown = {"log": instance.output, "cmdline": Path(f"/proc/{instance.process.pid}/cmdline").read_text()}
    for path in ("/", "/metrics", "/api/v1/status", "/api/v1/history", "/-/healthy"):
        shown[path] = instance.get(path)[1]
    shown["/metrics, OpenMetrics"] = _open_metrics(instance.port)
    for path in state_dir.rglob("*"):
        with contextlib.suppress(OSError):  # a write-ahead log that is gone by now
            if path.is_file():
                shown[path.name] = path.read_bytes().decode("latin-1")
    return shown


def found_in(shown: Mapping[str, str], looked_for: Mapping[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    """Setting and place of each leak."""
    return {
        (key, place)
        for key, words in looked_for.items()
        for place, text in shown.items()
        if any(word in text or quote(word, safe="") in text for word in words)
    }


def _open_metrics(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/metrics", headers={"Accept": "application/openmetrics-text"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()
