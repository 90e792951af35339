"""A real Alertmanager with the shipped configuration: which alerts are kept quiet by which. Nothing is sent anywhere."""

import json
import re
import time
import urllib.request

import pytest
import yaml

from tests.alerting.shipped import ALERTMANAGER, TEMPLATES, alerts, names
from tests.servers.alertmanager import start_alertmanager
from tests.servers.process import free_port

OF_SERIES = {"CadencePublicIpUnclear": {"family": "ipv4"}}
"""Labels that the series bring along and inhibition asks for."""
LABELS = {alert.name: {**alert.labels, **OF_SERIES.get(alert.name, {})} for alert in alerts()}
BY_LAYER = {
    layer: {name for name, labels in LABELS.items() if labels["layer"] == layer}
    for layer in {labels["layer"] for labels in LABELS.values()}
}
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Loopback needs no proxy, whatever the environment says."""
OUTSIDE = {"lan", "wan", "path", "dns", "api", "slo"}


def of(*layers):
    return set().union(*(BY_LAYER[layer] for layer in layers))


def worst(*layers):
    """What the criticals of these layers keep quiet in their own layer."""
    return {name for name in of(*layers) if LABELS[name]["severity"] in {"warning", "info"}}


QUIET = {
    "CadenceExporterDown": of(*OUTSIDE) | of("meta") - {"CadenceExporterDown", "Watchdog"},
    "CadenceMetricsMissing": of(*OUTSIDE) | worst("meta"),
    "CadenceLoopStalled": of(*OUTSIDE) | worst("meta"),
    "CadenceLanDown": of("wan", "path", "dns", "api", "slo"),
    "CadenceWanDown": of("path", "dns", "api", "slo"),
    "CadenceOutageRecovered": of("slo"),
    "CadencePublicIpUnclear": {"CadenceDegraded"},
    "CadenceErrorBudgetBurnSlow": {"CadenceErrorBudgetBurnFast"},
    "CadenceDnsOutOfSync": worst("dns"),
    "CadenceDnsChangeBudgetSpent": worst("dns"),
    "CadenceApiAuthOrRateLimited": worst("api"),
}
"""Source -> what is kept quiet while it fires; sources that are not named keep nothing quiet."""


def post(port, shown):
    body = json.dumps([{"labels": labels} for labels in shown]).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v2/alerts", body, {"Content-Type": "application/json"}
    )
    with OPENER.open(request, timeout=10):
        pass


def held(port):
    """(site, name) -> whether it is inhibited."""
    with OPENER.open(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=10) as answer:
        found = json.load(answer)
    return {(a["labels"]["site"], a["labels"]["alertname"]): bool(a["status"]["inhibitedBy"]) for a in found}


def settled(port, number):
    """The verdicts, once every alert was looked at (its status is ``unprocessed`` before). Inhibition is computed at each flush."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        with OPENER.open(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=10) as answer:
            states = [alert["status"]["state"] for alert in json.load(answer)]
        if len(states) == number and "unprocessed" not in states:
            return held(port)
        time.sleep(0.1)
    raise AssertionError(f"{states.count('unprocessed')} of {len(states)} alerts were not looked at within 20 s")


def verdicts(tmp_path, config_text):
    """One home for each alert as a source; in each, every other alert fires as well. A neighbour has all but the sources."""
    text = re.sub(
        r"^( *- url:).*notify.home.arpa.*$", rf"\1 http://127.0.0.1:{free_port()}/", config_text, flags=re.MULTILINE
    )
    text = re.sub(r"group_wait: \d+s", "group_wait: 1s", text.replace("- templates/", f"- {TEMPLATES}/"))
    shown = [
        {"alertname": name, "site": f"{source}-and-{name}", "instance": "pi:9923", **LABELS[name]}
        for source in QUIET
        for name in names()
        if name != source
    ]
    shown += [
        {"alertname": source, "site": f"{source}-and-{name}", "instance": "pi:9923", **LABELS[source]}
        for source in QUIET
        for name in names()
    ]
    with start_alertmanager(tmp_path, yaml.safe_load(text)) as alertmanager:
        post(alertmanager.port, shown)
        found = settled(alertmanager.port, len(shown))
    return {
        source: {name for name in names() if name != source and found[f"{source}-and-{name}", name]} for source in QUIET
    }


@pytest.mark.real_server
def test_an_alert_keeps_quiet_what_follows_from_it_and_nothing_else(tmp_path):
    found = verdicts(tmp_path, ALERTMANAGER.read_text())
    assert found == {source: quiet - {source} for source, quiet in QUIET.items()}


@pytest.mark.real_server
def test_an_inhibition_that_was_taken_out_is_noticed(tmp_path):
    text = ALERTMANAGER.read_text()
    rule = '  - source_matchers: [alertname = "CadenceWanDown"]\n'
    assert rule in text
    found = verdicts(tmp_path, text.replace(rule, '  - source_matchers: [alertname = "CadenceNever"]\n'))
    assert found["CadenceWanDown"] == set()
