"""Other updaters' settings become ones that load, and no secret comes along."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadence_exporter.errors import SettingsError
from cadence_exporter.settings.imports.recognise import READERS, take_over
from cadence_exporter.settings.imports.written import as_yaml
from cadence_exporter.settings.load import Loaded, load

TOKEN = "s3cr3t.T0ken_with-everything0000000000aa"
OTHER = "an0ther-s3cr3t-0000000000000000000000000"

DDCLIENT = f"""
# comment
daemon=300
use=web, web=https://cloudflare.com/cdn-cgi/trace, web-skip='ip='   # says the sample
protocol=cloudflare, \\
zone=example.com,    \\
ttl=60,              \\
login=token,         \\ # only needed with the global key
password='{TOKEN}'   \\
example.com, vpn.example.com
"""
INADYN = f"""
period = 300            # seconds
user-agent = "Mozilla/5.0"
provider no-ip.com {{ username = me  password = {OTHER}  hostname = me.no-ip.com }}
provider cloudflare.com:1 {{
    username = example.com
    password = {TOKEN}==
    hostname = {{ "example.com", vpn.example.com }}
    ttl = 60
    proxied = false
}}
provider ipv6@cloudflare.com {{
    password = {TOKEN}==
    hostname = vpn.example.com
}}
"""
FAVONIA = f"""
PATH=/usr/bin
CLOUDFLARE_API_TOKEN={TOKEN}
DOMAINS=example.com, vpn.example.com
IP4_DOMAINS=four.example.com
PROXIED=false
TTL=120
UPDATE_CRON=@every 5m
HEALTHCHECKS=https://hc-ping.com/{OTHER}
"""
DDNS_UPDATER = f"""
{{"settings": [
  {{"provider": "cloudflare", "zone_identifier": "{"0a" * 16}", "domain": "example.com", "host": "@,vpn", "ttl": 600,
    "token": "{TOKEN}", "ip_version": "ipv4"}},
  {{"provider": "cloudflare", "zone_identifier": "{"0a" * 16}", "domain": "six.example.com", "ttl": 1,
    "token": "{TOKEN}", "ip_version": "ipv6"}},
  {{"provider": "namecheap", "domain": "example.net", "password": "{OTHER}"}}
]}}
"""
SAMPLES = {"ddclient": DDCLIENT, "inadyn": INADYN, "favonia": FAVONIA, "ddns-updater": DDNS_UPDATER}


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[[str], Loaded]:
    def load_it(text: str) -> Loaded:
        (tmp_path / "cloudflare_token").touch(mode=0o600)
        (tmp_path / "cloudflare_token").write_text("abc")
        (tmp_path / "cadence.yaml").write_text(text)
        return load(None, {"HOME": "/x"}, tmp_path)

    return load_it


def imported(text: str, program: str | None = None) -> str:
    return as_yaml(take_over(text, "FILE", program))


def refusal(text: str, program: str | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        take_over(text, "FILE", program)
    return str(caught.value)


def records(found: Loaded) -> set[tuple[str, str, int | None, bool | None]]:
    return {(each.name, str(each.type), each.ttl, each.proxied) for each in found.settings.dns.records}


WANTED = {
    "ddclient": {("example.com", "A", 60, None), ("vpn.example.com", "A", 60, None)},
    "inadyn": {
        ("example.com", "A", 60, False),
        ("vpn.example.com", "A", 60, False),
        ("vpn.example.com", "AAAA", None, None),
    },
    "favonia": {
        ("example.com", "A", 120, False),
        ("example.com", "AAAA", 120, False),
        ("vpn.example.com", "A", 120, False),
        ("vpn.example.com", "AAAA", 120, False),
        ("four.example.com", "A", 120, False),
    },
    "ddns-updater": {
        ("example.com", "A", 600, None),
        ("vpn.example.com", "A", 600, None),
        ("six.example.com", "AAAA", 1, None),
    },
}


@pytest.mark.parametrize("program", SAMPLES)
def test_each_form_is_recognised_and_what_comes_out_loads(program: str, loaded: Callable[[str], Loaded]) -> None:
    found = loaded(imported(SAMPLES[program]))
    assert found.warnings == ()
    assert records(found) == WANTED[program]
    assert all(each.provider == "cloudflare" for each in found.settings.dns.records)


@pytest.mark.parametrize("program", SAMPLES)
def test_no_token_password_or_ping_url_comes_out(program: str) -> None:
    written = imported(SAMPLES[program])
    assert TOKEN not in written
    assert OTHER not in written
    assert "api_token_file: cloudflare_token" in written
    assert TOKEN not in repr(take_over(SAMPLES[program], "FILE", None))


def test_what_has_no_equal_is_named_with_where_to_look() -> None:
    assert "# - daemon: Cadence looks by its own rhythm" in imported(DDCLIENT)
    assert "# - me.no-ip.com, provider no-ip.com: only cloudflare.com can be taken over" in imported(INADYN)
    assert "# - HEALTHCHECKS: put the URL into a file" in imported(FAVONIA)
    assert "# - example.net, provider namecheap: only cloudflare can be taken over" in imported(DDNS_UPDATER)


def test_a_known_zone_id_is_kept_and_two_are_not() -> None:
    assert f'zone_id: "{"0a" * 16}"' in imported(DDNS_UPDATER)
    two = DDNS_UPDATER.replace("0a" * 16, "0b" * 16, 1)
    assert "zone_id:" not in imported(two)
    assert "several zone ids" in imported(two)


def test_two_tokens_are_said_and_not_shown() -> None:
    two = DDCLIENT + f"protocol=cloudflare, password={OTHER} other.example.com\n"
    assert "several different tokens" in imported(two)
    assert OTHER not in imported(two)


def test_a_token_file_is_kept_by_its_path() -> None:
    written = imported("DOMAINS=a.example.com\nCLOUDFLARE_API_TOKEN_FILE=/run/secrets/cf\nIP6_PROVIDER=none\n")
    assert "api_token_file: /run/secrets/cf\n" in written
    odd = imported(f"DOMAINS=a.example.com\nCLOUDFLARE_API_TOKEN_FILE={TOKEN}\nIP6_PROVIDER=none\n")
    assert TOKEN not in odd


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("usev6=webv6, webv6=ipify-ipv6\n", {"AAAA"}),
        ("usev4=webv4, usev6=webv6\n", {"A", "AAAA"}),
        ("use=web, usev6=no\n", {"A"}),
        ("", {"A"}),
    ],
)
def test_ddclient_names_the_family_by_how_it_asks(more: str, wanted: set[str]) -> None:
    carried = take_over(more + f"protocol=cloudflare, password={TOKEN} vpn.example.com\n", "FILE", None)
    assert {kind for _, kind in carried.records} == wanted


def test_ddclient_a_global_key_and_a_password_behind_the_host_are_said() -> None:
    written = imported(f"protocol=cloudflare, login=me@example.com, password={TOKEN}\nvpn.example.com me {OTHER}\n")
    assert "API token only" in written
    assert OTHER not in written


def test_favonia_families_and_expressions() -> None:
    written = imported("DOMAINS=vpn.example.com{hostid6=::1}\nPROXIED=is(vpn.example.com)\nIP4_PROVIDER=none\n")
    assert 'name: "vpn.example.com", type: AAAA, provider' in written
    assert "families: [ipv6]" in written
    assert "hostid6" in written


@pytest.mark.parametrize("ttl", ["30", "0", "-5", "1e3", "86401", "99999999999", "abc", "\N{SUPERSCRIPT TWO}"])
def test_a_ttl_that_cloudflare_does_not_take_is_left_out(ttl: str) -> None:
    written = imported(f"DOMAINS=a.example.com\nTTL={ttl}\n", "favonia")
    assert "ttl:" not in written
    assert "its TTL was left out" in written


def test_a_wildcard_stays_text(loaded: Callable[[str], Loaded]) -> None:
    found = loaded(imported("IP4_DOMAINS=*.example.com\n"))
    assert records(found) == {("*.example.com", "A", None, None)}


def test_nothing_at_cloudflare_is_an_error_that_says_what_was_there() -> None:
    assert "z.dyndns.org, protocol=dyndns2: only cloudflare" in refusal(
        "protocol=dyndns2, login=x, password=y z.dyndns.org\n"
    )
    assert "provider duckdns.org: only cloudflare.com" in refusal(
        "provider duckdns.org {\n hostname = a.duckdns.org\n}"
    )
    assert "provider gandi: only cloudflare" in refusal('{"settings": [{"provider": "gandi"}]}')


def test_what_is_not_recognised_says_how_to_go_on() -> None:
    assert "--from ddclient|inadyn|favonia|ddns-updater" in refusal("hello\n")
    assert refusal("{not json").startswith("FILE: as settings of ddns-updater: is not JSON (line 1)")
    assert 'has no list "settings"' in refusal('{"settings": 3}')


@pytest.mark.parametrize(
    "text",
    [
        f'{{"settings": [{{"provider": "{TOKEN}"}}]}}',
        f"protocol={TOKEN} vpn.example.com\n",
        f"provider {TOKEN} {{ hostname = a.example.com }}",
        f"DOMAINS={TOKEN.replace('.', '')}\n",
        f"protocol=cloudflare {TOKEN.replace('.', '')}\n",
        f"protocol=cloudflare {TOKEN}\n",
        f"DOMAINS={TOKEN}\n",
        f"provider cloudflare.com {{ hostname = {TOKEN} }}",
        f'{{"settings": [{{"provider": "cloudflare", "domain": "{TOKEN}"}}]}}',
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(text: str) -> None:
    said = refusal(text)
    assert TOKEN.lower() not in said.lower()
    assert TOKEN.replace(".", "") not in said
    assert "not shown" in said


@pytest.mark.parametrize("program", READERS)
@given(text=st.text(alphabet=st.sampled_from("ab.={}\"'#,\\\n \t/*:1-provider cloudflare.com[]"), max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_or_refused(program: str, text: str) -> None:
    try:
        written = imported(text, program)
    except SettingsError:
        return
    assert written.isprintable() or "\n" in written


@pytest.mark.parametrize("program", READERS)
@pytest.mark.parametrize("piece", ['"\\', "/*", "provider a {", "\\\n", "a=b,", "[", '{"', "\n", "a.b,", "x=", "''"])
def test_a_large_strange_file_takes_no_time(program: str, piece: str) -> None:
    text = (piece * 262_144)[:262_144]
    began = time.process_time()
    for chosen in (program, None):
        try:
            imported(text, chosen)
        except SettingsError as error:
            said = str(error)
        else:
            said = ""
        assert len(said) < 10_000
    assert time.process_time() - began < 5


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0"])
@pytest.mark.parametrize("start", ["protocol=cloudflare vpn.example.com", "IP4_DOMAINS=vpn.example.com,a b"])
def test_a_desert_of_blanks_in_a_line_takes_no_time(start: str, blank: str) -> None:
    began = time.process_time()
    assert "vpn.example.com" in imported(start + blank * 100_000 + "x\n")
    assert time.process_time() - began < 1


def test_a_file_with_thousands_of_names_is_cut() -> None:
    names = ",".join(f"h{number}.example.com" for number in range(5000))
    carried = take_over(f"IP4_DOMAINS={names}\n", "FILE", None)
    assert len(carried.records) == 200
    assert "only the first 200 records were taken" in carried.notes


def test_lines_cannot_be_broken_out_of(loaded: Callable[[str], Loaded]) -> None:
    text = '{"settings": [{"provider": "x\\nlisten: 0.0.0.0:1", "domain": "a"}, {"provider": "cloudflare", "domain": "a.example.com"}]}'
    found = loaded(imported(text))
    assert found.settings.listen == "127.0.0.1:9923"
    assert not re.search(r"^listen", imported(text), re.MULTILINE)
