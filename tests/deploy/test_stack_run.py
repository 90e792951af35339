"""The image built and the compose stack run, in a home that has a router and no internet: `make deploy-test`.

Official images cannot be pulled everywhere: Debian's own Prometheus and Alertmanager stand in under their tags. Grafana and wg-easy have
no stand-in and are not run.
"""

import json
import os
import re
import shutil
import subprocess

import pytest

from tests.deploy.home import FILE, ROUTER, a_home, made_by_podman, until
from tests.deploy.images import STAND_INS, WORK, environment, podman
from tests.deploy.tools import compose

NEEDS = ("podman", "runc", "debootstrap", "ip", "nsenter", *STAND_INS.values())
STARTED = ("cadence-exporter", *STAND_INS)
ALERT_S = 480.0
"""CadenceWanDown waits five minutes before it fires; Prometheus looks each 30 s."""
LARGEST_MB = 260


def missing():
    if os.geteuid() != 0:
        return "needs root"
    absent = [name for name in NEEDS if shutil.which(name) is None]
    return f"needs {', '.join(absent)}" if absent else ""


pytestmark = [pytest.mark.deploy, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]


@pytest.fixture(scope="module")
def image():
    return made_by_podman()


@pytest.fixture(scope="module")
def home():
    with a_home("podman") as made:
        yield made


@pytest.fixture(scope="module")
def stack(image, home, tmp_path_factory):
    """The shipped file, brought up by Docker's compose through podman."""
    socket = tmp_path_factory.mktemp("podman") / "socket"
    settings = environment() | {"DOCKER_HOST": f"unix://{socket}"}
    with (WORK / "engine.log").open("w") as log:
        engine = subprocess.Popen(
            [*home.enter, "podman", "system", "service", "--time=0", f"unix://{socket}"],
            env=settings,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    command = [compose(), "-f", FILE, "--env-file", FILE.parent / ".env.example", "--profile", "monitoring"]
    try:
        until(socket.exists, "an engine", 30)
        up = subprocess.run(
            [*command, "up", "-d", "--no-build", *STARTED], env=settings, capture_output=True, text=True, check=False
        )
        assert up.returncode == 0, up.stderr[-3000:]
        yield home
    finally:
        subprocess.run([*command, "down", "-v", "-t", "5"], env=settings, check=False, capture_output=True)
        engine.terminate()
        engine.wait(30)


def within(home, *arguments):
    """podman in the home: what it starts for a container on the host's network has the network of who called it."""
    done = subprocess.run(
        [*home.enter, "podman", *arguments], env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


def inspect(container):
    return json.loads(podman("inspect", container))[0]


def test_the_image_is_small_and_says_what_is_in_it(image):
    size_mb = int(podman("image", "inspect", "--format", "{{.Size}}", image)) / 1e6
    assert size_mb < LARGEST_MB
    bill = json.loads(
        podman("run", "--rm", "--network", "none", "--entrypoint", "cat", image, "/opt/cadence/sbom.cdx.json")
    )
    assert {"requests", "pydantic", "prometheus-client"} <= {each["name"] for each in bill["components"]}
    everything = podman("run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", "help('modules')")
    assert "poetry" not in everything


def test_nothing_of_this_machine_is_left_in_the_image(image):
    listed = podman(
        "run", "--rm", "--network", "none", "--entrypoint", "ls", image, "-A", "/etc", "/app", "/opt/cadence"
    )
    assert "pip.conf" not in listed
    assert ".git" not in listed.split()


def test_cadence_runs_hardened_and_knows_that_it_is_healthy(stack):
    until(lambda: (stack.ask("http://127.0.0.1:9923/api/v1/status") or {}).get("state") == "DOWN", "DOWN")
    host = inspect("cadence")["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    _, status = within(stack, "exec", "cadence", "cat", "/proc/1/status")
    assert re.search(r"^Uid:\s+10001\s", status, flags=re.MULTILINE)
    assert set(re.findall(r"^Cap(?:Inh|Prm|Eff|Bnd|Amb):\s+(\w+)", status, flags=re.MULTILINE)) == {"0" * 16}
    assert re.search(r"^NoNewPrivs:\s+1$", status, flags=re.MULTILINE)
    assert within(stack, "healthcheck", "run", "cadence") == (0, "")


def test_the_router_answers_and_the_line_does_not(stack):
    _, log = within(stack, "logs", "cadence")
    assert re.search(rf"ROUTER +UP +ip={re.escape(ROUTER)}", log), log
    assert re.search(r"WAN_PATH +DOWN", log)


def test_the_commands_of_the_runbooks_work_in_the_container(stack):
    code, said = within(stack, "exec", "cadence", "cadence-exporter", "status")
    assert (code, "DOWN" in said) == (3, True), said
    assert within(stack, "exec", "cadence", "cadence-exporter", "history", "--since", "1d")[0] == 0


def test_prometheus_scrapes_it(stack):
    def scraped():
        found = stack.ask("http://127.0.0.1:9090/api/v1/query?query=up%7Bjob%3D%22cadence%22%7D")
        return found and [each["value"][1] for each in found["data"]["result"]] == ["1"]

    until(scraped, "scraped")


def test_memory_is_kept_when_the_container_is_made_anew(stack):
    before = stack.ask("http://127.0.0.1:9923/api/v1/status")["cycle"]
    assert within(stack, "restart", "-t", "5", "cadence")[0] == 0
    after = until(lambda: stack.ask("http://127.0.0.1:9923/api/v1/status"), "answering")
    until(lambda: stack.ask("http://127.0.0.1:9923/api/v1/status").get("cycle"), "a cycle")
    assert stack.ask("http://127.0.0.1:9923/api/v1/status")["cycle"] > before
    assert after
    assert inspect("cadence")["State"]["Running"] is True


def test_alertmanager_is_told_that_the_line_is_down(stack):
    def told():
        found = stack.ask("http://127.0.0.1:9093/api/v2/alerts") or []
        return next((each for each in found if each["labels"]["alertname"] == "CadenceWanDown"), None)

    alert = until(told, "told", ALERT_S)
    assert alert["labels"] | {"site": "home", "severity": "critical", "layer": "wan"} == alert["labels"]
    assert "no internet" in alert["annotations"]["summary"]
