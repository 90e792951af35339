"""From a cut line to a message: the real process, a real Prometheus, a real Alertmanager, all shipped rules, one webhook.

A minute passes in a second; nothing else differs from the shipped files (``scaled.py``).
"""

import contextlib
import itertools
import time
from dataclasses import dataclass

import pytest
import yaml

from cadence_exporter.demo.home import Home
from cadence_exporter.demo.tcp_port import PortMode
from tests.alerting.scaled import scaled_alertmanager, scaled_rules
from tests.alerting.shipped import ALERTMANAGER, ALERTS, RULES, TEMPLATES, document
from tests.blackbox.instance import Instance, wait_for
from tests.servers.alertmanager import Alertmanager, start_alertmanager
from tests.servers.frozen import frozen
from tests.servers.process import free_port
from tests.servers.prometheus import Prometheus, start_prometheus
from tests.servers.webhook import Webhook, start_webhook

pytestmark = pytest.mark.real_server

FASTER = 60.0
PATIENCE_S = 40.0
"""For each step, several times what it takes."""
LOOP = {
    "interval": "1s",
    "fast_factor": 0.5,
    "slow_factor": 3.0,
    "jitter": "160ms",
    "confirm_spacing": "50ms",
    "probe_timeout": "500ms",  # the only one that is not scaled: on a busy machine loopback may need more than 133 ms
}
MOVED = "81.2.69.142"


@dataclass
class Scene:
    home: Home
    settings: dict
    folder: object
    prometheus: Prometheus
    alertmanager: Alertmanager
    webhook: Webhook

    def told(self, receiver, alert, status="firing", times=1):
        """Wait for the message; the number of messages that told of it."""
        found = self._wait(
            lambda: len(self.webhook.of(receiver, alert, status)) >= times, f"{status} {alert} at {receiver}"
        )
        assert found
        return len(self.webhook.of(receiver, alert, status))

    def suppressed(self, alert):
        """Wait until it fires and is kept quiet."""
        self._wait(lambda: self.alertmanager.held().get(alert) == "suppressed", f"{alert} suppressed")

    def over(self, *alerts):
        """Wait until these do not fire any more."""
        self._wait(lambda: not set(alerts) & self.firing(), f"{alerts} over")

    def firing(self):
        return {each["metric"]["alertname"] for each in self.prometheus.query('ALERTS{alertstate="firing"}')}

    def start(self):
        """The exporter, at the same port each time."""
        return Instance(self.folder / "run", self.settings)

    def _wait(self, true, what):
        return wait_for(true, lambda: f"{what}\n{self.story()}", PATIENCE_S)

    def story(self):
        posts = [(round(p.at, 1), p.receiver, p.named("firing"), p.named("resolved")) for p in self.webhook.posts]
        shown = "\n".join(str(post) for post in posts if post[1] != "deadman")
        return f"held: {self.alertmanager.held()}\nfiring: {self.firing()}\nposts:\n{shown}"


def awake(intervals):
    """The shipped quiet hours, moved to the other half of the day: what they are for would be hidden in a test at night."""
    assert [each["name"] for each in intervals] == ["quiet-hours"]
    hour = (time.gmtime().tm_hour + 12) % 24
    times = [{"start_time": f"{hour:02}:00", "end_time": f"{hour:02}:59"}]
    return [{"name": "quiet-hours", "time_intervals": [{"times": times, "location": "UTC"}]}]


@contextlib.contextmanager
def scene(folder, inhibitions=None):
    """Everything but the exporter. ``inhibitions`` may change the rules of inhibition, to see the test fail."""
    home = Home(longest_ttl_s=0.2, negative_ttl_s=0.2)
    port = free_port()
    settings = {**home.as_settings(folder / "state", f"127.0.0.1:{port}"), "loop": LOOP}
    rules = []
    for path in (ALERTS, RULES):
        rules.append(folder / path.name)
        rules[-1].write_text(yaml.safe_dump(scaled_rules(document(path), FASTER)))
    with home, start_webhook() as webhook:
        shipped = document(ALERTMANAGER)
        urls = {receiver["name"]: webhook.url(receiver["name"]) for receiver in shipped["receivers"]}
        configuration = scaled_alertmanager(shipped, FASTER, urls)
        configuration["templates"] = [f"{TEMPLATES}/*.tmpl"]
        configuration["time_intervals"] = awake(configuration["time_intervals"])
        if inhibitions:
            configuration["inhibit_rules"] = inhibitions(configuration["inhibit_rules"])
        with start_alertmanager(folder / "alertmanager", configuration) as alertmanager:
            to = {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager.port}"]}]}]}
            targets = {f"127.0.0.1:{port}": {"site": "home"}}
            with start_prometheus(
                folder / "prometheus", targets, rules=tuple(rules), settings={"alerting": to}, interval="500ms"
            ) as prometheus:
                yield Scene(home, settings, folder, prometheus, alertmanager, webhook)


def the_line_is_cut(scene):
    scene.home.cut_wan()
    assert scene.told("outage", "CadenceWanDown") == 1
    scene.suppressed("CadenceDegraded")
    scene.home.restore_wan()
    assert scene.told("outage", "CadenceOutageRecovered") == 1
    scene.over("CadenceWanDown", "CadenceDegraded")


def the_router_loses_power(scene):
    scene.home.router_off()
    assert scene.told("outage", "CadenceLanDown") == 1
    scene.suppressed("CadenceWanDown")
    scene.home.router_on()
    assert scene.told("outage", "CadenceOutageRecovered", times=2) == 2
    scene.over("CadenceLanDown", "CadenceWanDown")


def the_record_stays_behind_and_then_the_loop_hangs(scene, instance):
    before = scene.home.address
    scene.home.cloudflare.reachable(PortMode.REFUSED)
    scene.home.change_address(MOVED)
    assert scene.told("critical", "CadenceDnsOutOfSync") == 1
    with frozen(instance.process.pid, lambda: instance.get("/-/ready")):
        assert instance.get("/metrics")[0] == 200, "it answers while the loop stands still"
        assert scene.told("critical", "CadenceLoopStalled") == 1
        scene.suppressed("CadenceDnsOutOfSync")
    scene.home.change_address(before)  # and the record is right again, whatever the provider does
    scene.home.cloudflare.reachable(PortMode.OPEN)
    scene.told("critical", "CadenceLoopStalled", "resolved")
    scene.over("CadenceDnsOutOfSync", "CadenceLoopStalled")


def it_restarts_again_and_again_and_is_gone(scene, instance):
    """Ends with the process running once more."""
    instance.kill()
    for _ in range(3):
        with scene.start() as again:
            again.wait_until_up()
            born = again.metric("process_start_time_seconds")
            wait_for(lambda born=born: _scraped(scene, born), "a scrape of each", PATIENCE_S)
    assert scene.told("critical", "CadenceExporterDown") == 1
    assert scene.alertmanager.held()["CadenceRestarting"] == "suppressed"
    with scene.start() as again:
        again.wait_until_up()
        assert scene.told("critical", "CadenceExporterDown", "resolved") == 1


def _scraped(scene, born):
    return any(
        float(each["value"][1]) == born for each in scene.prometheus.query('process_start_time_seconds{job="cadence"}')
    )


def test_from_a_cut_line_to_a_message_and_what_follows_from_it_is_not_sent(tmp_path):
    began = time.monotonic()
    with scene(tmp_path) as live:
        with live.start() as instance:
            instance.wait_until_up()
            the_line_is_cut(live)
            the_router_loses_power(live)
            the_record_stays_behind_and_then_the_loop_hangs(live, instance)
            it_restarts_again_and_again_and_is_gone(live, instance)
        posts = list(live.webhook.posts)
        print(f"{time.monotonic() - began:.0f} s\n{live.story()}")
    told = [name for post in posts if post.receiver == "outage" for name in post.named("firing")]
    assert told == ["CadenceWanDown", "CadenceOutageRecovered", "CadenceLanDown", "CadenceOutageRecovered"]
    critical = [post.named("firing") for post in posts if post.receiver == "critical" and post.named("firing")]
    assert [name for names in critical for name in names] == [
        "CadenceDnsOutOfSync", "CadenceLoopStalled", "CadenceExporterDown",
    ]  # fmt: skip
    assert not any(live.webhook.of("calm", name) for name in ("CadenceDegraded", "CadenceErrorBudgetBurnFast"))
    watchdog = [post.at for post in posts if post.receiver == "deadman"]
    assert len(watchdog) > 10
    assert max(later - earlier for earlier, later in itertools.pairwise(watchdog)) < 10, "every second, give or take"


def test_without_the_rule_for_it_what_follows_from_a_cut_line_is_not_suppressed(tmp_path):
    """The red side: the same scene with one inhibition taken out."""

    def without(rules):
        return [rule for rule in rules if rule["source_matchers"] != ['alertname = "CadenceWanDown"']]

    with scene(tmp_path, without) as live, live.start() as instance:
        instance.wait_until_up()
        live.home.cut_wan()
        live.told("calm", "CadenceDegraded")
