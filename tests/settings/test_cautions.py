from collections.abc import Callable
from pathlib import Path

import pytest

from cadence_exporter.settings.load import Loaded, load

Read = Callable[..., Loaded]
CLOUDFLARE = "providers: {cloudflare: {api_token: abc}}\n"
RFC2136 = "providers: {rfc2136: {server: 192.168.0.2, zone: example.com}}\n"


@pytest.mark.parametrize(
    ("yaml", "warning"),
    [
        ("listen: 0.0.0.0:9923", "listen: is not loopback, so whoever"),
        ("listen: '[::]:9923'", "listen: is not loopback, so whoever"),
        ("public_ip: {quorum: 1}", "public_ip.quorum: is 1, so a single echo service"),
        ("loop: {confirmations: 1}", "loop.confirmations: is 1, so an address"),
        (
            "dns: {truth: ['https://1.1.1.1/dns-query', 'https://cloudflare-dns.com/dns-query']}",
            "dns.truth: has one operator only (cloudflare)",
        ),
        ("dns: {truth: []}", "dns.truth: is empty"),
        (CLOUDFLARE, "providers.cloudflare.api_token: is set, but no record"),
        (RFC2136, "providers.rfc2136.server: is set, but no record"),
        (
            RFC2136 + "dns: {records: [{name: a.example.com, provider: rfc2136}]}",
            "providers.rfc2136.tsig_name: is not set, so updates",
        ),
        ("public_ip: {echo6: ['https://api6.ipify.org']}", "public_ip.echo6: is not used"),
        (
            "dns: {records: [{name: a.home.arpa, provider: file, ttl: 60}]}",
            "dns.records[0].ttl: has no effect, because a hosts file",
        ),
        (
            CLOUDFLARE + "dns: {records: [{name: a.example.com, provider: cloudflare, proxied: true, ttl: 60}]}",
            "dns.records[0].ttl: has no effect, because Cloudflare",
        ),
    ],
)
def test_what_is_allowed_but_doubtful_gives_one_warning(read: Read, yaml: str, warning: str) -> None:
    (only,) = read(yaml).warnings
    assert only.startswith(warning)


def test_a_secret_in_a_file_that_everybody_may_read_gives_a_warning(read: Read, tmp_path: Path) -> None:
    text = "CLOUDFLARE_DNS_NAME=vpn.example.com\nCLOUDFLARE_API_TOKEN=abc\n"
    assert read(dotenv=text).warnings == ()
    (tmp_path / ".env").chmod(0o644)
    assert load(None, {"HOME": "/home/someone"}, tmp_path).warnings == (
        ".env: holds a secret, and everybody on this machine may read it; chmod 600 it",
    )


def test_a_listener_with_a_password_of_its_own_gives_none(read: Read, tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text("basic_auth_users: {}\n")
    assert read("listen: 0.0.0.0:9923\nweb_config_file: web.yml").warnings == ()


def test_a_short_variable_that_is_none_gives_a_warning_in_our_own_file_only(read: Read) -> None:
    (only,) = read(dotenv="CLOUDFLARE_DNS_NAMES=vpn.example.com\nCLOUDFLARE_EMAIL=\n").warnings
    assert (
        only
        == "CLOUDFLARE_DNS_NAMES: is not a setting and counts for nothing (.env:1); did you mean CLOUDFLARE_DNS_NAME?"
    )
    assert read(dotenv="", CLOUDFLARE_ACCOUNT_ID="of another program").warnings == ()
