import os
from ipaddress import ip_address
from pathlib import Path

import pytest

from cadence_exporter.act.dns import file as file_module
from cadence_exporter.act.dns.file import HostsFile
from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.address import RecordType
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet

LATER = Instant(1e12)
OLD, NEW, SIX = ip_address("81.2.69.142"), ip_address("93.184.216.34"), ip_address("2a01:4f8::1")
OURS = b"81.2.69.142\tvpn.example.com\t# cadence-exporter\n"
FOREIGN = (
    b"127.0.0.1 localhost\r\n"
    b"# 81.2.69.142 vpn.example.com in a comment\n"
    b"::1\tip6-localhost  ip6-loopback\n"
    b"\n  \t\n\x0c\xff\xfe not utf-8 \x85\xe2\x80\xa8\n"
    b"192.168.0.9 nas.home # cadence-exporter was here\n"
    b"2a01:4f8::9 vpn.example.com\n"
)


def spec(name: str = "vpn.example.com", kind: RecordType = RecordType.A) -> RecordSpec:
    return RecordSpec(RecordKey(name, kind), "file")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hosts"


def test_a_file_that_is_not_there_holds_nothing_and_is_made(path: Path) -> None:
    assert HostsFile(path).read(spec(), LATER) == RecordSet(())
    HostsFile(path).create(spec(), OLD, LATER)
    assert path.read_bytes() == OURS
    assert path.stat().st_mode & 0o777 == 0o644


def test_everybody_elses_bytes_stay(path: Path) -> None:
    path.write_bytes(FOREIGN + OURS + FOREIGN)
    HostsFile(path).update(spec(), HeldRecord(str(OLD)), NEW, LATER)
    assert path.read_bytes() == FOREIGN + OURS.replace(b"81.2.69.142", b"93.184.216.34") + FOREIGN


def test_a_new_line_is_added_at_the_end_even_when_the_last_one_has_no_end(path: Path) -> None:
    path.write_bytes(b"127.0.0.1 localhost")
    HostsFile(path).create(spec(), OLD, LATER)
    assert path.read_bytes() == b"127.0.0.1 localhost\n" + OURS


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_line_keeps_its_end(path: Path, end: bytes) -> None:
    path.write_bytes(OURS.rstrip() + end)
    HostsFile(path).update(spec(), HeldRecord(str(OLD)), NEW, LATER)
    assert path.read_bytes() == b"93.184.216.34\tvpn.example.com\t# cadence-exporter" + end


def test_both_families_and_several_names_live_side_by_side(path: Path) -> None:
    hosts = HostsFile(path)
    hosts.create(spec(), OLD, LATER)
    hosts.create(spec(kind=RecordType.AAAA), SIX, LATER)
    hosts.create(spec("nas.example.com"), OLD, LATER)
    hosts.update(spec(), HeldRecord(str(OLD)), NEW, LATER)
    assert hosts.read(spec(), LATER).held == (HeldRecord(str(NEW)),)
    assert hosts.read(spec(kind=RecordType.AAAA), LATER).held == (HeldRecord(str(SIX)),)
    assert hosts.read(spec("nas.example.com"), LATER).held == (HeldRecord(str(OLD)),)


@pytest.mark.parametrize(
    "line",
    [
        b"192.168.0.5 vpn.example.com\n",
        b"192.168.0.5\tnas  VPN.Example.COM. other # mine\n",
        b"81.2.69.142 vpn.example.com # cadence-exporter and more\n",
        b"81.2.69.142 vpn.example.com nas # cadence-exporter\n",
        b"192.168.0.5 vpn.example.com#no space\n",
    ],
)
def test_somebody_elses_line_with_the_name_is_a_conflict(path: Path, line: bytes) -> None:
    path.write_bytes(OURS + line)
    with pytest.raises(ActionFailed, match="line 2") as caught:
        HostsFile(path).read(spec(), LATER)
    assert caught.value.refusal


def test_a_line_of_ours_that_was_doubled_is_seen_twice(path: Path) -> None:
    path.write_bytes(OURS + OURS)
    assert len(HostsFile(path).read(spec(), LATER).held) == 2
    with pytest.raises(ActionFailed, match="meanwhile"):
        HostsFile(path).update(spec(), HeldRecord(str(OLD)), NEW, LATER)


def test_what_changed_meanwhile_is_left_alone(path: Path) -> None:
    path.write_bytes(OURS)
    with pytest.raises(ActionFailed, match="meanwhile"):
        HostsFile(path).update(spec(), HeldRecord("81.2.69.150"), NEW, LATER)
    assert path.read_bytes() == OURS


def test_a_wildcard_is_refused(path: Path) -> None:
    with pytest.raises(ActionFailed, match="wildcard"):
        HostsFile(path).read(spec("*.example.com"), LATER)


def test_the_mode_and_the_link_stay(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "real-hosts"
    target.write_bytes(OURS)
    target.chmod(0o640)
    path.symlink_to("real-hosts")
    HostsFile(path).update(spec(), HeldRecord(str(OLD)), NEW, LATER)
    assert path.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert b"93.184.216.34" in target.read_bytes()


def test_the_file_is_replaced_in_one_step_and_nothing_is_left_lying(path: Path, tmp_path: Path) -> None:
    path.write_bytes(OURS)
    (tmp_path / ".hosts.cadence-new").write_bytes(b"left by a run that was killed")
    with path.open("rb") as before:
        HostsFile(path).update(spec(), HeldRecord(str(OLD)), NEW, LATER)
        assert before.read() == OURS
    assert [entry.name for entry in tmp_path.iterdir()] == ["hosts"]


def test_a_failed_write_leaves_the_old_file(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path.write_bytes(OURS)
    monkeypatch.setattr(file_module.os, "fsync", full)
    with pytest.raises(ActionFailed, match="No space left"):
        HostsFile(path).update(spec(), HeldRecord(str(OLD)), NEW, LATER)
    assert path.read_bytes() == OURS
    assert [entry.name for entry in tmp_path.iterdir()] == ["hosts"]


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(ActionFailed):
            HostsFile(tmp_path / name).read(spec(), LATER)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ActionFailed, match="No such file"):
        HostsFile(tmp_path / "missing" / "hosts").create(spec(), OLD, LATER)


def test_a_link_that_leads_in_a_circle_is_a_failure(path: Path) -> None:
    path.symlink_to(path)
    with pytest.raises(ActionFailed):
        HostsFile(path).read(spec(), LATER)


def test_a_file_of_absurd_size_is_refused(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(file_module.MAX_BYTES + 1)
    with pytest.raises(ActionFailed, match="larger than"):
        HostsFile(path).read(spec(), LATER)
