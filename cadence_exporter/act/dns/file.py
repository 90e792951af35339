"""Records kept in a file of hosts format (hosts(5)), which dnsmasq, Pi-hole, AdGuard Home and unbound can read.

Only lines that end in our mark are ever changed; every other byte of the file stays. Readers see the old file or the new one.
"""

import contextlib
import errno
import os
import re
import stat
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import Family, IpAddress, family_of
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet

MARK = b"# cadence-exporter"
MAX_BYTES = 33_554_432
"""Blocklists in hosts format reach tens of megabytes; beyond this it is not a hosts file, and it would not fit in memory."""
NEW_FILE_MODE = 0o644

_OUR_LINE = re.compile(rb"[ \t]*(\S+)[ \t]+(\S+)[ \t]+" + re.escape(MARK) + rb"[ \t]*\r?\n?")
_LINE_END = re.compile(rb"\r?\n?\Z")


@dataclass(frozen=True, slots=True)
class _Content:
    """What was read. ``mode``, ``owner`` are those of the file, ``None`` when there is none yet."""

    lines: tuple[bytes, ...]
    path: Path
    mode: int = NEW_FILE_MODE
    owner: tuple[int, int] | None = None


class HostsFile:
    """See the module. Nothing outside this host can see it: the provider itself is the truth."""

    name = "file"
    in_public_dns = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, spec: RecordSpec, deadline: Instant) -> RecordSet:  # noqa: ARG002 - of the seam; a file answers at once
        """Our lines for this name and family. Raises ActionFailed, as a refusal when somebody else's line has the name."""
        content = self._load()
        if spec.key.name.startswith("*"):
            raise ActionFailed("a hosts file cannot hold a wildcard name", refusal=True)
        held = []
        for number, line in enumerate(content.lines, 1):
            if _is_ours(line, spec):
                held.append(HeldRecord(_fields(line)[0].decode()))
            elif _names_it(line, spec):
                raise ActionFailed(f"line {number} of {content.path} has {spec.key.name} too; remove it", refusal=True)
        return RecordSet(tuple(held))

    def create(self, spec: RecordSpec, address: IpAddress, deadline: Instant) -> None:  # noqa: ARG002 - as above
        """Add a line at the end. Raises ActionFailed."""
        content = self._load()
        lines = list(content.lines)
        if lines and not lines[-1].endswith(b"\n"):
            lines[-1] += b"\n"
        _save(content, (*lines, _line(address, spec.key.name, b"\n")))

    def update(self, spec: RecordSpec, held: HeldRecord, address: IpAddress, deadline: Instant) -> None:  # noqa: ARG002 - as above
        """Change our one line. Raises ActionFailed."""
        content = self._load()
        ours = [
            number
            for number, line in enumerate(content.lines)
            if _is_ours(line, spec) and _fields(line)[0] == held.content.encode()
        ]
        if len(ours) != 1:
            raise ActionFailed(f"{content.path} was changed by somebody else meanwhile")
        lines = list(content.lines)
        end = _LINE_END.search(lines[ours[0]])
        lines[ours[0]] = _line(address, spec.key.name, end.group() if end else b"\n")
        _save(content, tuple(lines))

    def _load(self) -> _Content:
        """Every line with its end; none when there is no file yet. Raises ActionFailed."""
        try:
            # A symbolic link is followed now, so that it stays one when its target is replaced.
            path = self._path.resolve()
            status, data = _read_bytes(path)
        except FileNotFoundError:
            return _Content((), path)
        except (OSError, RuntimeError) as error:
            raise ActionFailed(f"{self._path} cannot be read: {_why(error)}") from error
        if len(data) > MAX_BYTES:
            raise ActionFailed(f"{path} is larger than {MAX_BYTES} bytes: not a hosts file", refusal=True)
        # Not splitlines(): it would also cut at form feeds and other bytes that are no line ends here.
        lines = tuple(re.findall(rb"[^\n]*\n|[^\n]+", data))
        return _Content(lines, path, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))


def _read_bytes(path: Path) -> tuple[os.stat_result, bytes]:
    """The file's status and content, a byte more than allowed when it is too large. Raises OSError and ActionFailed."""
    # Not blocking: opening a pipe would otherwise wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ActionFailed(f"{path} is not a regular file", refusal=True)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return status, file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)


def _save(content: _Content, lines: tuple[bytes, ...]) -> None:
    """Replace the file in one step, on disk when this returns. Raises ActionFailed, and then the old file is still there."""
    path = content.path
    # Always the same name: what a killed run left behind is taken away by the next one.
    temporary = path.with_name(f".{path.name}.cadence-new")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"".join(lines))
            file.flush()
            os.fchmod(descriptor, content.mode)
            _keep_owner(descriptor, content.owner)
            os.fsync(descriptor)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ActionFailed(f"{path} cannot be replaced: {_why(error)}{_cure(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _keep_owner(descriptor: int, owner: tuple[int, int] | None) -> None:
    status = os.fstat(descriptor)
    if owner is not None and owner != (status.st_uid, status.st_gid):
        try:
            os.fchown(descriptor, *owner)
        except PermissionError as error:
            # Replaced by a file of ours, its owner could no longer write it.
            raise ActionFailed("the hosts file belongs to another user; give this service a file of its own") from error


def _sync_folder(folder: Path) -> None:
    """The new name itself is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_ours(line: bytes, spec: RecordSpec) -> bool:
    match = _OUR_LINE.fullmatch(line)
    return match is not None and match[2].lower() == spec.key.name.encode() and _family(match[1]) is spec.family


def _names_it(line: bytes, spec: RecordSpec) -> bool:
    """Whether any line, whoever wrote it, gives this name an address of this family."""
    fields = _fields(line)
    names = [name.lower().removesuffix(b".") for name in fields[1:]]
    return spec.key.name.encode() in names and _family(fields[0]) is spec.family


def _fields(line: bytes) -> list[bytes]:
    """The address and the names, without a comment."""
    return line.partition(b"#")[0].split()


def _family(text: bytes) -> Family | None:
    try:
        return family_of(ip_address(text.decode("ascii")))
    except ValueError:  # UnicodeDecodeError is one
        return None


def _line(address: IpAddress, name: str, end: bytes) -> bytes:
    return f"{address}\t{name}\t".encode() + MARK + end


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _cure(error: OSError) -> str:
    """In containers a single file is often mounted; such a file cannot be replaced."""
    return "; mount its folder, not the file alone" if error.errno == errno.EBUSY else ""
