"""The exporter-toolkit's web-config file: TLS, basic auth, response headers. Every mistake at once, with its line.

Format: the Prometheus exporter-toolkit's ``docs/web-configuration.md``. What we accept, ``promtool check web-config``
accepts too; documented keys that this server cannot honour are refused rather than ignored.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from cadence_exporter.errors import Problem, SettingsError

MAX_FILE_BYTES = 256 * 1024
BCRYPT_COSTS = range(4, 15)
"""One check at cost 14 takes about a second; at 18 a handful of wrong passwords would occupy a small machine for good."""
MAX_USERS = 100

CLIENT_AUTH_TYPES = ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
TLS_VERSIONS = ("TLS12", "TLS13")
CURVES: Mapping[str, str] = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}
"""Go's name -> OpenSSL's."""
CIPHER_SUITES: Mapping[str, str] = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
"""IANA's name -> OpenSSL's, for TLS 1.2; those of TLS 1.3 are not configurable, in Go neither."""

_HASH = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
_HEADERS: Mapping[str, tuple[str, ...] | None] = {
    "Content-Security-Policy": None,
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": None,
    "Strict-Transport-Security": None,
}
"""The headers that may be set -> the values allowed, ``None`` for any."""
_CANNOT: Mapping[str, str] = {
    "cert": "put the certificate into a file and name it as cert_file",
    "key": "put the key into a file and name it as key_file",
    "client_ca": "put the certificate into a file and name it as client_ca_file",
    "client_allowed_sans": "not offered here; give the clients a certificate authority of their own",
    "rate_limit": "not offered here; connections are bounded anyway",
}


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """The section ``tls_server_config``."""

    cert_file: Path
    key_file: Path
    client_auth_type: str = "NoClientCert"
    client_ca_file: Path | None = None
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve: str | None = None


@dataclass(frozen=True, slots=True)
class WebConfig:
    """What the file says; the empty one is plain HTTP for everybody."""

    tls: TlsConfig | None = None
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """User name -> bcrypt hash."""
    headers: tuple[tuple[str, str], ...] = ()


def load(path: Path) -> WebConfig:
    """Read the file. Raises SettingsError with every problem; certificates are not looked at here."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise SettingsError((Problem(str(path), "", "larger than 256 KiB: is this the right file?"),))
        root = yaml.compose(raw.decode(), Loader=yaml.SafeLoader)
    except OSError as error:
        raise SettingsError((Problem(str(path), "", f"cannot be read: {error.strerror}"),)) from error
    except UnicodeDecodeError as error:
        raise SettingsError((Problem(str(path), "", "is not UTF-8 text"),)) from error
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        # The last two: an escape beyond Unicode, such as "\U00110000".
        raise SettingsError((_yaml_problem(path, error),)) from None  # the cause would quote the line, secrets included
    reader = _Reader(path)
    config = reader.config(root) if root is not None else WebConfig()
    if reader.problems:
        raise SettingsError(tuple(reader.problems))
    return config


def _yaml_problem(path: Path, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
    nested = "too deeply nested" if isinstance(error, RecursionError) else "a character that must not be there"
    return Problem(where, "", f"is not YAML: {getattr(error, 'problem', None) or nested}")


class _Reader:
    """Walks the YAML nodes, which know their lines, and collects problems."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: list[Problem] = []

    def config(self, root: yaml.Node) -> WebConfig:
        parts = self._mapping(root, "", ("tls_server_config", "http_server_config", "basic_auth_users"))
        http = self._mapping(parts.get("http_server_config"), "http_server_config", ("http2", "headers"))
        self._flag(
            http.get("http2"), "http_server_config.http2", default=True
        )  # what we speak is 1.1; it may stand there
        return WebConfig(
            tls=self._tls(parts["tls_server_config"]) if "tls_server_config" in parts else None,
            users=self._users(parts.get("basic_auth_users")),
            headers=self._headers(http.get("headers")),
        )

    def _tls(self, node: yaml.Node) -> TlsConfig | None:
        keys = (
            "cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version", "max_version",
            "cipher_suites", "prefer_server_cipher_suites", "curve_preferences",
        )  # fmt: skip
        at = "tls_server_config"
        parts = self._mapping(node, at, keys)
        if not parts and not self.problems:
            return None  # an empty section means plain HTTP, in the toolkit too
        text = {key: self._text(parts.get(key), f"{at}.{key}") for key in keys[:6]}
        for key in ("cert_file", "key_file"):
            if not text[key]:
                self._wrong(node, f"{at}.{key}", "is missing: TLS needs both cert_file and key_file")
        auth = self._one_of(parts, f"{at}.client_auth_type", CLIENT_AUTH_TYPES, text["client_auth_type"])
        ca_file = text["client_ca_file"]
        if ca_file and auth == "NoClientCert":
            self._wrong(
                node, f"{at}.client_ca_file", "is of no use without client_auth_type: RequireAndVerifyClientCert"
            )
        if not ca_file and auth != "NoClientCert":
            self._wrong(node, f"{at}.client_ca_file", f"is missing: client_auth_type {auth} needs it")
        lowest = self._one_of(parts, f"{at}.min_version", TLS_VERSIONS, text["min_version"])
        highest = self._one_of(parts, f"{at}.max_version", TLS_VERSIONS[::-1], text["max_version"])
        if lowest > highest:
            self._wrong(node, f"{at}.min_version", "is above max_version")
        curves = self._list(parts.get("curve_preferences"), f"{at}.curve_preferences", CURVES)
        if len(curves) > 1:
            self._wrong(
                parts["curve_preferences"], f"{at}.curve_preferences", "can name one curve here, or be left out"
            )
        return TlsConfig(
            cert_file=self._beside(text["cert_file"]),
            key_file=self._beside(text["key_file"]),
            client_auth_type=auth,
            client_ca_file=self._beside(ca_file) if ca_file else None,
            min_version=lowest,
            max_version=highest,
            cipher_suites=self._list(parts.get("cipher_suites"), f"{at}.cipher_suites", CIPHER_SUITES),
            prefer_server_cipher_suites=self._flag(
                parts.get("prefer_server_cipher_suites"), f"{at}.prefer_server_cipher_suites", default=True
            ),
            curve=next(iter(curves), None),
        )

    def _users(self, node: yaml.Node | None) -> dict[str, bytes]:
        users: dict[str, bytes] = {}
        for name, value in self._mapping(node, "basic_auth_users", None).items():
            key = f"basic_auth_users.{name}"
            match = _HASH.fullmatch(self._text(value, key))
            if ":" in name or not name:
                self._wrong(value, key, "a user name is not empty and has no colon")
            elif match is None:
                self._wrong(value, key, "is not a bcrypt hash; make one with: htpasswd -nBC 10 NAME")
            elif int(match["cost"]) not in BCRYPT_COSTS:
                self._wrong(
                    value,
                    key,
                    f"bcrypt cost {match['cost']}: write one of {BCRYPT_COSTS[0]} to {BCRYPT_COSTS[-1]}, 10 is usual",
                )
            else:
                users[name] = match[0].encode()
        if len(users) > MAX_USERS and node is not None:
            self._wrong(node, "basic_auth_users", f"more than {MAX_USERS} users")
        return users

    def _headers(self, node: yaml.Node | None) -> tuple[tuple[str, str], ...]:
        headers = []
        for name, value in self._mapping(node, "http_server_config.headers", tuple(_HEADERS)).items():
            key = f"http_server_config.headers.{name}"
            text = self._text(value, key)
            allowed = _HEADERS[name]
            if allowed is not None and text not in allowed:
                self._wrong(value, key, f"write {' or '.join(allowed)}")
            elif not text.isascii() or not text.isprintable():
                self._wrong(value, key, "a header is one line of printable ASCII")
            elif text and name != "X-Content-Type-Options":  # always sent anyway
                headers.append((name, text))
        return tuple(headers)

    def _mapping(self, node: yaml.Node | None, key: str, known: tuple[str, ...] | None) -> dict[str, yaml.Node]:
        """The entries of a mapping by name; unknown and repeated names are problems. ``known=None`` allows any name."""
        if node is None or _is_null(node):
            return {}
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, key, "must be a mapping (key: value lines)")
            return {}
        parts: dict[str, yaml.Node] = {}
        for name_node, value in node.value:
            name = name_node.value if isinstance(name_node, yaml.ScalarNode) else ""
            full = f"{key}.{name}" if key else name
            if name in parts:
                self._wrong(name_node, full, "stands here twice")
            elif known is not None and name not in known:
                self._wrong(name_node, full, _CANNOT.get(name) or f"unknown key; known are {', '.join(known)}")
            else:
                parts[name] = value
        return parts

    def _text(self, node: yaml.Node | None, key: str) -> str:
        if node is None or _is_null(node):
            return ""
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(node, key, "must be a single value")
            return ""
        return str(node.value)

    def _flag(self, node: yaml.Node | None, key: str, *, default: bool) -> bool:
        text = self._text(node, key)
        if text not in {"", "true", "false"} and node is not None:
            self._wrong(node, key, "write true or false")
        return text == "true" if text else default

    def _one_of(self, parts: Mapping[str, yaml.Node], key: str, known: tuple[str, ...], text: str) -> str:
        """``text`` when it is known, else the first of ``known``, which is the default."""
        if text and text not in known:
            self._wrong(parts[key.rpartition(".")[2]], key, f"write {' or '.join(known)}")
        return text if text in known else known[0]

    def _list(self, node: yaml.Node | None, key: str, known: Mapping[str, str]) -> tuple[str, ...]:
        if node is None or _is_null(node):
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, key, "must be a list")
            return ()
        names = [self._text(each, key) for each in node.value]
        for each, name in zip(node.value, names, strict=True):
            if name not in known:
                self._wrong(each, key, f"unknown; known are {', '.join(known)}")
        return tuple(name for name in names if name in known)

    def _beside(self, name: str) -> Path:
        return self._path.parent / name

    def _wrong(self, node: yaml.Node, key: str, text: str) -> None:
        mark = node.start_mark
        self.problems.append(Problem(f"{self._path}:{mark.line + 1}:{mark.column + 1}", key, text))


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and str(node.tag) == "tag:yaml.org,2002:null"
