"""The package installed and the unit booted in a machine with systemd of its own: `make deploy-test`."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.machine import Machine, make_tree, missing

REPOSITORY = Path(__file__).parents[2]
BUILD = REPOSITORY / "build"
UNIT = "cadence-exporter"
TOKEN = "a-token-of-nobody"
SETTINGS = """\
state_dir: /var/lib/cadence-exporter
loop: {interval: 2s, fast_factor: 0.5, slow_factor: 1.0, jitter: 0s, confirm_spacing: 200ms, probe_timeout: 1s}
dns:
  records:
    - {name: vpn.example.com, type: A, ttl: 60, provider: cloudflare}
providers:
  cloudflare:
    api_token_file: /etc/cadence-exporter/secrets/cloudflare-api-token
"""
WATCHDOG_S = 20
ALLOWED_S = 150.0
"""What the loop may take at most (69 s with these settings), 15 s until the stopped process is killed, 10 s of rest, and time to start."""

pytestmark = [pytest.mark.deploy, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    package = max(BUILD.glob("cadence-exporter_*.deb"), key=lambda each: each.stat().st_mtime, default=None)
    if package is None:
        pytest.skip("no package in build/: make deb")
    tree = BUILD / "deploy-test" / "machine"
    make_tree(tree)
    shutil.rmtree(tree / "var/lib/private", ignore_errors=True)
    shutil.copy(package, tree / "package.deb")
    subprocess.run(["chroot", tree, "dpkg", "--purge", UNIT], check=False, capture_output=True)
    subprocess.run(["chroot", tree, "dpkg", "-i", "/package.deb"], check=True, capture_output=True)
    (tree / "etc/cadence-exporter/cadence.yaml").write_text(SETTINGS)
    secret = tree / "etc/cadence-exporter/secrets/cloudflare-api-token"
    secret.write_text(TOKEN + "\n")
    secret.chmod(0o600)
    override = tree / f"etc/systemd/system/{UNIT}.service.d/quicker.conf"
    override.parent.mkdir(parents=True, exist_ok=True)
    override.write_text(f"[Service]\nWatchdogSec={WATCHDOG_S}s\n")
    with Machine(tree, tmp_path_factory.mktemp("machine") / "console") as booted:
        yield booted


def pid_of(machine):
    """Of the service, as seen in the machine."""
    return int(machine.shows(UNIT, "MainPID"))


def status_document(machine):
    script = (
        "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9923/api/v1/status', timeout=5).read().decode())"
    )
    return json.loads(machine("python3", "-c", script))


def cycles(machine):
    return int(re.search(r"cycle (\d+)", machine.shows(UNIT, "StatusText"))[1])


def start(machine):
    machine("systemctl", "start", UNIT)
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active", "active", 60)


def write_settings(machine, text):
    machine("python3", "-c", f"open('/etc/cadence-exporter/cadence.yaml', 'w').write({text!r})")


def journal(machine):
    return machine("journalctl", "-u", UNIT, "-o", "cat", "--no-pager", "-b")


def test_it_is_up_after_the_boot_and_says_how_it_is(machine):
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active", "active")
    assert re.fullmatch(r"DOWN, cycle \d+; next look in \d+ s", machine.shows(UNIT, "StatusText"))
    assert status_document(machine)["state"] == "DOWN", "this machine has no network"
    assert machine("cadence-exporter", "status", check=False).splitlines()


def test_it_runs_as_nobody_who_existed_before_with_no_capability(machine):
    status = machine("cat", f"/proc/{pid_of(machine)}/status")
    (uid,) = re.findall(r"^Uid:\s+(\d+)", status, flags=re.MULTILINE)
    assert 61184 <= int(uid) <= 65519, "the range of DynamicUser"
    assert set(re.findall(r"^Cap(?:Inh|Prm|Eff|Bnd|Amb):\s+(\w+)", status, flags=re.MULTILINE)) == {"0" * 16}
    assert re.search(r"^NoNewPrivs:\s+1$", status, flags=re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, flags=re.MULTILINE)


def test_the_token_came_as_a_credential_that_only_the_service_reads(machine):
    assert machine("cat", f"/run/credentials/{UNIT}.service/secret_cloudflare-api-token") == TOKEN
    assert TOKEN not in machine("cat", f"/proc/{pid_of(machine)}/environ")
    assert "REFUSED" not in journal(machine), "the settings with api_token_file were accepted"
    assert TOKEN not in journal(machine)


def test_the_journal_has_one_time_a_line_and_knows_what_matters(machine):
    lines = journal(machine).splitlines()
    assert any(re.match(r"👂 SERVICE +LISTEN", line) for line in lines)
    assert not [line for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)]
    warnings = machine("journalctl", "-u", UNIT, "-o", "cat", "-p", "warning", "-b", "--no-pager").splitlines()
    assert 0 < len(warnings) < len(lines)


def test_reload_reads_the_settings_again_without_a_restart(machine):
    before = pid_of(machine)
    machine("systemctl", "reload", UNIT)
    machine.until(lambda: journal(machine).count("📖 SETTINGS") >= 2, "read again", 20)
    assert pid_of(machine) == before


def test_what_it_knows_survives_a_restart(machine):
    machine.until(lambda: cycles(machine) >= 3, "three cycles", 30)
    before = cycles(machine)
    machine("systemctl", "restart", UNIT)
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active", "active", 30)
    assert cycles(machine) > before
    assert machine("stat", "-c", "%a", "/var/lib/private/cadence-exporter") == "700"
    assert machine("cadence-exporter", "history"), "root reads it while the service writes"


def test_a_loop_that_hangs_is_restarted(machine):
    stopped = pid_of(machine)
    restarts = int(machine.shows(UNIT, "NRestarts"))
    machine("kill", "-STOP", str(stopped))
    machine.until(lambda: pid_of(machine) not in (0, stopped), "restarted", ALLOWED_S)
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active", "active", 60)
    assert int(machine.shows(UNIT, "NRestarts")) == restarts + 1
    assert "Watchdog timeout" in machine("journalctl", "-b", "--no-pager", "-o", "cat")


def test_a_crash_is_restarted(machine):
    killed = pid_of(machine)
    machine("kill", "-KILL", str(killed))
    machine.until(lambda: pid_of(machine) not in (0, killed), "restarted", 60)
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active", "active", 60)


def test_a_stop_is_clean_and_quick(machine):
    machine("systemctl", "stop", UNIT)
    assert machine.shows(UNIT, "Result") == "success"
    assert machine.shows(UNIT, "ExecMainStatus") == "0"
    assert "👋 SERVICE     STOP       clean" in journal(machine)
    began, ended = (
        int(machine.shows(UNIT, f"{name}Monotonic")) for name in ("ActiveExitTimestamp", "InactiveEnterTimestamp")
    )
    assert ended - began < 3_000_000, "microseconds"


def test_what_root_left_in_the_state_directory_does_not_lock_the_service_out(machine):
    known = machine("cadence-exporter", "history", "--json")
    assert "vpn.example.com A" in machine("cadence-exporter", "once", "--rehearse", check=False)
    start(machine)
    assert json.loads(machine("cadence-exporter", "history", "--json"))["watched"][0] == json.loads(known)["watched"][0]
    assert "STORE" not in machine("journalctl", "-u", UNIT, "-o", "cat", "--no-pager", "-p", "warning", "-n", "40")


def test_a_state_directory_of_roots_own_is_taken_over(machine):
    """As left by a service that ran as root, or by a copy from another machine."""
    before = cycles(machine)
    machine("systemctl", "stop", UNIT)
    machine(
        "sh", "-c", f"rm /var/lib/{UNIT} && mv /var/lib/private/{UNIT} /var/lib/ && chown -R root:root /var/lib/{UNIT}"
    )
    start(machine)
    assert machine("readlink", f"/var/lib/{UNIT}") == f"private/{UNIT}"
    assert cycles(machine) > before


def test_a_port_that_is_taken_is_said_and_waited_for(machine):
    machine("systemctl", "stop", UNIT)
    server = 'import socket, time; kept = socket.create_server(("127.0.0.1", 9923)); time.sleep(600)'
    machine("systemd-run", "--unit=taken", "python3", "-c", server)
    machine.until(lambda: machine("sh", "-c", "grep -c :26C3 /proc/net/tcp", check=False) == "1", "taken", 20)
    machine("systemctl", "start", "--no-block", UNIT)
    machine.until(lambda: "cannot listen on 127.0.0.1:9923" in journal(machine), "said", 30)
    machine("systemctl", "stop", "taken")
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active", "active", 60)


def test_a_folder_of_secrets_that_is_missing_is_said_and_waited_for(machine):
    machine("systemctl", "stop", UNIT)
    machine("mv", "/etc/cadence-exporter/secrets", "/etc/cadence-exporter/elsewhere")
    machine("systemctl", "start", "--no-block", UNIT)
    machine.until(lambda: "credentials" in journal(machine).lower(), "said", 30)
    machine("mv", "/etc/cadence-exporter/elsewhere", "/etc/cadence-exporter/secrets")
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active", "active", 60)


def test_a_loop_that_is_slow_and_healthy_is_left_alone(machine):
    """Its waits are longer than the unit's patience: it tells systemd so."""
    slow = SETTINGS.replace("interval: 2s, fast_factor: 0.5", f"interval: {2 * WATCHDOG_S}s, fast_factor: 1.0")
    write_settings(machine, slow)
    machine("systemctl", "restart", UNIT)
    process, began = pid_of(machine), cycles(machine)
    machine.until(lambda: cycles(machine) > began, "the next cycle", 3 * WATCHDOG_S)
    assert pid_of(machine) == process
    write_settings(machine, SETTINGS)
    machine("systemctl", "reload", UNIT)


def test_an_upgrade_restarts_it_with_what_it_knows_and_leaves_the_settings(machine):
    before, process = cycles(machine), pid_of(machine)
    machine("dpkg", "-i", "/package.deb")
    machine.until(lambda: pid_of(machine) not in (0, process), "restarted", 60)
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active", "active", 60)
    assert cycles(machine) > before
    assert machine("cat", "/etc/cadence-exporter/cadence.yaml") == SETTINGS.strip()


def test_removing_the_package_leaves_settings_secrets_and_memory(machine):
    machine("dpkg", "--remove", UNIT)
    assert machine.shows(UNIT, "ActiveState") == "inactive"
    assert machine("ls", "/etc/cadence-exporter/secrets") == "cloudflare-api-token"
    assert machine("cat", "/etc/cadence-exporter/cadence.yaml") == SETTINGS.strip()
    assert machine("ls", "/var/lib/private/cadence-exporter")


def test_installed_again_it_runs_again(machine):
    machine("dpkg", "-i", "/package.deb")
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active", "active", 60)
    assert machine("systemctl", "is-enabled", UNIT) == "enabled"


def test_a_purge_leaves_secrets_and_memory_and_nothing_that_systemd_looks_for(machine):
    machine("dpkg", "--purge", UNIT)
    assert machine("ls", "/etc/cadence-exporter/secrets") == "cloudflare-api-token"
    assert machine("ls", "/var/lib/private/cadence-exporter")
    assert machine("find", "/etc/systemd/system/multi-user.target.wants", "-name", f"{UNIT}*") == ""
    assert machine.shows(UNIT, "LoadState") == "not-found"
