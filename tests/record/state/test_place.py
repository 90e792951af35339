"""Where a ledger would be lost, told by the mounts as the kernel lists them."""

from pathlib import Path

import pytest

from cadence_exporter.record.state import place
from cadence_exporter.record.state.place import forgets_because, why

MACHINE = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
24 21 0:22 / /mem rw - tmpfs tmpfs rw,size=1g
25 21 0:23 / /run rw,nosuid shared:5 - tmpfs tmpfs rw
26 21 8:2 / /run/my\\040disk rw - ext4 /dev/sda2 rw
27 21 0:24 / /srv rw - tmpfs tmpfs rw
28 27 8:3 / /srv rw - ext4 /dev/sda3 rw
not a mount
"""
DOCKER = """\
500 400 0:60 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/X,upperdir=/u,workdir=/w
510 500 0:70 / /dev rw - tmpfs tmpfs rw
520 500 8:1 /var/lib/docker/volumes/cadence/_data /app/cache rw - ext4 /dev/sda1 rw
"""


@pytest.mark.parametrize(
    ("directory", "mounts", "in_a_container", "words"),
    [
        ("/var/lib/cadence", MACHINE, False, None),
        ("/mem/cadence", MACHINE, False, "/mem is in memory (tmpfs)"),
        ("/run/cadence", MACHINE, False, "/run is in memory"),
        ("/runner", MACHINE, False, None),
        ("/run/my disk/cadence", MACHINE, False, None),
        ("/srv", MACHINE, False, None),
        ("/app/cache", DOCKER, True, None),
        ("/app/other", DOCKER, True, "mount a volume"),
        ("/app/other", DOCKER, False, None),
        ("/anywhere", "", True, None),
    ],
)
def test_what_is_in_memory_or_in_a_container_itself_is_lost(directory, mounts, in_a_container, words):
    said = why(Path(directory), mounts, in_a_container=in_a_container)
    assert said is None if words is None else words in (said or "")


def test_where_the_system_does_not_say_nothing_is_claimed(monkeypatch, tmp_path):
    monkeypatch.setattr(place, "MOUNTS", tmp_path / "none")
    assert forgets_because(Path("/mem")) is None
