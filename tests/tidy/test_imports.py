"""What is loaded costs time and memory: commands that only ask or explain stay light, the service does without scapy."""

import subprocess
import sys

import pytest

from tests.bench.imports import COMMANDS, loaded


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_that_only_asks_loads_nothing_heavy(command):
    assert loaded(command) == set()


def test_the_service_is_loaded_without_scapy():
    code = "import sys, cadence_exporter.cli.run; sys.exit('scapy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_heavy_module_would_be_noticed():
    assert "pydantic" in loaded(("check-config", "--config", "/nowhere"))
