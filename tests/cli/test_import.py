"""``cadence-exporter import`` as it is typed."""

import io
from pathlib import Path

import pytest

from cadence_exporter.cli import main

CONF = "protocol=cloudflare, login=token, password=T0ken-that-stays-where-it-is vpn.example.com\n"


def test_a_file_becomes_a_cadence_yaml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ddclient.conf").write_text(CONF)
    assert main(["import", str(tmp_path / "ddclient.conf")]) == 0
    out, err = capsys.readouterr()
    assert 'name: "vpn.example.com"' in out
    assert "T0ken" not in out + err


def test_stdin_is_read_when_asked_for(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"IP4_DOMAINS=vpn.example.com\n")))
    assert main(["import", "-"]) == 0
    assert "favonia" in capsys.readouterr().out


def test_what_is_too_large_is_refused_whole_and_not_taken_over_in_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"IP4_DOMAINS=vpn.example.com\n" + b"# a comment\n" * 30_000 + b"IP4_DOMAINS=other.example.com\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    (tmp_path / "file").write_bytes(content)
    for name in ("-", str(tmp_path / "file")):
        assert main(["import", name]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "is larger than 262144 bytes" in err


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"hello", b""])
def test_what_is_nothing_ends_with_two_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)
    assert main(["import", str(tmp_path / "file")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(str(tmp_path / "file"))
    assert err.count("\n") == 1


def test_a_missing_file_a_folder_and_a_device_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (str(tmp_path / "missing"), str(tmp_path), "/dev/zero"):
        assert main(["import", name]) == 2
    assert "does not exist" in capsys.readouterr().err
