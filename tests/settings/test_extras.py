"""The hint names what adds the library to the environment that the program runs in."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cadence_exporter.settings import extras
from cadence_exporter.settings.extras import IMAGE, REQUIREMENTS, how_to_add, missing_extras
from cadence_exporter.settings.schema import Settings
from tests.tidy.tree import ROOT

EVERYTHING = Settings(sheets={"enabled": True, "spreadsheet": "x"}, notify={"urls": ["json://host"]})


def test_it_names_what_the_extras_bring():
    given = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    brought = given["project"]["optional-dependencies"]
    assert {extra: [what] for extra, what in REQUIREMENTS.items()} == brought


def test_the_image_and_the_package_are_where_it_looks_for_them():
    assert f"COPY --from=build {IMAGE} {IMAGE}\n" in (ROOT / "deploy/image/Dockerfile").read_text()
    assert "--build-arg LOCK=extras" in (ROOT / "deploy/image/Dockerfile").read_text()
    assert how_to_add("notify", IMAGE) == "build the image with --build-arg LOCK=extras"
    assert how_to_add("notify", Path("/opt/cadence-exporter")) == (
        "pip --python /opt/cadence-exporter/bin/python install 'apprise>=2,<3'"
    )


@pytest.mark.parametrize(
    ("made_by", "says"),
    [
        ("", "pip --python {prefix}/bin/python install 'google-auth>=2.40,<3'"),
        ("pipx_metadata.json", "pipx inject cadence-exporter 'google-auth>=2.40,<3'"),
        ("uv-receipt.toml", "uv tool install, once more, with --with 'google-auth>=2.40,<3'"),
    ],
)
def test_each_way_to_install_a_program_has_its_own(tmp_path, made_by, says):
    if made_by:
        (tmp_path / made_by).touch()
    assert how_to_add("sheets", tmp_path) == says.format(prefix=tmp_path)


def test_pipx_for_everybody_has_a_place_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "pipx_metadata.json").touch()
    monkeypatch.setattr(extras, "PIPX_FOR_ALL", tmp_path.parent)
    assert how_to_add("notify", tmp_path) == "pipx inject --global cadence-exporter 'apprise>=2,<3'"


def test_pip_finds_the_environment_that_is_named():
    """Whose pip ever: nothing is changed, for what is wanted is there."""
    words = how_to_add("sheets").split()
    assert words[:2] == ["pip", "--python"]
    asked = [sys.executable, "-m", "pip", *words[1:3], "list", "--disable-pip-version-check"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert "google-auth" in said.stdout


def test_a_library_that_is_missing_is_a_warning_with_the_way_to_get_it(monkeypatch):
    assert list(missing_extras(EVERYTHING)) == []
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    first, second = missing_extras(EVERYTHING)
    assert first == f"sheets.enabled: google-auth is not installed, so no row is written; {how_to_add('sheets')}"
    assert second == f"notify.urls: Apprise is not installed, so no message is sent; {how_to_add('notify')}"
