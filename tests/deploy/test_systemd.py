"""The unit, as far as it can be judged without starting it (test_unit_booted.py does)."""

import re
import subprocess
from pathlib import Path

import pytest

from cadence_exporter.record.web.server import MAX_CONNECTIONS
from tests.deploy.tools import tool

REPOSITORY = Path(__file__).parents[2]
UNIT = REPOSITORY / "deploy/systemd/cadence-exporter.service"
EXPOSURE = 15
"""Ten times the score that systemd-analyze may give."""
PROBES_AND_LISTENERS = 100
"""Threads and children: 25 with the defaults, counted; twice the services, resolvers, sinks and a trace leave room."""


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that is there."""
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text().replace("ExecStart=cadence-exporter ", "ExecStart=/bin/true "))
    return path


def analyze(*arguments):
    return subprocess.run(
        [tool("systemd-analyze"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_understands_every_line(unit):
    done = analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_it_may_do_is_little(unit):
    done = analyze("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", unit)
    assert done.returncode == 0, done.stdout


def test_the_watchdog_is_more_patient_than_the_longest_healthy_wait():
    (minutes,) = re.findall(r"^WatchdogSec=(\d+)min$", UNIT.read_text(), flags=re.MULTILINE)
    longest_wait_s = 60 * 3 + 10
    assert 60 * int(minutes) > longest_wait_s + 8 + 5 * 8.25 + 60, "as /-/healthy reckons, with one record"


def test_the_kernel_has_a_task_for_each_connection_and_for_each_probe():
    """With fewer, whoever opens connections keeps the loop from looking, and the line looks dead."""
    (tasks,) = re.findall(r"^TasksMax=(\d+)$", UNIT.read_text(), flags=re.MULTILINE)
    assert int(tasks) >= 2 * MAX_CONNECTIONS + PROBES_AND_LISTENERS


def test_no_image_of_its_memory_is_left_on_the_disk():
    """The watchdog ends it by SIGABRT, and the token is in its memory."""
    assert "LimitCORE=0" in UNIT.read_text().splitlines()


def test_lan_and_wan_stay_open():
    settings = [line for line in UNIT.read_text().splitlines() if not line.startswith("#")]
    assert not [line for line in settings if line.startswith("IPAddress")]
    (families,) = [line for line in settings if line.startswith("RestrictAddressFamilies=")]
    assert set(families.partition("=")[2].split()) == {"AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX"}


def test_the_configuration_of_the_package_loads(tmp_path):
    from cadence_exporter.settings.load import load  # noqa: PLC0415

    loaded = load(REPOSITORY / "deploy/deb/cadence.yaml", {"HOME": str(tmp_path)}, tmp_path)
    assert loaded.settings.state_dir == Path("/var/lib/cadence-exporter")


def test_the_configuration_of_the_package_loads_uncommented_but_for_its_secret(tmp_path):
    from cadence_exporter.settings.load import load  # noqa: PLC0415

    text = (REPOSITORY / "deploy/deb/cadence.yaml").read_text()
    text = re.sub(r"^# ", "", text.partition("state_dir:")[2].partition("\n")[2], flags=re.MULTILINE)
    secret = tmp_path / "token"
    secret.write_text("a-token-of-nobody")
    secret.chmod(0o600)
    text = text.replace("/etc/cadence-exporter/secrets/cloudflare-api-token", str(secret))
    config = tmp_path / "cadence.yaml"
    config.write_text(text)
    loaded = load(config, {"HOME": str(tmp_path)}, tmp_path)
    assert loaded.settings.providers.cloudflare.api_token.get_secret_value() == "a-token-of-nobody"
    assert [spec.key.name for spec in loaded.settings.record_specs()] == ["vpn.example.com"]


def test_the_folder_of_secrets_that_the_settings_know_is_the_one_that_is_handed_over():
    from cadence_exporter.settings.secret_files import CREDENTIAL, SERVICE_SECRETS  # noqa: PLC0415

    assert f"LoadCredential={CREDENTIAL.rstrip('_')}:{SERVICE_SECRETS}" in UNIT.read_text().splitlines()
