"""Where the tools that judge what is in deploy/ are: `make deploy-tools` puts them into a folder of their own."""

import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / ".venv-deploy"
COMPOSE = "lib/python3*/site-packages/compose/docker-compose"
"""The program itself: what the package puts into bin/ loses its exit codes."""


def tool(name: str) -> str:
    """The path of ``name``; without it the test is skipped and says how to get it."""
    ours = FOLDER / "bin" / name
    found = str(ours) if ours.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}: make deploy-tools, or make system for what Debian has")
    return found


def compose() -> str:
    """Docker's compose, as a program of its own."""
    found = next(iter(FOLDER.glob(COMPOSE)), None)
    if found is None:
        pytest.skip("needs docker-compose: make deploy-tools")
    return str(found)
