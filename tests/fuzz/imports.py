"""Target: settings of other updaters, as people paste them."""

import re

from cadence_exporter.errors import SettingsError
from cadence_exporter.settings.imports.recognise import READERS, take_over
from cadence_exporter.settings.imports.written import TOKEN_FILE, as_yaml
from cadence_exporter.settings.load import load
from tests.fuzz.promises import Target, folder, refuses, shows

SECRET = "S3cretSecretSecretSecretSecretSecretS3cret"
"""Longer than any name that is shown."""
PROGRAMS = (None, *READERS)


def imports(data):
    """The first byte says whose file it is taken for."""
    program = PROGRAMS[data[0] % len(PROGRAMS)] if data else None
    text = data[1:].decode("utf-8", "replace")
    try:
        written = as_yaml(take_over(text, "FILE", program))
    except SettingsError as error:
        refuses(error)
        keeps_quiet(str(error))
        return
    for line in written.removesuffix("\n").split("\n"):
        shows(line)
    keeps_quiet(written)
    home = folder() / "imported"
    home.mkdir(mode=0o700, exist_ok=True)
    (home / TOKEN_FILE).write_text("abc")
    (home / TOKEN_FILE).chmod(0o600)
    usable = re.sub(r"(api_token_file:) /\S+$", rf"\1 {TOKEN_FILE}", written, flags=re.MULTILINE)
    (home / "cadence.yaml").write_text(usable)
    assert load(None, {"HOME": str(home)}, home).settings.dns.records


def keeps_quiet(text):
    assert SECRET not in text


_S = SECRET.encode()
TARGETS = (
    Target(
        "imports",
        "settings that load as they are, or SettingsError; a secret in the place of one is in neither",
        imports,
        (
            b"\1use=web\nprotocol=cloudflare, zone=example.com, \\\nlogin=token, password='"
            + _S
            + b"' ttl=1 vpn.example.com,*.a.b\n",
            b"\2period = 300 # s\nprovider default@cloudflare.com:1 {\n password = "
            + _S
            + b'\n hostname = { "a.b", c.d }\n ttl = 60\n}\n',
            b"\3CLOUDFLARE_API_TOKEN=" + _S + b"\nDOMAINS=a.b,c.d\nPROXIED=false\nTTL=60\nIP6_PROVIDER=none\n",
            b'\4{"settings": [{"provider": "cloudflare", "domain": "a.b", "host": "@,x", "ttl": 60, "token": "'
            + _S
            + b'"}]}',
        ),
        (
            b"protocol=",
            b"cloudflare",
            b"provider ",
            b"cloudflare.com",
            b" {",
            b"}",
            b"hostname =",
            b"DOMAINS=",
            b'"settings"',
            _S,
        ),
    ),
)
