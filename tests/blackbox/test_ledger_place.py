"""One clear warning where recovery is switched on and its ledger would not survive."""

import tempfile
from pathlib import Path

import pytest

from tests.blackbox.instance import QUICK, Instance

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - each test makes a folder of its own in it
CAUTION = "the ledger of bounces does not survive a restart"
REHEARSAL = {"enabled": True, "device": {"type": "rehearsal"}}
NOBODY = {
    "router": {"address": "127.0.0.1", "tcp_port": 1, "natpmp": False, "upnp": False},
    "wan": {"targets": ["tcp://127.0.0.1:1"], "trace": False, "tripwire": []},
    "public_ip": {"echo": ["http://127.0.0.1:1/"], "quorum": 1},
    "loop": QUICK,
    "listen": "127.0.0.1:0",
}


def cautions(folder, state_dir, recovery):
    with Instance(folder, {**NOBODY, "state_dir": str(state_dir), "recovery": recovery}) as instance:
        assert instance.port
        return [fact for fact in instance.log if CAUTION in str(fact)]


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="no /dev/shm here: no folder in memory to try it with")
def test_a_folder_in_memory_is_warned_of_once_and_only_with_recovery(tmp_path):
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        (said,) = cautions(tmp_path / "on", Path(folder) / "a", REHEARSAL)
        assert "in memory (tmpfs)" in str(said)
        assert cautions(tmp_path / "off", Path(folder) / "b", {}) == []


def test_a_folder_that_cannot_be_written_is_warned_of(tmp_path):
    (tmp_path / "file").write_text("")
    (said,) = cautions(tmp_path / "run", tmp_path / "file" / "state", REHEARSAL)
    assert "cannot be written" in str(said)
