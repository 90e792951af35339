"""check-config refuses what the service would refuse."""

import pytest

from cadence_exporter.cli import main


@pytest.fixture
def checked(tmp_path, monkeypatch, capsys):
    """Checks settings, and a web.yml beside them. Gives the exit code and what was complained of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CADENCE_CONFIG", raising=False)

    def check(settings, web):
        (tmp_path / "cadence.yaml").write_text(settings)
        (tmp_path / "web.yml").write_text(web)
        code = main(["check-config"])
        return code, capsys.readouterr().err

    return check


def test_a_web_config_file_that_works_is_fine(checked):
    assert checked("web_config_file: web.yml\n", "basic_auth_users: {}\n") == (0, "")


def test_mistakes_in_the_web_config_file_are_listed_with_those_of_the_settings(checked):
    code, told = checked("web_config_file: web.yml\nsite: [1]\n", "tls_server_config: {cert_fil: a}\nbogus: 1\n")
    assert code == 2
    assert "cadence.yaml:2:" in told
    assert "tls_server_config.cert_fil: unknown key" in told
    assert "bogus: unknown key" in told


def test_a_certificate_that_cannot_be_read_is_a_mistake(checked):
    code, told = checked("web_config_file: web.yml\n", "tls_server_config: {cert_file: no.crt, key_file: no.key}\n")
    assert code == 2
    assert "no.crt" in told
