"""The manifests for Kubernetes: they build, fit the schemas, keep to the restricted pod security, and carry the rules of today."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from cadence_exporter.settings.load import load
from tests.deploy.tools import FOLDER, tool

REPOSITORY = Path(__file__).parents[2]
KUBERNETES = REPOSITORY / "deploy/kubernetes"
LARGEST_CONFIG_MAP = 1024 * 1024


@pytest.fixture(scope="module")
def built():
    done = subprocess.run(
        [tool("kubectl"), "kustomize", KUBERNETES / "base"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def objects(built):
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(built)}


@pytest.fixture(scope="module")
def pod(objects):
    return objects["Deployment", "cadence-exporter"]["spec"]["template"]["spec"]


def validate(text, folder):
    if not (FOLDER / "bin/kubernetes-validate").exists():
        tool("kubernetes-validate")
    manifest = folder / "manifest.yaml"
    manifest.write_text(text)
    return subprocess.run(
        [tool("kubernetes-validate"), "--strict", manifest], capture_output=True, text=True, timeout=60, check=False
    )


def test_it_fits_the_schemas_of_kubernetes(built, tmp_path):
    done = validate(built, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    unknown = set(re.findall(r"find schema for kind (\w+)", done.stdout + done.stderr))
    assert unknown <= {"ServiceMonitor", "PrometheusRule"}, "the operator's own, whose schemas no package has"


def test_a_misspelt_key_would_be_found(built, tmp_path):
    assert validate(built.replace("readOnlyRootFilesystem", "readonlyRootFilesystem"), tmp_path).returncode == 1


def test_there_is_never_more_than_one(objects):
    deployment = objects["Deployment", "cadence-exporter"]["spec"]
    assert deployment["replicas"] == 1
    assert deployment["strategy"] == {"type": "Recreate"}


def test_the_pod_is_a_restricted_one(objects, pod):
    (container,) = pod["containers"]
    assert objects["Namespace", "cadence"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert {next(iter(each.keys() - {"name"})) for each in pod["volumes"]} <= {
        "configMap",
        "secret",
        "persistentVolumeClaim",
        "emptyDir",
    }


def test_its_settings_load_and_nobody_is_refused_at_the_door(tmp_path):
    loaded = load(KUBERNETES / "base/cadence.yaml", {"HOME": str(tmp_path)}, tmp_path)
    assert loaded.settings.listen_address() == ("", 9923)


def test_the_policy_lets_out_what_the_settings_ask_for(objects, tmp_path):
    settings = load(KUBERNETES / "base/cadence.yaml", {"HOME": str(tmp_path)}, tmp_path).settings
    (egress,) = objects["NetworkPolicy", "cadence-exporter"]["spec"]["egress"]
    assert "to" not in egress, "resolvers, the router and the internet: everywhere"
    assert {"port": 1, "endPort": 65535, "protocol": "UDP"} in egress["ports"]
    tcp = {each["port"] for each in egress["ports"] if each["protocol"] == "TCP"}
    urls = (
        *settings.wan.targets,
        *settings.public_ip.echo,
        *settings.dns.truth,
        settings.providers.cloudflare.base_url,
    )
    asked = {urlsplit(url).port or 443 for url in urls}
    assert tcp == asked | {53, settings.router.tcp_port}


def test_the_pod_is_scraped_as_the_rules_expect(objects):
    (endpoint,) = objects["ServiceMonitor", "cadence-exporter"]["spec"]["endpoints"]
    replaced = {each["targetLabel"]: each["replacement"] for each in endpoint["relabelings"] if "targetLabel" in each}
    assert replaced["job"] == "cadence"
    assert replaced["site"]
    service = objects["Service", "cadence-exporter"]
    selector = objects["ServiceMonitor", "cadence-exporter"]["spec"]["selector"]["matchLabels"]
    assert selector.items() <= service["metadata"]["labels"].items()
    assert endpoint["port"] in {each["name"] for each in service["spec"]["ports"]}


def test_each_dashboard_is_a_config_map_that_fits():
    listed = yaml.safe_load((REPOSITORY / "grafana/dashboards/kustomization.yaml").read_text())["configMapGenerator"]
    files = {name for each in listed for name in each["files"]}
    there = {path.name: path.stat().st_size for path in (REPOSITORY / "grafana/dashboards").glob("*.json")}
    assert files == there.keys()
    assert max(there.values()) < LARGEST_CONFIG_MAP


def test_the_rules_are_those_of_prometheus_and_fresh():
    """Not so: make rules."""
    sys.path.insert(0, str(KUBERNETES))
    try:
        import prometheus_rule  # noqa: PLC0415
    finally:
        sys.path.remove(str(KUBERNETES))
    assert prometheus_rule.WRITTEN.read_text() == prometheus_rule.manifest()
    groups = yaml.safe_load(prometheus_rule.manifest())["spec"]["groups"]
    assert sum(len(group["rules"]) for group in groups) > 40
