"""kill -9 in the middle of a bounce, at every boundary and in between: the power comes back each time, and the ledger holds.

The plug keeps its own clock, as real ones do: its timer runs on when nobody talks to it any more.
"""

import contextlib
import http.client
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from cadence_exporter.demo.home import Home
from cadence_exporter.demo.http_service import Asked, Reply
from cadence_exporter.demo.smart_plug import SmartPlug
from tests.blackbox.bounces import CLOCK, OFF_FOR_S, SLACK_S, settings_of
from tests.blackbox.instance import Instance, wait_for

SEED = 20261123
CALLS_OF_A_BOUNCE = 7
"""Two of the crew's look (who are you, how is your relay), five of the hand (who, settings, relay, cut, relay)."""
THE_CUT = 6
CALLS_OF_AN_END = 3
"""Ten seconds later the hand turns it on: who, on, relay."""
AT_ONCE = 9
"""They hardly do anything but wait for the power to come back."""
SAMPLE = 6
PATIENCE_S = 120.0
REFUSED = 409


@dataclass(frozen=True)
class Instant:
    """When the process is killed."""

    call: int | None = None
    """At this call to the plug, counted from 1 ..."""
    obeyed: bool = False
    """... after the plug did as it was told, or before."""
    after_s: float | None = None
    """Or so many seconds after a person asked."""
    comes_back_at_once: bool = True
    """Or only when the power has been back for a while: by the device alone."""

    def __str__(self) -> str:
        when = f"{'after' if self.obeyed else 'before'} call {self.call}" if self.call else f"{self.after_s:.3f} s"
        return f"{when}, restarted {'at once' if self.comes_back_at_once else 'late'}"


def instants() -> list[Instant]:
    dice = random.Random(SEED)  # noqa: S311 - a plan, not a secret
    calls = range(1, CALLS_OF_A_BOUNCE + CALLS_OF_AN_END + 1)
    boundaries = [
        Instant(call, obeyed, None, back) for call in calls for obeyed in (False, True) for back in (True, False)
    ]
    early = [Instant(after_s=dice.uniform(0.0, 0.4), comes_back_at_once=dice.random() < 0.5) for _ in range(56)]
    late = [Instant(after_s=OFF_FOR_S + dice.uniform(-0.3, 0.6), comes_back_at_once=True) for _ in range(12)]
    return [*boundaries, *early, *late]


class Tripped(SmartPlug):
    """Kills whoever it was told to kill, at one of its calls."""

    def __init__(self, when: Instant) -> None:
        self.when, self.calls, self.victim = when, 0, None
        self.killed = threading.Event()
        super().__init__(CLOCK)

    def kill(self) -> None:
        if self.victim is not None and not self.killed.is_set():
            self.victim.process.kill()
            self.victim.process.wait()
            self.killed.set()

    def answer(self, asked: Asked) -> Reply:
        if self.victim is None:
            return super().answer(asked)
        self.calls += 1
        here = self.calls == self.when.call
        if here and not self.when.obeyed:
            self.kill()
            return Reply(503)
        reply = super().answer(asked)
        if here:
            self.kill()
        return reply

    @property
    def cuts(self) -> int:
        return sum(not on for _, on in self.relay.history)


def ask(instance: Instance) -> tuple[int, str]:
    try:
        return instance.get("/-/bounce", "POST")
    except (OSError, http.client.HTTPException):
        return 0, "killed"


def begun(instance: Instance, when: Instant) -> None:
    """Several start at once, on few processors."""
    wait_for(lambda: '"LISTEN"' in instance.output, lambda: f"listening: {when}: {instance.output}", PATIENCE_S)
    wait_for(lambda: instance.cycles() >= 1, f"a first cycle: {when}", PATIENCE_S)


def trial(folder: Path, when: Instant) -> tuple[int, str]:
    """One kill, and what the next process does. Returns how many times the power was cut."""
    with contextlib.closing(Home()) as home, contextlib.closing(Tripped(when)) as plug:
        settings = settings_of(home, plug, folder)
        with Instance(folder, settings) as first:
            begun(first, when)
            plug.victim = first
            if when.after_s is not None:
                threading.Timer(when.after_s, plug.kill).start()
            while (
                ask(first)[0] == REFUSED and not plug.killed.is_set()
            ):  # a busy machine: the plug was not heard in time
                plug.calls = 0
            assert plug.killed.wait(PATIENCE_S), f"never killed: {when}; {plug.calls} calls; {first.output[-3000:]}"
            plug.victim = None
        if not when.comes_back_at_once:
            threading.Event().wait(OFF_FOR_S + 1.0)
            assert plug.relay.power_on, f"the device's own timer: {when}"
        cut_by_first = plug.cuts
        with Instance(folder, settings) as second:
            begun(second, when)
            wait_for(lambda: second.status()["power"]["may_be_off"] is False, f"seen to be on: {when}", PATIENCE_S)
            assert plug.relay.power_on, f"the power is on after a restart: {when}"
            code, answer = ask(second)
            if cut_by_first:
                assert (code, "cooldown" in answer) == (REFUSED, True), f"{when}: {code} {answer}"
            assert second.stop() == 0
        assert plug.relay.longest_off_s() <= OFF_FOR_S + SLACK_S, when
        assert plug.cuts <= 1, when
        assert plug.relay.power_on, f"after a clean stop: {when}"
        return plug.cuts, str(when)


def judged(tmp_path: Path, chosen: list[Instant]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        folders = [tmp_path / str(number) for number in range(len(chosen))]
        found = list(pool.map(trial, folders, chosen))
    cut = sum(cuts for cuts, _ in found)
    print(f"\n{len(found)} kills, the power was cut in {cut} of them and came back each time")
    assert cut > 0


def test_a_kill_at_some_instants_of_a_bounce_leaves_no_home_without_power(tmp_path: Path) -> None:
    every = instants()
    around_the_cut = [Instant(THE_CUT, obeyed=True), Instant(THE_CUT + 1), Instant(THE_CUT + 1, obeyed=True)]
    judged(tmp_path, [*around_the_cut, *every[3 :: len(every) // SAMPLE]])


@pytest.mark.soak
def test_a_kill_at_more_than_a_hundred_instants_of_a_bounce_leaves_no_home_without_power(tmp_path: Path) -> None:
    every = instants()
    assert len(every) > 100
    judged(tmp_path, every)
