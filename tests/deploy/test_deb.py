"""What the package's scripts tell systemd, for each way in which dpkg calls them (Debian policy 6.5)."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "deploy/deb"
UNIT = "cadence-exporter.service"
LINK = f"etc/systemd/system/multi-user.target.wants/{UNIT}"


@pytest.fixture
def told(tmp_path):
    """Run a script where systemd runs, or not, and the unit is enabled, or not; gives what systemctl was told."""

    def run(script, *arguments, booted=True, enabled=False):
        root, log = tmp_path / "root", tmp_path / "log"
        (root / LINK).parent.mkdir(parents=True, exist_ok=True)
        (root / LINK).unlink(missing_ok=True)
        if enabled:
            (root / LINK).symlink_to(f"/lib/systemd/system/{UNIT}")
        if booted:
            (root / "run/systemd/system").mkdir(parents=True, exist_ok=True)
        systemctl = tmp_path / "bin/systemctl"
        systemctl.parent.mkdir(exist_ok=True)
        systemctl.write_text(
            f'#!/bin/sh\necho "$@" >> {log}\ncase "$*" in\n'
            f"enable*) ln -s /lib/systemd/system/{UNIT} {root / LINK} ;;\n*is-enabled*) test -L {root / LINK} ;;\nesac\n"
        )
        systemctl.chmod(0o755)
        log.write_text("")
        environment = {"PATH": f"{systemctl.parent}:{os.environ['PATH']}", "DPKG_ROOT": str(root)}
        subprocess.run(["sh", SCRIPTS / script, *arguments], env=environment, check=True, timeout=30)
        said = log.read_text().replace(f" {UNIT}", "").splitlines()
        return [line for line in said if "is-enabled" not in line], (root / LINK).is_symlink()

    return run


def test_the_first_installation_enables_and_starts(told):
    assert told("postinst", "configure", "") == (["enable", "daemon-reload", "restart --no-block"], True)


def test_in_an_image_that_is_being_made_it_is_enabled_for_the_first_boot(told):
    assert told("postinst", "configure", "", booted=False) == (["enable"], True)


@pytest.mark.parametrize(("enabled", "then"), [(True, "restart"), (False, "try-restart")])
def test_an_upgrade_leaves_it_enabled_or_not_as_it_was(told, enabled, then):
    assert told("postinst", "configure", "0.0.9", enabled=enabled) == (["daemon-reload", f"{then} --no-block"], enabled)


def test_an_upgrade_stops_nothing_before_the_new_one_is_there(told):
    assert told("prerm", "upgrade", "0.2.0", enabled=True) == ([], True)


def test_removed_and_installed_again_it_runs_again(told):
    assert told("prerm", "remove", enabled=True) == (["stop"], True)
    assert told("postrm", "remove", enabled=True)[1] is True
    assert told("postinst", "configure", "0.1.0", enabled=True)[0] == ["daemon-reload", "restart --no-block"]


def test_a_purge_leaves_no_link_behind(told):
    assert told("postrm", "purge", enabled=True) == (["daemon-reload", "reset-failed"], False)
