import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cadence_exporter.errors import SettingsError
from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.settings.explain import render
from cadence_exporter.settings.files import is_file, is_folder
from cadence_exporter.settings.load import CONTAINER_CACHE, Loaded, load

Read = Callable[..., Loaded]
NOBODY = 65534
CLOUDFLARE = "dns:\n  records:\n    - {name: vpn.example.com, provider: cloudflare}\n"


def test_without_any_settings_the_defaults_hold(read: Read) -> None:
    loaded = read()
    assert loaded.path is None
    assert loaded.warnings == ()
    assert set(loaded.origins.values()) == {"default"}
    settings = loaded.settings
    assert settings.loop.interval == 60.0
    assert settings.listen_address() == ("127.0.0.1", 9923)
    assert settings.record_specs() == (RecordSpec(RecordKey("vpn.home.arpa", RecordType.A), "file"),)
    assert settings.hosts_file() == settings.state_dir / "hosts" == settings.providers.file.path
    assert [len(settings.echo_services(family)) for family in (Family.IPV4, Family.IPV6)] == [5, 4]


def test_a_folder_in_place_of_the_file_is_said_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "cadence.yaml").mkdir()
    with pytest.raises(SettingsError, match=r"cadence\.yaml: is not a file"):
        load(None, {"HOME": str(tmp_path)}, tmp_path)


@pytest.mark.parametrize(
    "nothing", ["", "\n# only a comment\n", "---\n", "null\n", "loop:\ndns:\n", "\ufeffsite: home\n"]
)
def test_an_empty_file_or_section_means_the_defaults(read: Read, nothing: str) -> None:
    loaded = read(nothing)
    assert loaded.settings == read("").settings
    assert loaded.path == Path("cadence.yaml")


def test_the_state_directory_is_systemds_else_the_containers_else_the_homes(read: Read) -> None:
    assert read(STATE_DIRECTORY="/var/lib/cadence:/other").settings.state_dir == Path("/var/lib/cadence")
    at_home = Path("/home/someone/.cache/cadence-exporter")
    assert read().settings.state_dir == (CONTAINER_CACHE if CONTAINER_CACHE.is_dir() else at_home)
    assert read("state_dir: ~/state\n").settings.state_dir == Path("/home/someone/state")


def test_paths_in_a_file_are_relative_to_it_and_those_of_variables_to_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/c.yaml").write_text("state_dir: here\n")
    assert load(Path("etc/c.yaml"), {}, tmp_path).settings.state_dir == tmp_path / "etc/here"
    assert load(Path("etc/c.yaml"), {"CADENCE_STATE_DIR": "there"}, tmp_path).settings.state_dir == tmp_path / "there"


def test_each_layer_wins_over_the_one_before_and_is_named_as_the_origin(read: Read) -> None:
    def interval(**sources: str) -> tuple[float, str]:
        loaded = read(**sources)
        return loaded.settings.loop.interval, loaded.origins["loop.interval"]

    assert interval() == (60.0, "default")
    yaml = "site: x\nloop:\n  interval: 61s\n"
    assert interval(yaml=yaml) == (61.0, "cadence.yaml:3")
    assert interval(dotenv="CYCLE_INTERVAL=62\n") == (62.0, ".env:1")
    assert interval(CYCLE_INTERVAL="63") == (63.0, "environment CYCLE_INTERVAL")
    dotenv = "# first\n\nCYCLE_INTERVAL=62\nCADENCE_LOOP__INTERVAL='64s'\n"
    assert interval(dotenv=dotenv, CYCLE_INTERVAL="63") == (64.0, ".env:4")
    assert interval(CADENCE_LOOP__INTERVAL="65s", CYCLE_INTERVAL="63") == (65.0, "environment CADENCE_LOOP__INTERVAL")


def test_the_file_is_searched_in_order_and_a_named_one_must_exist(read: Read, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("site: other\n")
    (tmp_path / "third.yaml").write_text("site: third\n")
    assert read("site: local\n").settings.site == "local"
    assert read(CADENCE_CONFIG="other.yaml").settings.site == "other"
    assert read(dotenv="CADENCE_CONFIG=other.yaml\n").settings.site == "other"
    assert read(config=Path("third.yaml"), CADENCE_CONFIG="other.yaml").settings.site == "third"
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: does not exist"):
        read(config=Path("nowhere.yaml"))


def test_lists_in_variables_are_json_yaml_or_commas(read: Read) -> None:
    json, yaml = '["tcp://[::1]:1", "tls://a.example:2"]', "['tcp://[::1]:1', tls://a.example:2]"
    for text in (json, yaml, "tcp://[::1]:1, tls://a.example:2,"):
        assert read(CADENCE_WAN__TARGETS=text).settings.wan.targets == ("tcp://[::1]:1", "tls://a.example:2")
    records = read(
        CADENCE_DNS__RECORDS='[{"name": "A.Example.com.", "provider": "file", "create": false}]'
    ).settings.record_specs()
    assert records == (RecordSpec(RecordKey("a.example.com", RecordType.A), "file", create=False),)


def test_names_become_lower_case_ascii_of_idna_2008(read: Read) -> None:
    names = '["Straße.example", "*.Bücher.example", "_wg._udp.example.com", "xn--bcher-kva.example.net"]'
    yaml = (
        "dns:\n  records:\n"
        + "".join(f"    - {{name: {name}, provider: rfc2136}}\n" for name in names[1:-1].split(", "))
        + "providers: {rfc2136: {server: '::1', port: 5300, zone: example}}\n"
    )
    with pytest.raises(SettingsError):
        read(yaml)  # example.com does not lie in the zone
    yaml = yaml.replace("example.com", "example").replace("example.net", "a.example")
    assert [spec.key.name for spec in read(yaml).settings.record_specs()] == [
        "xn--strae-oqa.example",
        "*.xn--bcher-kva.example",
        "_wg._udp.example",
        "xn--bcher-kva.a.example",
    ]


def test_a_home_with_ipv6_only_keeps_its_default_record_as_aaaa(read: Read) -> None:
    assert read(CADENCE_PUBLIC_IP__FAMILIES="ipv6").settings.record_specs()[0].key.type is RecordType.AAAA


def test_a_secret_comes_from_its_file_and_ends_where_the_line_ends(read: Read, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc.def\n")
    token.chmod(0o600)
    loaded = read(CLOUDFLARE + "providers: {cloudflare: {api_token_file: token}}\n")
    secret = loaded.settings.providers.cloudflare.api_token
    assert secret is not None
    assert secret.get_secret_value() == "abc.def"
    assert loaded.origins["providers.cloudflare.api_token"] == f"secret file {token}"
    assert loaded.warnings == ()
    token.chmod(0o644)
    assert "chmod 600" in read().warnings[0]
    assert read(CREDENTIALS_DIRECTORY=str(tmp_path)).warnings == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_secret_file_that_may_not_be_read_is_a_problem(read: Read, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc")
    (tmp_path / "token").chmod(0)
    with pytest.raises(SettingsError, match="cannot be read"):
        read("providers: {cloudflare: {api_token_file: token}}\n")


def test_what_cannot_be_looked_for_is_not_there(tmp_path: Path) -> None:
    nowhere = tmp_path / ("x" * 300)  # root may look into every folder, but nobody can have a name as long as this
    assert not is_file(nowhere)
    assert not is_folder(nowhere)


def test_a_pipe_in_place_of_a_file_does_not_block(read: Read, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token")
    with pytest.raises(SettingsError, match="is not a file"):
        read("providers: {cloudflare: {api_token_file: token}}\n")


def test_dollar_signs_and_hashes_in_dotenv_stay(read: Read) -> None:
    loaded = read(dotenv="HOME2=x\nCADENCE_RECOVERY__DEVICE__PASSWORD='pa$HOME2 #1'\n")
    secret = loaded.settings.recovery.device.password
    assert secret is not None
    assert secret.get_secret_value() == "pa$HOME2 #1"


def test_variables_that_kubernetes_injects_for_a_service_of_our_name_are_no_mistake(read: Read) -> None:
    read(
        CADENCE_SERVICE_HOST="10.0.0.1",
        CADENCE_SERVICE_PORT="9923",
        CADENCE_PORT="tcp://10.0.0.1:9923",
        CADENCE_PORT_9923_TCP="x",
    )
    with pytest.raises(SettingsError, match="CADENCE_PORT"):
        read(CADENCE_PORT="9923")


def test_what_libraries_read_from_the_process_is_handed_on_from_dotenv(read: Read) -> None:
    assert read(dotenv="TZ=Europe/Berlin\nREQUESTS_CA_BUNDLE=/a\nPATH=/x\n", REQUESTS_CA_BUNDLE="/b").exports == {
        "TZ": "Europe/Berlin"
    }


def test_loading_twice_changes_nothing(read: Read, tmp_path: Path) -> None:
    before = dict(os.environ)
    first = read(CLOUDFLARE, "CLOUDFLARE_API_TOKEN=abc\n")
    assert first == read()
    assert dict(os.environ) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "cadence.yaml"]


@pytest.mark.parametrize(
    "yaml",
    [
        "loop: {interval: 100ms, fast_factor: 1, slow_factor: 1, jitter: 0s, confirm_spacing: 0s, probe_timeout: 100ms, confirmations: 1}",
        "dns: {cache_max_age: 0s, truth: ['http://127.0.0.1:1/dns-query', 'http://[::1]:2/dns-query']}",
        "listen: '[::]:0'",
        "listen: ':9923'",
        "public_ip: {cross_check: 0, echo: ['http://127.0.0.1:1/a', 'http://localhost:1/b'], quorum: 2}",
        "router: {address: '::1', probe: TCP, natpmp_port: 15351}",
        "log: {level: WARNING}",
        "dns: {records: [{name: a.example.com, provider: cloudflare, ttl: 1}]}\nproviders: {cloudflare: {api_token: abc}}",
    ],
)
def test_small_values_and_loopback_are_fine(read: Read, yaml: str) -> None:
    read(yaml)


def test_networks_that_are_never_published_are_read_and_shown(read: Read) -> None:
    loaded = read("public_ip: {refuse: [203.0.113.0/24, '2001:db8::/32', 198.51.100.7]}")
    assert [str(network) for network in loaded.settings.public_ip.refuse] == [
        "203.0.113.0/24",
        "2001:db8::/32",
        "198.51.100.7/32",
    ]
    assert 'refuse: ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"]' in render(loaded)
    assert read("public_ip: {refuse: []}").settings.public_ip.refuse == ()


def test_a_secret_of_the_service_is_read_from_what_systemd_handed_over(read: Read, tmp_path: Path) -> None:
    yaml = "providers: {rfc2136: {server: 192.168.0.2, zone: example.com, tsig_name: k, tsig_key_file: /etc/cadence-exporter/secrets/k}}\n"
    with pytest.raises(SettingsError, match=r"k does not exist|k cannot be read"):
        read(yaml)
    with pytest.raises(SettingsError, match="k is not among the credentials of this start; restart the service"):
        read(yaml, CREDENTIALS_DIRECTORY=str(tmp_path))
    (tmp_path / "secret_k").write_text("c2VjcmV0\n")
    loaded = read(yaml, CREDENTIALS_DIRECTORY=str(tmp_path))
    key = loaded.settings.providers.rfc2136.tsig_key
    assert key is not None
    assert key.get_secret_value() == "c2VjcmV0"
    assert loaded.origins["providers.rfc2136.tsig_key"] == f"secret file {tmp_path}/secret_k"


def test_a_folder_of_settings_that_is_closed_to_us_is_no_folder_without_settings(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "etc"
    closed.mkdir(mode=0o700)
    (closed / "cadence.yaml").write_text("site: nobody sees it")
    monkeypatch.setattr("cadence_exporter.settings.load.SYSTEM_FILE", closed / "cadence.yaml")
    assert read().settings.site == "nobody sees it"
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    else:
        closed.chmod(0)
    try:
        with pytest.raises(SettingsError, match="its folder is closed to this user"):
            load(None, {"HOME": "/home/someone"}, Path("/"))
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        else:
            closed.chmod(0o700)
