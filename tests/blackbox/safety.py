"""What every safety test has in common: a home that notices a wrong write at the moment it is made, and the checks at the end."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cadence_exporter.demo.cloudflare import Mutation
from cadence_exporter.demo.echo import EchoFake, EchoMode
from cadence_exporter.demo.home import ADDRESS, RECORD, Home
from tests.blackbox.instance import QUICK, Instance, wait_for

MOVED = "81.2.69.142"
"""Where the home moves to."""
LIE = "77.88.8.8"
"""Public-looking, and never the home's."""
BYSTANDER = ("www.home.example", "A", "81.2.69.160")
"""A stranger's record in the same zone."""
STOP_WITHIN_S = 2.0
"""From SIGTERM to the end, whatever hangs."""
MOST_MEMORY_KIB = 96 * 1024
"""No input may make the process grow beyond this; it needs about half of it."""


class _Ledger(list[Mutation]):
    """The provider's list of changes; one that does not say where the home is at that moment is kept apart."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home
        self.wrong: list[Mutation] = []

    def append(self, mutation: Mutation) -> None:
        if (mutation.name, mutation.type, mutation.content) != (RECORD, "A", self._home.address):
            self.wrong.append(mutation)
        super().append(mutation)


class WatchedHome(Home):
    """A home in a hurry whose provider remembers wrong writes. ``record`` is what the record holds beforehand."""

    def __init__(self, record: str | None = None, *, longest_ttl_s: float = 0.2) -> None:
        super().__init__(longest_ttl_s=longest_ttl_s, negative_ttl_s=0.2)
        self.ledger = _Ledger(self)
        self.cloudflare.mutations = self.ledger
        self.removed = 0
        self.cloudflare.add_by_hand(*BYSTANDER)
        if record is not None:
            self.cloudflare.add_by_hand(RECORD, "A", record, ttl=60)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """What was done through the API: method and content."""
        return [(mutation.method, mutation.content) for mutation in self.ledger]

    def remove_record(self) -> None:
        """Somebody removes the record at the dashboard."""
        self.removed += 1
        self.cloudflare.remove_by_hand(RECORD, "A")

    def all_echoes(self, how: EchoMode | str) -> None:
        """Every echo service answers like this: a mode, or an address that is a lie."""
        for echo in self.echoes:
            misbehave(echo, how)


def misbehave(echo: EchoFake, how: EchoMode | str) -> None:
    """A mode of the echo service, or an address to lie."""
    if isinstance(how, EchoMode):
        echo.mode = how
    else:
        echo.lie(how)


def settings(home: Home, folder: Path, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The home's settings with short times; of the sections in ``changes``, the keys given there."""
    made: dict[str, Any] = {**home.as_settings(folder / "state"), "loop": QUICK}
    for section, keys in (changes or {}).items():
        made[section] = {**made.get(section, {}), **keys}
    return made


@contextmanager
def running(
    home: WatchedHome, folder: Path, changes: Mapping[str, Any] | None = None, **how: Any
) -> Iterator[Instance]:
    """The real process in this home. At the end it must be alive, must end cleanly, and must have done no harm."""
    with Instance(folder, settings(home, folder, changes), **how) as instance:
        yield instance
        assert instance.alive, instance.output[-3000:]
        assert_no_harm(home, instance)
        asked = time.monotonic()
        assert instance.stop() == 0
        assert time.monotonic() - asked < STOP_WITHIN_S


def assert_no_harm(home: WatchedHome, instance: Instance) -> None:
    """Nothing wrong was ever written, nothing deleted, doubled or touched that is not ours; no exception, no hunger for memory."""
    assert home.ledger.wrong == []
    assert home.cloudflare.deletes == 0
    assert sum(method == "POST" for method, _ in home.writes) <= 1 + home.removed
    assert home.cloudflare.contents(*BYSTANDER[:2]) == [BYSTANDER[2]]
    caught = {name: n for name, n in instance.metrics().items() if name.startswith("cadence_loop_exceptions") and n}
    assert caught == {}
    assert "Traceback" not in instance.output
    assert peak_memory_kib(instance) < MOST_MEMORY_KIB


def peak_memory_kib(instance: Instance) -> int:
    """The most that was ever resident (proc(5), VmHWM)."""
    status = Path(f"/proc/{instance.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])


def suppressed(instance: Instance, reason: str) -> float:
    """How often the record was left alone for this reason."""
    return instance.metric(f'cadence_dns_mutations_suppressed_total{{reason="{reason}"}}') or 0.0


def failures(instance: Instance, reason: str, probe: str = "public_ip") -> float:
    """How often the probe failed for this reason."""
    return instance.metric(f'cadence_probe_failures_total{{probe="{probe}",reason="{reason}"}}') or 0.0


def called(instance: Instance, service: str, code: str) -> float:
    """How many calls to the service ended with this code."""
    return instance.metric(f'cadence_api_requests_total{{code="{code}",service="{service}"}}') or 0.0


def in_sync(instance: Instance) -> bool:
    """Whether the record is known to be right."""
    return instance.metric(f'cadence_dns_record_in_sync{{record="{RECORD}",type="A"}}') == 1


def was_down(instance: Instance) -> bool:
    """Whether it was ever DOWN."""
    return bool(instance.metric('cadence_state_seconds_total{state="down"}'))


def wait_until_published(home: Home, address: str = ADDRESS, patience_s: float = 20.0) -> None:
    """Wait until the record, and only one, says this address."""
    wait_for(lambda: home.published() == [address], lambda: f"{address}: {home.published()}", patience_s)


def wait_until_in_sync(instance: Instance) -> None:
    """Wait until the record is known to be right."""
    wait_for(lambda: in_sync(instance), lambda: f"in sync: {instance.output[-3000:]}")


def wait_until_suppressed(instance: Instance, reason: str, times: int = 2) -> None:
    """Wait until the record was left alone so often for this reason."""
    wait_for(lambda: suppressed(instance, reason) >= times, lambda: f"{reason}: {instance.output[-3000:]}")


def wait_until_failed(instance: Instance, reason: str, probe: str = "public_ip") -> None:
    """Wait until the probe failed twice for this reason."""
    wait_for(lambda: failures(instance, reason, probe) >= 2, lambda: f"{probe} {reason}: {instance.output[-3000:]}")
