"""A pulled plug: kill -9 at random instants while addresses change, outages come and go and records are written."""

import contextlib
import http.client
import io
import json
import random
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import pytest

from cadence_exporter.cli.history import history
from cadence_exporter.demo.cloudflare_faults import lost_answer, slow
from cadence_exporter.demo.demo import MOST_CALLS
from cadence_exporter.demo.home import RECORD, Home
from cadence_exporter.record.state.image import counters_of, read_image
from cadence_exporter.record.state.state_file import open_for_reading
from tests.blackbox.instance import Instance, wait_for

SEED = 20261123
HURRY = {
    "interval": "200ms",
    "fast_factor": 0.5,
    "slow_factor": 0.5,
    "jitter": "20ms",
    "confirm_spacing": "30ms",
    "probe_timeout": "100ms",
}
PER_PROCESS = ("cadence_metrics_errors_total", "cadence_listener_")
"""How those begin that are not *kept*, in the words of docs/metrics.md."""
NEWS = ("cadence_dns_mutations_total", "cadence_loop_iterations_total", "cadence_state_transitions_total")
"""Counters whose growth is the moment for some of the kills."""
FIRST_ADDRESS = int(IPv4Address("81.2.64.1"))
WRITTEN = 'cadence_dns_mutations_total{operation="%s",result="success"}'


@dataclass
class Ledger:
    """What was acknowledged so far: shown on /metrics, in the log or in the history. It must stay so for ever."""

    counters: dict[str, float] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    """Addresses, in the order in which the log said CREATED or UPDATED."""
    outages_over: int = 0
    history: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    scrapes: int = 0
    ups: int = 0
    starts_cut_short: int = 0
    removed: int = 0


class Witness:
    """Scrapes without a pause; knows the first and the last complete scrape of one process. Every step in between is checked too.

    With ``trigger`` set to the beginning of a sample's name it kills as soon as such a sample grows: what was shown a moment ago
    must be on disk.
    """

    def __init__(self, instance):
        self.trigger = ""
        self.first: dict[str, float] = {}
        self.last: dict[str, float] = {}
        self.scrapes = 0
        self.went_back: list[str] = []
        self._instance = instance
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        # The process is killed in the middle of a scrape, sooner or later: that scrape does not count.
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, AssertionError):
            while True:
                seen = kept(self._instance.metrics())
                self.went_back += steps_back(self.last, seen)
                self.first = self.first or seen
                if self.trigger and grew(self.last, seen, self.trigger):
                    self._instance.process.kill()
                self.last = seen
                self.scrapes += 1

    def join(self):
        self._thread.join(30)
        assert not self._thread.is_alive()


def kept(samples):
    """The samples that must never go back."""
    names = (sample.partition("{")[0] for sample in samples)
    wanted = {
        sample
        for sample, name in zip(samples, names, strict=True)
        if name.endswith("_total") and not name.startswith(PER_PROCESS)
    }
    return {sample: samples[sample] for sample in wanted if sample.startswith("cadence_")}


def steps_back(before, after):
    return [
        f"{sample}: {value} -> {after.get(sample)}"
        for sample, value in before.items()
        if after.get(sample, -1.0) < value
    ]


def grew(before, after, beginning):
    return any(value > before.get(sample, value) for sample, value in after.items() if sample.startswith(beginning))


class Weather:
    """What happens to the home, drawn from the seed."""

    def __init__(self, home, rng, ledger):
        self._home = home
        self._rng = rng
        self._ledger = ledger
        self._next = FIRST_ADDRESS
        self._pause = threading.Event()

    def pass_time(self, least_s, most_s):
        self._pause.wait(self._rng.uniform(least_s, most_s))

    def strike(self):
        """A change of the address in most cases; an outage, a removed record, a slow provider or a lost answer beside it."""
        rng, home = self._rng, self._home
        if rng.random() < 0.3:
            home.cloudflare.inject(rng.choice((slow(0.05), lost_answer())).on("POST", "PATCH"))
        if rng.random() < 0.1:
            home.cloudflare.remove_by_hand(RECORD, "A")
            self._ledger.removed += 1
        if rng.random() < 0.25:
            home.cut_wan()
            self.pass_time(0.05, 0.4)
        self._next += 1
        home.change_address(str(IPv4Address(self._next)))
        if not home.online and rng.random() < 0.7:
            home.restore_wan()


def settings(home, folder):
    found = home.as_settings(folder / "state")
    budget = dict.fromkeys(("ip_echo", "doh", "provider"), MOST_CALLS)
    return {**found, "loop": HURRY, "dns": {**found["dns"], "max_changes_per_day": 1000}, "budget": budget}


def one_life(instance, weather, ledger, rng, home):
    """From the start to the kill. A tenth of the kills hits the start itself; a third of the others come before it is UP.

    A third of them comes right after something new was shown, the others after a time.
    """
    if rng.random() < 0.1:
        weather.pass_time(0.0, 0.6)
        ledger.starts_cut_short += 1
        instance.kill()
        return
    _ = instance.port
    witness = Witness(instance)
    if rng.random() < 2 / 3:
        home.restore_wan()
        instance.wait_until_up()
        ledger.ups += 1
    if rng.random() < 1 / 3:
        witness.trigger = rng.choice(NEWS)
    weather.strike()
    weather.pass_time(0.05, 0.5)
    instance.kill()
    witness.join()
    assert witness.went_back == []
    assert steps_back(ledger.counters, witness.first or ledger.counters) == []
    ledger.counters = witness.last or ledger.counters
    ledger.scrapes += witness.scrapes


def read_log(instance, ledger):
    for line in instance.log:
        if line.get("subject", line.get("what")) == "DNS" and line["status"] in ("CREATED", "UPDATED"):
            ledger.written.append(line["ip"])


def read_history(folder):
    """Its lists; the rest says what they are."""
    out = io.StringIO()
    assert history(folder / "state", None, as_json=True, out=out) == 0
    return {name: rows for name, rows in json.loads(out.getvalue()).items() if isinstance(rows, list)}


def check_history(found, ledger, home):
    """Every row seen before is still there, every acknowledged event has its row, and no row is of thin air."""
    for section, rows in ledger.history.items():
        lasting = [lasting_part(section, row) for row in rows]
        assert [lasting_part(section, row) for row in found[section][: len(rows)]] == lasting, section
    ledger.history = found
    assert in_order(ledger.written, [row["after"] for row in found["dns_changes"]])
    writes = sum(ledger.counters.get(WRITTEN % operation, 0.0) for operation in ("create", "update"))
    assert len(found["dns_changes"]) >= writes
    assert len(found["dns_changes"]) <= len(home.cloudflare.mutations)
    changes = ledger.counters.get('cadence_public_ip_changes_total{family="ipv4"}', 0.0)
    assert len(found["addresses"]) >= changes
    begun = sum(value for sample, value in ledger.counters.items() if sample.startswith("cadence_outages_total"))
    assert len(found["outages"]) + 1 >= begun


def check_disk(folder, ledger):
    """Every counter is on disk with at least the value that was shown last."""
    with contextlib.closing(open_for_reading(folder / "state")) as connection:
        counters, seconds = counters_of(read_image(connection))
    stored = {(name, *sorted(labels)): value for (name, *labels), value in counters.items()}
    stored |= {("cadence_state_seconds_total", phase): value for phase, value in seconds.items()}
    behind = {
        sample: (shown, stored.get(counter_key(sample), 0.0))
        for sample, shown in ledger.counters.items()
        if stored.get(counter_key(sample), 0.0) < shown
    }
    assert behind == {}


def counter_key(sample):
    """The page sorts labels by name, the store has them in the order of the family: their sorted values are the same in both."""
    name, _, labels = sample.partition("{")
    return name, *sorted(re.findall(r'="([^"]*)"', labels))


def lasting_part(section, row):
    """Without what may still become known about it: a stretch of watching goes on, a record becomes visible."""
    open_end = ("ended",) if section == "watched" else ("visible", "last")
    return {name: value for name, value in row.items() if name not in open_end}


def in_order(some, whole):
    """Whether ``some`` is in ``whole`` in this order, gaps allowed."""
    rest = iter(whole)
    return all(each in rest for each in some)


def check_provider(home, ledger, said):
    created = [each for each in home.cloudflare.mutations if each.method == "POST"]
    assert len(home.published()) <= 1
    assert len(created) <= 1 + ledger.removed
    assert {each.content for each in home.cloudflare.mutations} <= said
    assert home.cloudflare.deletes == 0


def survive(kills, seed, folder):
    """Returns the ledger of a home whose service was killed so many times."""
    rng, ledger = random.Random(seed), Ledger()  # noqa: S311 - repeatable chance, no secret
    with Home(longest_ttl_s=0.1, negative_ttl_s=0.1) as home:
        weather, said = Weather(home, rng, ledger), {home.address}
        for kill in range(kills):
            with Instance(folder, settings(home, folder)) as instance:
                one_life(instance, weather, ledger, rng, home)
                read_log(instance, ledger)
            said.add(home.address)
            check_provider(home, ledger, said)
            if (
                kill > 5 and rng.random() < 0.5
            ):  # otherwise the next start is the first to read what the kill left behind
                check_disk(folder, ledger)
                check_history(read_history(folder), ledger, home)
        home.restore_wan()
        with Instance(folder, settings(home, folder)) as instance:
            instance.wait_until_up()
            assert steps_back(ledger.counters, kept(instance.metrics())) == []
            wait_for(lambda: home.published() == [home.address], lambda: f"the address: {instance.output[-3000:]}")
            assert instance.stop() == 0
            assert "SET_ASIDE" not in instance.output
        check_provider(home, ledger, said)
        check_history(by_command(folder), ledger, home)
        assert not list((folder / "state").glob("*corrupt*"))
    return ledger


def by_command(folder):
    command = [sys.executable, "-m", "cadence_exporter", "history", "--json", "--config", str(folder / "cadence.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("kills", "seed"),
    [
        pytest.param(60, SEED, id="60_kills"),
        pytest.param(200, SEED + 1, id="200_kills", marks=[pytest.mark.slow, pytest.mark.soak]),
    ],
)
def test_nothing_acknowledged_is_lost_over_kills_at_random_instants(kills, seed, tmp_path):
    began = time.monotonic()
    print(f"seed {seed}")
    ledger = survive(kills, seed, tmp_path)
    assert len(ledger.written) > kills / 5
    assert len(ledger.history["outages"]) > kills / 30
    print(
        f"{kills} kills in {time.monotonic() - began:.0f} s, {ledger.starts_cut_short} of them during the start; "
        f"{ledger.ups} waits for UP, {ledger.scrapes} scrapes, {len(ledger.written)} acknowledged writes, "
        f"{len(ledger.history['outages'])} outages, {len(ledger.history['addresses'])} addresses, "
        f"{ledger.removed} records removed by hand"
    )
