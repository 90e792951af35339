"""The monitoring stack of compose: what it mounts exists, and the paths and ports in it are those of the files it mounts."""

import os
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
COMPOSE = REPOSITORY / "deploy" / "monitoring.compose.yaml"
STACK = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
SERVICES = STACK["services"]


def mounts(service):
    """Path in the container -> path here, for what is not a volume."""
    pairs = [text.split(":") for text in SERVICES[service]["volumes"]]
    return {
        inside: (COMPOSE.parent / outside).resolve() for outside, inside, *_ in pairs if outside not in STACK["volumes"]
    }


def as_seen_here(service, path):
    inside = max((each for each in mounts(service) if path.startswith(each)), key=len)
    return mounts(service)[inside] / path.removeprefix(inside).lstrip("/")


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_mounted_exists_and_cannot_be_written(service):
    assert all(path.is_dir() for path in mounts(service).values())
    outside = [text for text in SERVICES[service]["volumes"] if text.startswith("..")]
    assert all(text.endswith(":ro") for text in outside)


@pytest.mark.parametrize("service", ["prometheus", "alertmanager"])
def test_the_configuration_named_on_the_command_line_is_mounted(service):
    (config,) = [text.partition("=")[2] for text in SERVICES[service]["command"] if text.startswith("--config.file=")]
    assert as_seen_here(service, config).is_file()


def test_the_rules_that_prometheus_names_are_mounted_where_it_looks():
    config = yaml.safe_load((REPOSITORY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    for pattern in config["rule_files"]:
        folder, _, names = os.path.normpath(f"/etc/cadence/prometheus/{pattern}").rpartition("/")
        assert list(as_seen_here("prometheus", folder).glob(names)), pattern


def test_prometheus_alertmanager_and_cadence_are_where_the_configuration_says():
    config = yaml.safe_load((REPOSITORY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    for service in ("prometheus", "alertmanager"):
        (listen,) = [
            text.partition("=")[2] for text in SERVICES[service]["command"] if text.startswith("--web.listen-address=")
        ]
        assert jobs[service] == [listen]
        assert SERVICES[service]["network_mode"] == "host"
    assert jobs["cadence"] == ["127.0.0.1:9923"]


def test_nothing_can_be_reached_from_outside_until_somebody_says_so():
    for service in ("prometheus", "alertmanager"):
        listening = [text for text in SERVICES[service]["command"] if ".listen-address=" in text]
        assert all(
            text.partition("=")[2].startswith("127.0.0.1:") or text.startswith("--cluster.") for text in listening
        )
    assert "--cluster.listen-address=" in SERVICES["alertmanager"]["command"], "no port for peers"
    assert SERVICES["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "${GRAFANA_ADDRESS:-127.0.0.1}"


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
    assert tag[0].isdigit() or tag[0] == "v"
