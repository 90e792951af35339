from collections.abc import Callable
from pathlib import Path

import pytest

from cadence_exporter.settings.load import Loaded, load

Read = Callable[..., Loaded]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Load from a home of its own: ``yaml`` and ``dotenv`` are file contents, the rest are variables of the process."""

    def read_with(
        yaml: str | None = None, dotenv: str | None = None, config: Path | None = None, **environ: str
    ) -> Loaded:
        if yaml is not None:
            (tmp_path / "cadence.yaml").write_text(yaml)
            (tmp_path / "cadence.yaml").chmod(0o600)
        if dotenv is not None:
            (tmp_path / ".env").write_text(dotenv)
            (tmp_path / ".env").chmod(0o600)
        return load(config, {"HOME": "/home/someone", **environ}, tmp_path)

    return read_with
