"""The compose file on Docker's own engine, with the commands of docs/deploying.md in a copy of the clone: `make deploy-test`.

Debian's Prometheus and Alertmanager stand in for the official images. In the place of Grafana and wg-easy are programs that only wait:
what is seen of these two is that the engine takes their networks, mounts, ports and secrets, and no more.
"""

import json
import os
import re
import shutil
import subprocess

import pytest

from tests.deploy import docker_engine
from tests.deploy.docker_engine import Docker
from tests.deploy.home import IMAGES, REPOSITORY, ROUTER, a_home, at_docker_hub, base_image, made_by_podman, until
from tests.deploy.images import STAND_INS

NEEDS = ("podman", "debootstrap", "ip", "nsenter", *STAND_INS.values())
COPIED = ("deploy/compose", "prometheus", "alerting", "grafana/provisioning", "grafana/dashboards")
WAITING = {"grafana": 'CMD ["sleep", "100000"]\nUSER 472', "wg-easy": 'CMD ["python3", "-m", "http.server", "51821"]'}
TOKEN = "a-token-of-nobody"
STATUS = "http://127.0.0.1:9923/api/v1/status"
HEALTHY_S = 120.0
"""The first check comes after a minute."""


def missing():
    if os.geteuid() != 0:
        return "needs root"
    absent = [*docker_engine.missing(), *(name for name in NEEDS if shutil.which(name) is None)]
    return f"needs {', '.join(absent)}" if absent else ""


pytestmark = [pytest.mark.deploy, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """In the engine's storage; Cadence's is built by it."""
    made_by_podman()
    recipe = tmp_path_factory.mktemp("waiting") / "Dockerfile"
    with Docker() as builder:
        for image in (base_image(), *(IMAGES[service] for service in STAND_INS)):
            builder.take_over(at_docker_hub(image))
        builder.build(IMAGES["cadence-exporter"])
        for service, lines in WAITING.items():
            recipe.write_text(f"FROM {base_image()}\n{lines}\n")
            builder.run("build", "--network", "none", "-t", IMAGES[service], recipe.parent)


@pytest.fixture(scope="module")
def home():
    with a_home("docker") as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """deploy/compose of a clone, after the commands of docs/deploying.md."""
    clone = tmp_path_factory.mktemp("clone")
    for each in COPIED:
        shutil.copytree(REPOSITORY / each, clone / each, ignore=shutil.ignore_patterns(".env", "cadence.yaml"))
    folder = clone / "deploy/compose"
    text = (folder / ".env.example").read_text()
    for name, value in (
        ("COMPOSE_PROFILES", "monitoring,vpn"),
        ("CLOUDFLARE_DNS_NAME", "vpn.example.com"),
        ("WG_EASY_PASSWORD", "'of nobody, $with #signs'"),
    ):
        text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
    text = re.sub(r"^# (CLOUDFLARE_API_TOKEN_FILE|GRAFANA_PASSWORD_FILE)=", r"\1=", text, flags=re.MULTILINE)
    (folder / ".env").write_text(text)
    (folder / "secrets").chmod(0o700)
    for name in ("cloudflare-api-token", "grafana-password"):
        (folder / "secrets" / name).write_text(TOKEN + "\n")
        (folder / "secrets" / name).chmod(0o644)
    return folder


@pytest.fixture(scope="module")
def docker(images, home, folder):
    with Docker(home.enter) as engine:
        try:
            engine.compose(folder, "down", "-v", "-t", "1")  # of a run that was killed
            code, said = engine.compose(folder, "up", "-d", "--no-build")
            assert code == 0, said
            yield engine
        finally:
            engine.compose(folder, "down", "-v", "-t", "1")


def state(docker, container):
    return json.loads(docker.run("inspect", container)[1])[0]["State"]


def healthy(docker, service):
    (name,) = [
        line
        for line in docker.run("ps", "--format", "{{.Names}}")[1].split()
        if line in (service, f"cadence-{service}-1")
    ]
    return state(docker, name).get("Health", {}).get("Status") == "healthy"


def test_the_engine_takes_it_all_and_finds_it_healthy_by_itself(docker, home):
    for service in ("cadence", *STAND_INS):
        until(lambda name=service: healthy(docker, name), f"{service} healthy", HEALTHY_S)
    assert home.ask(STATUS)["state"] == "DOWN", "there is no internet here"


def test_cadence_is_nobody_and_may_do_nothing(docker):
    _, status = docker.run("exec", "cadence", "cat", "/proc/1/status")
    assert re.search(r"^Uid:\s+10001\s", status, flags=re.MULTILINE)
    assert set(re.findall(r"^Cap(?:Inh|Prm|Eff|Bnd|Amb):\s+(\w+)", status, flags=re.MULTILINE)) == {"0" * 16}
    assert re.search(r"^NoNewPrivs:\s+1$", status, flags=re.MULTILINE)
    assert docker.run("exec", "cadence", "touch", "/x", check=False)[0] != 0, "the root file system"


def test_secrets_are_read_by_who_needs_them_and_stand_in_no_variable(docker):
    assert docker.run("exec", "cadence", "cat", "/run/secrets/cloudflare_api_token") == (0, TOKEN)
    assert docker.run("exec", "cadence-grafana-1", "cat", "/run/secrets/grafana_password") == (0, TOKEN)
    for container in ("cadence", "cadence-grafana-1"):
        assert TOKEN not in docker.run("inspect", container)[1]
    assert "cloudflare_api_token" in docker.run("exec", "cadence", "cadence-exporter", "check-config")[1]


def test_a_password_in_single_quotes_stays_as_it_is(docker):
    variables = json.loads(docker.run("inspect", "wg-easy")[1])[0]["Config"]["Env"]
    assert "INIT_PASSWORD=of nobody, $with #signs" in variables
    assert "INIT_HOST=vpn.example.com" in variables


def test_the_folder_for_alertmanagers_secrets_is_there_and_cannot_be_written(docker, folder):
    token = folder / "secrets/alertmanager/ntfy.token"
    token.write_text(TOKEN)
    token.chmod(0o644)
    assert docker.run("exec", "cadence-alertmanager-1", "cat", "/etc/alertmanager/ntfy.token") == (0, TOKEN)
    assert docker.run("exec", "cadence-alertmanager-1", "touch", "/etc/alertmanager/x", check=False)[0] != 0


def test_only_wireguard_is_open_to_others(docker, home):
    listening = subprocess.run(
        [*home.enter, "ss", "-lntuH"], check=True, capture_output=True, text=True, timeout=30
    ).stdout.splitlines()
    open_to_others = {
        (kind, where.rpartition(":")[2])
        for kind, where in ((line.split()[0], line.split()[4]) for line in listening)
        if not where.startswith(("127.", "[::1]"))
    }
    ours = {each for each in open_to_others if each[0] == "tcp" or each[1] == "51820"}
    assert ours == {("udp", "51820")}, listening
    assert any("127.0.0.1:51821" in line for line in listening)


def test_a_crash_is_restarted(docker):
    before = state(docker, "cadence")["Pid"]
    os.kill(before, 9)
    until(lambda: state(docker, "cadence")["Pid"] not in (0, before), "restarted")


def test_a_stop_in_the_middle_of_a_cycle_is_clean_and_quick(docker, home):
    docker.run("restart", "-t", "10", "cadence")
    until(lambda: home.ask(STATUS), "answering")  # its first cycle waits eight seconds for targets that do not answer
    docker.run("stop", "-t", "10", "cadence")
    assert state(docker, "cadence")["ExitCode"] == 0
    assert "👋 SERVICE     STOP       clean" in docker.run("logs", "--tail", "20", "cadence")[1]
    docker.run("start", "cadence")


def test_everything_comes_again_after_a_reboot_with_a_network_that_comes_late(docker, home):
    before = until(lambda: (home.ask(STATUS) or {}).get("cycle"), "a cycle")
    docker.stop()
    home.unplug()
    docker.__enter__()
    found = until(lambda: home.ask(STATUS), "answering without a network")
    assert found["cycle"] >= before, "its memory was in the volume"
    running = docker.run("ps", "--format", "{{.Names}}")[1].split()
    assert set(running) == {"cadence", "wg-easy", *(f"cadence-{name}-1" for name in ("grafana", *STAND_INS))}
    home.plug_in()
    seen = rf"ROUTER +UP +ip={re.escape(ROUTER)}"
    until(lambda: re.search(seen, docker.run("logs", "--since", "15s", "cadence")[1]), "the router seen")


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [(0o600, "/run/secrets/cloudflare_api_token cannot be read"), (None, "bind source path does not exist")],
)
def test_a_token_that_is_not_there_or_not_readable_is_said(docker, folder, mode, sentence):
    token = folder / "secrets/cloudflare-api-token"
    if mode is None:
        token.unlink()
    else:
        token.chmod(mode)
    _, said = docker.compose(folder, "up", "-d", "--no-build", "--force-recreate", "cadence-exporter")
    until(lambda: sentence in said + docker.run("logs", "cadence")[1], "said", 20)
