"""The examples for Netplan: each is understood, and does what its comments say."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.tools import tool

EXAMPLES = sorted((Path(__file__).parents[2] / "deploy/netplan").glob("*.yaml"))


def generated(example, root):
    """What netplan makes of it for networkd: file name -> text."""
    folder = root / "etc/netplan"
    folder.mkdir(parents=True)
    shutil.copy(example, folder)
    (folder / example.name).chmod(0o600)
    done = subprocess.run(
        [tool("netplan"), "generate", "--root-dir", root], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_text() for path in (root / "run/systemd/network").iterdir()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_netplan_understands_it(example, tmp_path):
    assert generated(example, tmp_path)


def test_the_cable_has_a_fixed_address_and_is_preferred(tmp_path):
    (example,) = [path for path in EXAMPLES if path.name == "90-home-server.yaml"]
    made = generated(example, tmp_path)
    cable, radio = (made[f"10-netplan-{name}.network"] for name in ("enp1s0", "wlp2s0"))
    assert "Address=192.168.1.10/24" in cable
    assert "Metric=100" in cable
    assert "RouteMetric=600" in radio
    assert all("RequiredForOnline=no" in text for text in (cable, radio)), "the boot waits for neither"


def test_the_bond_has_one_address_and_prefers_the_cable(tmp_path):
    (example,) = [path for path in EXAMPLES if path.name == "80-home-server-bond.yaml"]
    made = generated(example, tmp_path)
    assert "Mode=active-backup" in made["10-netplan-home.netdev"]
    assert "PrimarySlave=true" in made["10-netplan-enp1s0.network"]
    assert "Address=192.168.1.10/24" in made["10-netplan-home.network"]
