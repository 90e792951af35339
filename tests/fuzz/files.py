"""Targets: files that people, their editors and other programs write."""

from ipaddress import ip_address

from cadence_exporter.act.dns.file import HostsFile
from cadence_exporter.errors import ActionFailed, SettingsError
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.observe.gateway import default_gateway
from cadence_exporter.record.web import passwords, wire
from cadence_exporter.record.web.live_config import LiveWebConfig
from cadence_exporter.record.web.messages import text
from cadence_exporter.settings.explain import render
from cadence_exporter.settings.load import load
from tests.fuzz.answers import ADDRESS, NAME, SOON
from tests.fuzz.promises import Target, folder, refuses, shows

MOVED = ip_address("81.2.69.142")
SPEC = RecordSpec(RecordKey(NAME, RecordType.A), "file")
QUICK = (b"$04", b"$05")


def settings(data):
    _read({"cadence.yaml": data, ".env": b""})


def dotenv(data):
    _read({"cadence.yaml": b"", ".env": data})


def _read(files):
    home = folder() / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    for name, content in files.items():
        (home / name).write_bytes(content)
    try:
        loaded = load(None, {"HOME": str(home)}, home)
    except SettingsError as error:
        refuses(error)
        return
    for warning in loaded.warnings:
        shows(warning)
    lines = render(loaded).split("\n")
    for line in lines:
        shows(line)


def web_config(data):
    path = folder() / "web.yml"
    path.write_bytes(data)
    try:
        config = LiveWebConfig(path, lambda _: None).fresh().config
    except SettingsError as error:
        refuses(error)
        return
    for name, stored in config.users.items():
        assert name
        assert ":" not in name
        if stored[3:6] in QUICK:
            assert passwords._matches(b"not this one", stored) in {True, False}
    raw = wire.render(text(200, "body", *config.headers), with_body=True, date="now")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert body == b"body\n"
    lines = head.decode("ascii").split("\r\n")
    assert len(lines) == 7 + len(config.headers)
    for line in lines:
        shows(line)


def hosts(data):
    """Before and after a create and an update, everybody else's lines are the same bytes."""
    path = folder() / "hosts"
    path.write_bytes(data)
    provider = HostsFile(path)
    found = _held(provider)
    if found is None:
        return
    assert all(ip_address(held.content).version == 4 for held in found)
    if not found:
        provider.create(SPEC, ADDRESS, SOON)
        now = path.read_bytes()
        assert now.startswith(data)
        assert now[len(data) :].lstrip(b"\n").count(b"\n") == 1
        found = _held(provider)
        assert [held.content for held in found] == [str(ADDRESS)]
    if len(found) == 1:
        before = path.read_bytes().split(b"\n")
        provider.update(SPEC, found[0], MOVED, SOON)
        after = path.read_bytes().split(b"\n")
        assert len(before) == len(after)
        assert len([1 for old, new in zip(before, after, strict=True) if old != new]) <= 1
        assert [held.content for held in _held(provider)] == [str(MOVED)]


def _held(provider):
    try:
        return provider.read(SPEC, SOON).held
    except ActionFailed as error:
        shows(error.detail)
        return None


def routes(data):
    """The kernel's two tables, separated by NUL."""
    ipv4, _, ipv6 = data.partition(b"\0")
    places = (folder() / "route", folder() / "ipv6_route")
    for place, content in zip(places, (ipv4, ipv6), strict=True):
        place.write_bytes(content)
    gateway = default_gateway(*places)
    if gateway is not None:
        packed = gateway.address.packed
        digits = packed[::-1].hex() if gateway.address.version == 4 else packed.hex()
        assert digits.lstrip("0") in data.decode("ascii", "replace").lower().replace("_", "").replace(" ", "")


LONG = b"x" * 300
"""Longer than a name in a file system may be."""
HASH = b"$2b$04$abcdefghijklmnopqrstuuK3YVqUPkVLBTCcDmNmiPnGfXvPgN0Eq"
EXAMPLE = b"""site: home
loop:
  interval: 3m
public_ip:
  families: [ipv4, ipv6]
dns:
  records:
    - {name: vpn.example.com, provider: cloudflare, ttl: 60}
providers:
  cloudflare: {api_token: abcdefghijklmnop}
"""
YAML_WORDS = (
    b"&a ", b"*a", b"<<: ", b"!!int ", b"? ", b"%YAML 1.1\n", b"---\n", b"|2-\n", b'"\\ud800"', b'"\\Uffffffff"',
    b'"\\0"', b'"\\n"', b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xa8", b"null", b"1:30", b"0x1F", b"1e400", b"[[[[[[[[",
    b"{{{{", b"~/", LONG,
)  # fmt: skip

TARGETS = (
    Target(
        "settings",
        "settings that check-config can show, or SettingsError with printable problems, one line each",
        settings,
        (
            EXAMPLE,
            b"router: {address: 192.168.0.1}\nweb_config_file: web.yml\n",
            b"dns: {records: [{name: a.b, provider: file}]}\n",
            b"providers:\n  rfc2136: {server: 192.168.0.2, zone: example.com, key_name: k, key_secret: c2VjcmV0}\n",
            b"providers: {cloudflare: {api_token_file: token}}\nstate_dir: ~/state\n",
            b"web_config_file: " + LONG + b"\n",
            b"state_dir: " + LONG + b"\nproviders: {cloudflare: {api_token_file: " + LONG + b"}}\n",
        ),
        (
            *YAML_WORDS, b"dns:", b"records:", b"name: ", b"providers:", b"web_config_file: ", b"state_dir: ",
            b"api_token_file: ", b"public_ip:", b"echo_urls: ", b"router:", b"loop:", b"log:",
        ),
    ),
    Target(
        "dotenv",
        "as for the settings file",
        dotenv,
        (
            b"CADENCE_SITE=home\n# comment\nexport CADENCE_LOOP_INTERVAL='3m'\n",
            b'CADENCE_DNS_RECORDS=[{name: vpn.example.com, provider: file}]\nTZ="Europe/Berlin"\n',
            b"CADENCE_PUBLIC_IP_FAMILIES=ipv4,ipv6\nCADENCE_CONFIG=other.yaml\n",
            b"CADENCE_CONFIG=" + LONG + b"\n",
            b"CLOUDFLARE_API_TOKEN=abc\nCADENCE_PROVIDERS_CLOUDFLARE_API_TOKEN=def\n",
        ),
        (b"CADENCE_", b"CADENCE_CONFIG=", b"CADENCE_DNS_RECORDS=", b"export ", b"='", b'="', b"\\", LONG, b"_SERVICE_HOST="),
    ),
    Target(
        "web_config",
        "response headers that stay one line each, users that can be checked, or SettingsError with printable problems",
        web_config,
        (
            b"basic_auth_users:\n  prom: " + HASH + b"\n",
            b"http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: deny\n",
            b"tls_server_config:\n  cert_file: a.pem\n  key_file: b.pem\n  min_version: TLS13\n",
            b"tls_server_config: {cert_file: a, key_file: b, curve_preferences: [X25519], cipher_suites: []}\n",
        ),
        (
            *YAML_WORDS, b"basic_auth_users:", b"http_server_config:", b"headers:", b"Content-Security-Policy: ",
            b"tls_server_config:", b"cert_file: ", b"key_file: ", b"client_ca_file: ", HASH,
        ),
    ),
    Target(
        "hosts",
        "one line of ours is added or changed, and every other byte stays; what is read is an address of the family; else ActionFailed",
        hosts,
        (
            b"127.0.0.1 localhost\n",
            b"93.184.216.34\tvpn.example.com\t# cadence-exporter\n::1 ip6-localhost",
            b"1.2.3.4 VPN.example.com. other\r\n",
            b"1.2.3.4 vpn.example.com # cadence-exporter\r\n2a01::1 vpn.example.com # cadence-exporter",
        ),
        (b"# cadence-exporter", b"vpn.example.com", b"%eth0", b"\r\n", b"\x0c", b"\x1c", b"\0", b"%#"),
        1024,
    ),
    Target(
        "routes",
        "a gateway that stands in the kernel's table, or none; never an exception",
        routes,
        (
            b"Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\n",
            b"\0" + b"0" * 32 + b" 00 " + b"0" * 32 + b" 00 fe80" + b"0" * 27 + b"1 00000400 00000001 00000000 00000003 eth0\n",
        ),
        (b"0" * 32, b"fe80" + b"0" * 27 + b"1", b"0003", b"%", b"_", b"-1", b"\t"),
        1024,
    ),
)  # fmt: skip
