"""Every question of every page and annotation, answered with data by a real Prometheus: of the real process, and of a month.

What may be empty is named, with the reason (``MAY_BE_EMPTY``); and each of those is seen with data in the situation it is for.
"""

import contextlib
import itertools
import time
from dataclasses import replace

import pytest
import yaml

from cadence_exporter.demo.demo import demo_home, demo_settings
from cadence_exporter.demo.echo import EchoMode
from cadence_exporter.demo.natpmp_router import NatPmpMode
from cadence_exporter.demo.smart_plug import SmartPlug
from cadence_exporter.demo.stun import StunMode
from tests.alerting.scaled import scaled_rules
from tests.alerting.shipped import ALERTS, RULES, document
from tests.blackbox.bounces import CLOCK, OFF_FOR_S, settings_of_plug
from tests.blackbox.instance import Instance, wait_for
from tests.fakes.google import serving
from tests.grafana.answered import answered, called, questions
from tests.grafana.expressions import Range
from tests.grafana.month import month
from tests.servers.nut import NAME, running_nut
from tests.servers.process import binary, free_port
from tests.servers.prometheus import start_prometheus

pytestmark = pytest.mark.real_server

SPEED = 6.0
FASTER = 60.0
PATIENCE_S = 30.0
AT_FULL_HOURS = {"slo: Downtime by hour of the day A", "slo: Longest A"}
"""Samples at full hours or minutes of the clock: a process of a minute's age may have none. The month has."""
SINKS = ("Does it arrive", "Waiting to be told", "Last delivery", "Told, failed, given up")
NOT_BROUGHT_ABOUT = {
    "debug: Log lines by level B": "no line is dropped unless whoever reads them stands still",
    "debug: Packets of traces A": "a path on loopback has no hops to trace; the simulated month has some",
    "debug: Told, failed, given up C": "nothing gives way before thousands wait",
    "debug: Exceptions, overruns, empty cycles B": "the loop cuts off what takes longer than its wait",
    "debug: Exceptions, overruns, empty cycles C": "a cycle breaks only by a bug, and none is known",
}
NOT_SIMULATED = ("Who hears", "Reasons to look", "Heard for nothing, and packets sent", *SINKS)


@pytest.fixture
def history(tmp_path):
    binary("promtool", "prometheus")
    folder = tmp_path / "month"
    span = month(folder)
    with start_prometheus(folder, {}, interval="1h") as prometheus:
        yield prometheus, span


def must(asked):
    return {called(each) for each in asked if not each.may_be_empty}


def test_a_simulated_month_answers_every_question_and_a_renamed_metric_is_noticed(history):
    prometheus, span = history
    asked = questions(span)
    found = answered(prometheus, asked, span)
    assert (must(asked) | AT_FULL_HOURS) - found == set()
    empty = {called(each): each.may_be_empty for each in asked if called(each) not in found}
    print(f"{len(asked)} questions, {len(found)} answered; empty: {empty}")
    known = [each for each in asked if each.place not in NOT_SIMULATED]
    assert len(found) > 0.9 * len(known)
    for each in asked:
        if each.place in {"Connection over time", "Round trip time", "Burn rate"}:
            broken = replace(each, expr=each.expr.replace("_seconds", "_secondes").replace("ratio_rate", "ratio_rat"))
            assert answered(prometheus, [each], span) == {called(each)}
            assert answered(prometheus, [broken], span) == set()


class Watched:
    """The real process in the pretend home, scraped twice a second, and the questions that had no answer yet."""

    def __init__(self, prometheus):
        self.prometheus = prometheus
        self.span = self._now()
        self.open = {called(each) for each in questions(self.span)}
        assert set(NOT_BROUGHT_ABOUT) <= self.open, "named, and asked nowhere"

    def ask(self):
        """Ask all that is open once more; returns what stays open."""
        self.span = self._now()
        asked = [each for each in questions(self.span) if called(each) in self.open]
        self.open -= answered(self.prometheus, asked, self.span)
        return self.open

    def until(self, *wanted):
        """Wait until these have been answered."""
        wait_for(lambda: not self.ask() & set(wanted), lambda: f"open: {self.open & set(wanted)}", PATIENCE_S)

    @staticmethod
    def _now():
        return Range(time.time() - 300.0, time.time(), scrape_s=1.0)


def phone_that_breaks():
    """What answers its calls: one of its two apps takes a first message, and no more. A counter shows growth only once it is seen."""
    taken = itertools.count()
    return lambda _, path, *__: (200 if path == "/fine" or next(taken) == 0 else 500, {}, b"")


@contextlib.contextmanager
def watched(tmp_path):
    rules = []
    for path in (ALERTS, RULES):
        rules.append(tmp_path / path.name)
        rules[-1].write_text(yaml.safe_dump(scaled_rules(document(path), FASTER)))
    nut_folder = tmp_path / "nut"
    nut_folder.mkdir()
    with (
        demo_home(SPEED) as home,
        serving(phone_that_breaks()) as phone,
        running_nut(nut_folder) as nut,
        contextlib.closing(SmartPlug(CLOCK)) as plug,
    ):
        settings = demo_settings(home, tmp_path / "state", SPEED, f"127.0.0.1:{free_port()}")
        settings["metrics"] = {"public_ip_info": False}
        to = phone.replace("http:", "json:")
        settings["notify"] = {"urls": [f"{to}/fine", f"{to}/broken"], "quiet_period": "0s"}
        settings["recovery"] = settings_of_plug(plug)
        settings["ups"] = {"server": "127.0.0.1", "port": nut.port, "name": NAME}
        with Instance(tmp_path / "run", settings) as instance:
            instance.wait_until_up()
            targets = {f"127.0.0.1:{instance.port}": {"site": "home"}}
            folder = tmp_path / "prometheus"
            with start_prometheus(folder, targets, rules=tuple(rules), interval="500ms") as prometheus:
                yield home, instance, Watched(prometheus)


def a_process_that_cannot_write(instance):
    """At the same port, with the same settings but for the folder of its memory."""
    settings = yaml.safe_load(instance.config.read_text())
    (instance.folder / "file").write_text("")
    return Instance(instance.folder / "again", {**settings, "state_dir": str(instance.folder / "file" / "state")})


def reload(instance, change):
    """Changes the file and asks for it to be read."""
    settings = yaml.safe_load(instance.config.read_text())
    change(settings)
    instance.config.write_text(yaml.safe_dump(settings))
    instance.get("/-/reload", "POST")


def test_the_real_process_answers_every_question(tmp_path):
    with watched(tmp_path) as (home, instance, view):
        view.until("overview: Public address B", *must(questions(view.span)) - AT_FULL_HOURS)

        home.change_address("81.2.69.142")
        view.until(*(f"overview: Convergence after a new address {ref}" for ref in "ABCD"))

        home.stun.mode = StunMode.FORGED
        for which in (0, 2):
            home.echo_lies(which, "198.41.0.4")
        home.router.mode = NatPmpMode.OFF
        view.until("debug: What is known of the public address B", "overview: Public address C")
        view.until("debug: Heard for nothing, and packets sent A")
        for echo in home.echoes:
            echo.mode = EchoMode.SILENCE
        view.until("debug: What is known of the public address C")
        home.echoes_honest()
        home.router.mode = NatPmpMode.ANSWER
        home.change_address("100.64.7.9")
        view.until("debug: What is known of the public address D")
        home.change_address("93.184.216.34")
        instance.wait_until_up()

        home.cut_wan()
        wait_for(lambda: instance.state() == "DOWN", "down", PATIENCE_S)
        view.until("overview: Calls that failed A", "debug: Failed probes by reason A")
        assert instance.get("/-/bounce", "POST")[0] == 200
        wait_for(lambda: instance.metric("cadence_recovery_power_in_doubt") == 0, "power", OFF_FOR_S + PATIENCE_S)
        assert instance.get("/-/bounce", "POST")[0] == 409
        wait_for(
            lambda: time.time() - instance.metric("cadence_state_last_transition_timestamp_seconds") > 4, "a while"
        )
        home.router_off()
        view.until("debug: Where it broke A")
        home.router_on()
        home.restore_wan()
        instance.wait_until_up()
        view.until("overview: Alerts firing A", "slo: Mean A", "slo: Whose fault A")

        reload(instance, lambda settings: settings.update(metrics={"public_ip_info": True}))
        view.until("overview: Public address A")

        instance.kill()
        with a_process_that_cannot_write(instance):
            view.until("debug: Exceptions, overruns, empty cycles A")
        wait_for(
            lambda: not view.ask() - AT_FULL_HOURS - set(NOT_BROUGHT_ABOUT), lambda: f"open: {view.open}", PATIENCE_S
        )
    print(f"still open: {view.open}")
