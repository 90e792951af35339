"""The stack of compose: what it mounts exists, its paths and ports are those of the files it mounts, and nothing is open unasked."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.tools import compose

REPOSITORY = Path(__file__).parents[2]
FILE = REPOSITORY / "deploy/compose/compose.yaml"
STACK = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES = STACK["services"]
MONITORING = ("prometheus", "alertmanager", "grafana")
EXAMPLE = FILE.parent / ".env.example"
VARIABLE = re.compile(r"\$\{([A-Z_]+)")


def mounts(service):
    """Path in the container -> path here, for what is of this repository."""
    pairs = [text.split(":") for text in SERVICES[service]["volumes"]]
    return {inside: (FILE.parent / outside).resolve() for outside, inside, *_ in pairs if outside.startswith(".")}


def as_seen_here(service, path):
    inside = max((each for each in mounts(service) if path.startswith(each)), key=len)
    return mounts(service)[inside] / path.removeprefix(inside).lstrip("/")


def scraped():
    return yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text(encoding="utf-8"))


def understood(*variables, env_file=EXAMPLE):
    """What compose makes of the file, for all profiles; ``variables`` as in .env."""
    command = [compose(), "-f", FILE, "--env-file", env_file, "--profile", "*", "config", "--format", "json"]
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(command, env=clean | dict(variables), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_compose_understands_it_with_the_example_as_it_stands():
    found = understood()
    assert set(found["services"]) == {"cadence-exporter", *MONITORING, "wg-easy"}
    cadence = found["services"]["cadence-exporter"]
    assert cadence["environment"]["CADENCE_PROVIDERS__CLOUDFLARE__API_TOKEN_FILE"] == ""
    assert cadence["environment"]["CLOUDFLARE_DNS_NAME"] == ""
    assert found["secrets"]["cloudflare_api_token"]["file"] == "/dev/null"


def test_a_token_is_a_file_and_never_a_variable():
    found = understood(("CLOUDFLARE_API_TOKEN_FILE", "./secrets/t"), ("CLOUDFLARE_DNS_NAME", "vpn.example.com"))
    environment = found["services"]["cadence-exporter"]["environment"]
    assert environment["CADENCE_PROVIDERS__CLOUDFLARE__API_TOKEN_FILE"] == "/run/secrets/cloudflare_api_token"
    assert "CLOUDFLARE_API_TOKEN" not in environment
    assert found["secrets"]["cloudflare_api_token"]["file"] == str(FILE.parent / "secrets/t")
    assert found["services"]["wg-easy"]["environment"]["INIT_HOST"] == "vpn.example.com"


def test_the_first_start_of_the_vpn_is_filled_in_only_with_a_password():
    assert understood()["services"]["wg-easy"]["environment"]["INIT_ENABLED"] == ""
    found = understood(("WG_EASY_PASSWORD", "of nobody at all"))
    assert found["services"]["wg-easy"]["environment"]["INIT_ENABLED"] == "true"


def test_a_misspelt_key_would_be_found(tmp_path):
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(FILE.read_text().replace("read_only: true", "readonly: true"))
    done = subprocess.run([compose(), "-f", wrong, "config", "-q"], capture_output=True, timeout=60, check=False)
    assert done.returncode == 1


@pytest.mark.parametrize("service", ["cadence-exporter", *MONITORING])
def test_what_is_mounted_exists_and_cannot_be_written(service):
    assert all(path.is_dir() for path in mounts(service).values())
    ours = [text for text in SERVICES[service]["volumes"] if text.startswith(".")]
    assert all(text.endswith(":ro") for text in ours)


@pytest.mark.parametrize("service", ["cadence-exporter", *MONITORING])
def test_nobody_has_a_capability_or_can_get_one(service):
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert "cap_add" not in SERVICES[service]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", ["cadence-exporter", "prometheus", "alertmanager"])
def test_the_root_file_system_is_read_only(service):
    assert SERVICES[service]["read_only"] is True


@pytest.mark.parametrize("service", SERVICES)
def test_it_comes_again_after_a_reboot_and_cannot_fill_the_disk_with_its_log(service):
    assert SERVICES[service]["restart"] == "unless-stopped"
    assert SERVICES[service]["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


def test_it_may_have_as_many_tasks_as_under_systemd():
    unit = (REPOSITORY / "deploy/systemd/cadence-exporter.service").read_text()
    assert f"TasksMax={SERVICES['cadence-exporter']['pids_limit']}" in unit.splitlines()


def test_the_past_cannot_fill_the_disk():
    """Days alone do not bound bytes: Prometheus and Alertmanager keep series of their own."""
    assert [each for each in SERVICES["prometheus"]["command"] if each.startswith("--storage.tsdb.retention.size=")]


@pytest.mark.parametrize("service", ["prometheus", "alertmanager"])
def test_the_configuration_named_on_the_command_line_is_mounted(service):
    (config,) = [text.partition("=")[2] for text in SERVICES[service]["command"] if text.startswith("--config.file=")]
    assert as_seen_here(service, config).is_file()


def test_the_rules_that_prometheus_names_are_mounted_where_it_looks():
    for pattern in scraped()["rule_files"]:
        folder, _, names = os.path.normpath(f"/etc/cadence/prometheus/{pattern}").rpartition("/")
        assert list(as_seen_here("prometheus", folder).glob(names)), pattern


def test_everybody_is_where_prometheus_looks():
    jobs = {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in scraped()["scrape_configs"]
        if "static_configs" in job
    }
    for service in ("prometheus", "alertmanager"):
        (listen,) = [
            text.partition("=")[2] for text in SERVICES[service]["command"] if text.startswith("--web.listen-address=")
        ]
        assert jobs[service] == [listen]
        assert SERVICES[service]["network_mode"] == "host"
    assert jobs["cadence"] == ["127.0.0.1:9923"]
    assert SERVICES["cadence-exporter"]["network_mode"] == "host"


def test_the_metrics_of_the_vpn_are_where_its_example_looks():
    (job,) = [job for job in scraped()["scrape_configs"] if job["job_name"] == "wg-easy"]
    assert job["file_sd_configs"] == [{"files": ["vpn/*.yml"]}]
    (targets,) = yaml.safe_load((REPOSITORY / "prometheus/vpn/wg-easy.yml.example").read_text())
    (port,) = [text for text in SERVICES["wg-easy"]["ports"] if text.endswith("/tcp")]
    assert port.startswith(targets["targets"][0] + ":")


def test_nothing_but_wireguard_can_be_reached_from_outside_until_somebody_says_so():
    for service in ("prometheus", "alertmanager"):
        listening = [text for text in SERVICES[service]["command"] if ".listen-address=" in text]
        assert all(
            text.partition("=")[2].startswith("127.0.0.1:") or text.startswith("--cluster.") for text in listening
        )
    assert "--cluster.listen-address=" in SERVICES["alertmanager"]["command"], "no port for peers"
    assert SERVICES["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "${GRAFANA_ADDRESS:-127.0.0.1}"
    assert "CADENCE_LISTEN" not in SERVICES["cadence-exporter"]["environment"], (
        "127.0.0.1, unless cadence.yaml says more"
    )
    world = [text for text in SERVICES["wg-easy"]["ports"] if not text.startswith("127.0.0.1:")]
    assert world == ["51820:51820/udp"]


def test_grafana_finds_its_data_source_and_its_first_page():
    sources = yaml.safe_load((REPOSITORY / "grafana/provisioning/datasources/cadence.yml").read_text(encoding="utf-8"))
    assert sources["datasources"][0]["url"] == "http://prometheus:9090"
    assert "prometheus:127.0.0.1" in SERVICES["grafana"]["extra_hosts"]
    first = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert as_seen_here("grafana", first).is_file()


@pytest.mark.parametrize("service", SERVICES)
def test_each_image_has_a_version(service):
    name, _, tag = SERVICES[service]["image"].rpartition(":")
    assert name
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag)


def test_each_variable_is_in_the_example():
    named = set(re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert set(VARIABLE.findall(FILE.read_text())) <= named
    assert named - set(VARIABLE.findall(FILE.read_text())) == {"COMPOSE_PROFILES"}


@pytest.mark.parametrize(
    "file",
    [
        "deploy/compose/.env",
        "deploy/compose/secrets/cloudflare-api-token",
        "deploy/compose/secrets/alertmanager/mail.password",
        "deploy/compose/cadence/cadence.yaml",
        "prometheus/cadence.password",
        "prometheus/vpn/wg-easy.yml",
    ],
)
def test_what_is_of_one_home_stays_out_of_git(file):
    done = subprocess.run(["git", "check-ignore", "-q", file], cwd=REPOSITORY, timeout=60, check=False)
    assert done.returncode in (0, 128), "128: this is no clone"


@pytest.mark.parametrize("folder", ["secrets", "secrets/alertmanager", "cadence"])
def test_the_folders_that_are_mounted_come_with_the_clone(folder):
    """Otherwise the engine makes them, as root's."""
    assert (FILE.parent / folder / ".gitignore").read_text().startswith("*\n!.gitignore\n")
