"""Where the disks of the crash tests are."""

import os
import tempfile
from pathlib import Path

import pytest

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - each test makes a folder of its own in it


@pytest.fixture
def folder(tmp_path):
    """In memory where there is such a place: what a sync makes certain is played here, and need not be waited for."""
    if not os.access(IN_MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as made:
        yield Path(made)
