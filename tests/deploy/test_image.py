"""The recipe of the image, as far as it can be judged without making one."""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

import cadence_exporter
from cadence_exporter.settings.load import CONTAINER_CACHE
from tests.deploy.tools import tool

REPOSITORY = Path(__file__).parents[2]
RECIPE = REPOSITORY / "deploy/image/Dockerfile"
TEXT = RECIPE.read_text()


def test_hadolint_has_nothing_to_say():
    done = subprocess.run([tool("hadolint"), RECIPE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_does_not_run_as_root_and_has_no_syntax_line_to_pull():
    assert re.findall(r"^USER (.+)$", TEXT, flags=re.MULTILINE) == ["10001:10001"]
    assert "# syntax" not in TEXT


class Healthy(BaseHTTPRequestHandler):
    """What the health check asks for."""

    def do_GET(self):
        self.send_response(200 if self.path == "/-/healthy" else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("path", "code"), [("/-/healthy", 0), ("/stuck", 1)])
def test_the_health_check_asks_over_loopback_whatever_proxy_the_engine_hands_to_its_containers(path, code):
    """Docker's client puts its `proxies` into each container's environment."""
    command = json.loads(re.search(r'CMD (\["python".+\])$', TEXT, flags=re.MULTILINE)[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}{path}"
        environ = {"HEALTH_URL": url, "http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}
        done = subprocess.run(
            [sys.executable, *command[1:]], env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        server.shutdown()
    assert done.returncode == code, done.stderr


def test_everything_installed_is_hashed():
    installs = re.findall(r"pip .*?install (.*)", TEXT)
    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)


def test_the_folder_of_its_memory_is_the_one_that_the_settings_look_for():
    assert f"-m 0700 {CONTAINER_CACHE}\n" in TEXT


def test_its_version_is_that_of_the_project_everywhere():
    version = cadence_exporter.__version__
    assert f'image.version="{version}"' in TEXT
    stack = yaml.safe_load((REPOSITORY / "deploy/compose/compose.yaml").read_text())
    assert stack["services"]["cadence-exporter"]["image"] == f"cadence-exporter:{version}"
    assert f"image: cadence-exporter:{version} " in (REPOSITORY / "deploy/kubernetes/base/deployment.yaml").read_text()


def test_the_context_has_what_is_copied_and_nothing_of_this_machine():
    allowed = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((REPOSITORY / name).exists() for name in allowed)
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, flags=re.MULTILINE):
        copied |= {name.rstrip("/") for name in line.split()[:-1]}
    assert all(any(name == each or name.startswith(f"{each}/") for each in copied) for name in allowed)


def test_the_bill_of_materials_names_what_is_locked():
    done = subprocess.run(
        [sys.executable, REPOSITORY / "deploy/image/sbom.py"], check=True, capture_output=True, text=True, timeout=60
    )
    bill = json.loads(done.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    stated = {f"{each['name']}=={each['version']}" for each in bill["components"]}
    locked = re.findall(
        r"^([a-z0-9._-]+==[^ ;]+)", (REPOSITORY / "requirements/runtime.txt").read_text(), flags=re.MULTILINE
    )
    assert set(locked) <= stated
    assert bill["metadata"]["component"]["name"] == "cadence-exporter"
    assert all(
        each.get("licenses")
        for each in bill["components"]
        if each["type"] == "library" and f"{each['name']}=={each['version']}" in locked
    )
