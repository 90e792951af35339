"""The TLS section of the web-config file -> an OpenSSL context."""

import ssl

from cadence_exporter.errors import Problem, SettingsError
from cadence_exporter.record.web.web_config import CIPHER_SUITES, CURVES, TlsConfig

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


def context(config: TlsConfig) -> ssl.SSLContext:
    """Load the files. Raises SettingsError when one of them cannot be read or they do not fit together."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = _VERSIONS[config.min_version]
    made.maximum_version = _VERSIONS[config.max_version]
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if not config.prefer_server_cipher_suites:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    made.set_alpn_protocols(["http/1.1"])
    if config.cipher_suites:
        made.set_ciphers(":".join(CIPHER_SUITES[name] for name in config.cipher_suites))
    if config.curve:
        made.set_ecdh_curve(CURVES[config.curve])
    _load_certificate(made, config)
    made.verify_mode = _CLIENT_AUTH[config.client_auth_type]
    if config.client_ca_file:
        try:
            made.load_verify_locations(cafile=str(config.client_ca_file))
        except OSError as error:  # ssl.SSLError is one
            raise _unusable(str(config.client_ca_file), "client_ca_file", error) from error
    return made


def _load_certificate(made: ssl.SSLContext, config: TlsConfig) -> None:
    for key, path in (("cert_file", config.cert_file), ("key_file", config.key_file)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise _unusable(str(path), key, error) from error
    try:
        # An encrypted key would make OpenSSL ask on the terminal, and wait there for ever.
        made.load_cert_chain(str(config.cert_file), str(config.key_file), password=lambda: b"")
    except (OSError, ValueError) as error:
        raise _unusable(f"{config.cert_file}, {config.key_file}", "cert_file", error) from error


def _unusable(where: str, key: str, error: Exception) -> SettingsError:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "unusable"
    return SettingsError((Problem(where, f"tls_server_config.{key}", f"cannot be used: {reason}"),))
