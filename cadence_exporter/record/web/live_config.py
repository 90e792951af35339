"""The web-config file as it is now: read again when it or a certificate changed, so renewed certificates need no restart."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cadence_exporter.errors import Problem, SettingsError
from cadence_exporter.record.web import tls
from cadence_exporter.record.web.web_config import WebConfig, load

Signature = tuple[tuple[int, int, int] | None, ...]
"""Modification time, size and inode of each file; ``None`` for one that is not there."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that works, with its TLS context."""

    config: WebConfig
    context: ssl.SSLContext | None


class LiveWebConfig:
    """Safe to ask from every connection: unchanged files cost a few ``stat`` calls."""

    def __init__(self, path: Path | None, on_problem: Callable[[SettingsError], None]) -> None:
        """Raises SettingsError when the file is unusable now. Later, ``on_problem`` hears of it once per change."""
        self._path = path
        self._on_problem = on_problem
        self._lock = threading.Lock()
        self._loaded = _load(path)
        self._watched = _files(path, self._loaded.config)
        self._seen = _signature(self._watched)

    def fresh(self) -> Loaded:
        """What to use for this connection; what worked before when the files are unusable now."""
        if self._path is None:
            return self._loaded
        with self._lock:
            signature = _signature(self._watched)
            if signature != self._seen:
                self._reload()
            return self._loaded

    def context(self) -> ssl.SSLContext | None:
        """The TLS context to use now."""
        return self.fresh().context

    def _reload(self) -> None:
        before = _signature(self._watched)
        try:
            self._loaded = _load(self._path)
        except SettingsError as error:
            self._seen = before  # remembered as seen, so that it is reported once; any change is tried again
            self._on_problem(error)
            return
        self._watched = _files(self._path, self._loaded.config)
        self._seen = _signature(self._watched)


def problems_of(path: Path) -> tuple[Problem, ...]:
    """Everything for which the service would refuse this file at its start."""
    try:
        _load(path)
    except SettingsError as error:
        return error.problems
    return ()


def _load(path: Path | None) -> Loaded:
    config = load(path) if path is not None else WebConfig()
    return Loaded(config, tls.context(config.tls) if config.tls is not None else None)


def _files(path: Path | None, config: WebConfig) -> tuple[Path, ...]:
    section = config.tls
    named = () if section is None else (section.cert_file, section.key_file, section.client_ca_file)
    return tuple(each for each in (path, *named) if each is not None)


def _signature(files: tuple[Path, ...]) -> Signature:
    return tuple(_stat(each) for each in files)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
