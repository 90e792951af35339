"""Who gets which message, and what it looks like: Alertmanager's own tool on the shipped configuration."""

import json
import re

import pytest

from tests.alerting.shipped import ALERTMANAGER, TEMPLATES, alerts, document, run, tool

RECEIVERS = {
    ("none", "meta"): "deadman",
    ("critical", "meta"): "critical",
    ("critical", "lan"): "outage",
    ("critical", "wan"): "outage",
    ("critical", "dns"): "critical",
    ("critical", "api"): "critical",
    ("critical", "power"): "critical",
    ("warning", "meta"): "calm",
    ("warning", "path"): "calm",
    ("warning", "dns"): "calm",
    ("warning", "api"): "calm",
    ("warning", "slo"): "calm",
    ("warning", "power"): "calm",
    ("info", "path"): "calm",
    ("info", "power"): "calm",
    ("info", "report"): "outage",
}
"""By severity and layer: every combination that the rules use."""


def test_the_configuration_is_valid_with_its_templates():
    done = run(tool("amtool"), "check-config", ALERTMANAGER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 1 templates" in done.stdout


def test_the_table_of_receivers_is_complete():
    assert {(alert.labels["severity"], alert.labels["layer"]) for alert in alerts()} == set(RECEIVERS)


@pytest.mark.parametrize(("severity", "layer"), RECEIVERS)
def test_an_alert_goes_to_its_receiver(severity, layer):
    (name, *_) = [a.name for a in alerts() if (a.labels["severity"], a.labels["layer"]) == (severity, layer)]
    labels = [f"alertname={name}", f"severity={severity}", f"layer={layer}", "site=home", "instance=pi:9923"]
    options = (f"--config.file={ALERTMANAGER}", f"--verify.receivers={RECEIVERS[severity, layer]}")
    done = run(tool("amtool"), "config", "routes", "test", *options, *labels)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_what_can_wait_is_muted_at_night():
    routes = document(ALERTMANAGER)["route"]["routes"]
    muted = {route["receiver"] for route in routes if "mute_time_intervals" in route}
    assert muted == {"calm"}
    (night,) = document(ALERTMANAGER)["time_intervals"][0]["time_intervals"]
    assert night["location"] == "Local"
    assert night["times"] == [
        {"start_time": "22:30", "end_time": "24:00"},
        {"start_time": "00:00", "end_time": "07:00"},
    ]


def test_the_watchdog_goes_out_every_minute():
    (route,) = [each for each in document(ALERTMANAGER)["route"]["routes"] if each["receiver"] == "deadman"]
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("0s", "1m", "50s")


def test_the_end_of_an_outage_is_told_once():
    (outage,) = [each for each in document(ALERTMANAGER)["receivers"] if each["name"] == "outage"]
    assert all(way["send_resolved"] is False for ways in outage.values() if isinstance(ways, list) for way in ways)


def test_nothing_leaves_the_home_until_somebody_fills_it_in():
    urls = re.findall(r"^[^#\n]*url: (\S+)", ALERTMANAGER.read_text(), flags=re.MULTILINE)
    assert len(urls) == 3
    assert all(url.startswith("http://notify.home.arpa:") for url in urls)


def test_the_examples_are_valid_when_somebody_needs_them(tmp_path):
    text = ALERTMANAGER.read_text()
    before, examples = text.split("  # - name: examples\n")
    assert all(line.startswith("  # ") for line in examples.splitlines())
    opened = before + "  - name: examples\n" + "".join(f"  {line[4:]}\n" for line in examples.splitlines())
    opened = opened.replace("    webhook_configs: []\n    # - url", "    webhook_configs:\n      - url")
    opened = opened.replace("    #   send_resolved: false", "        send_resolved: false")
    opened = opened.replace("  - templates/", f"  - {TEMPLATES}/")
    config = tmp_path / "alertmanager.yml"
    config.write_text(opened)
    ways = {way for receiver in document(config)["receivers"] for way in receiver}
    assert ways == {f"{way}_configs" for way in ("webhook", "email", "telegram", "pushover", "discord")} | {"name"}
    assert document(config)["receivers"][0]["webhook_configs"][0]["url"].startswith("https://hc-ping.com/")
    done = run(tool("amtool"), "check-config", config)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_template_that_the_examples_use_exists():
    used = set(re.findall(r'template "([\w.]+)"', ALERTMANAGER.read_text()))
    defined = {name for path in TEMPLATES.iterdir() for name in re.findall(r'define "([\w.]+)"', path.read_text())}
    assert used == {"cadence.title", "cadence.text", "cadence.message", "cadence.link"}
    assert used <= defined


def data(*shown):
    """What Alertmanager hands to a template."""
    told = [
        {
            "status": status,
            "labels": {"alertname": name, "site": "home", **labels},
            "annotations": {
                "summary": f"home: {name} in short",
                "description": f"What {name} means.",
                "action": "Look at the lamps.",
                "runbook_url": f"docs/runbooks.md#{name.lower()}",
                "dashboard_url": "/d/cadence-overview?var-site=home",
            },
            "startsAt": "2026-11-23T14:00:00Z",
            "endsAt": "2026-11-23T15:12:00Z",
        }
        for status, name, labels in shown
    ]
    return {"status": "firing", "alerts": told, "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}}


@pytest.fixture
def render(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")

    def rendered(template, *shown):
        path = tmp_path / "data.json"
        path.write_text(json.dumps(data(*shown)))
        globs = (f"--template.glob={TEMPLATES}/*.tmpl", f"--template.data={path}")
        done = run(tool("amtool"), "template", "render", *globs, f'--template.text={{{{ template "{template}" . }}}}')
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return rendered


WAN = ("firing", "CadenceWanDown", {"severity": "critical", "layer": "wan"})
LOSS = ("firing", "CadencePacketLoss", {"severity": "warning", "layer": "path"})
REPORT = ("firing", "CadenceOutageRecovered", {"severity": "info", "layer": "report"})
OVER = ("resolved", "CadenceDegraded", {"severity": "warning", "layer": "path"})


def test_a_message_says_what_it_means_since_when_what_to_do_first_and_where_to_look(render):
    assert render("cadence.message", WAN) == (
        "🔴 home: CadenceWanDown in short\n"
        "What CadenceWanDown means.\n"
        "\n"
        "Since Mon 23 Nov 14:00.\n"
        "First: Look at the lamps.\n"
        "Look: http://grafana.home.arpa:3000/d/cadence-overview?var-site=home\n"
        "Help: http://git.home.arpa/cadence-exporter/docs/runbooks.md#cadencewandown"
    )


@pytest.mark.parametrize(
    ("shown", "title"),
    [
        ([WAN], "🔴 home: CadenceWanDown in short"),
        ([WAN, LOSS, OVER], "🔴 home: CadenceWanDown in short (and 1 more)"),
        ([REPORT], "🟢 home: CadenceOutageRecovered in short"),
        ([LOSS], "🟡 home: CadencePacketLoss in short"),
        ([OVER], "✅ Over: home: CadenceDegraded in short"),
    ],
)
def test_a_title_is_one_line(render, shown, title):
    assert render("cadence.title", *shown) == title


def test_several_alerts_are_told_one_after_the_other(render):
    text = render("cadence.text", WAN, LOSS, OVER)
    assert text.startswith("What CadenceWanDown means.\n")
    assert "\n\n🟡 home: CadencePacketLoss in short\nWhat CadencePacketLoss means.\n" in text
    assert "\n\n✅ Over: home: CadenceDegraded in short\nWhat CadenceDegraded means.\n" in text
    assert "Over since Mon 15:12, began Mon 14:00." in text


def test_an_alert_of_somebody_else_is_told_by_its_name(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"alerts": [{"status": "firing", "labels": {"alertname": "DiskFull"}}]}))
    globs = (f"--template.glob={TEMPLATES}/*.tmpl", f"--template.data={path}")
    done = run(tool("amtool"), "template", "render", *globs, '--template.text={{ template "cadence.message" . }}')
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("🔵 DiskFull\n")
    assert "no value" not in done.stdout


def test_a_link_is_that_of_the_first_alert(render):
    assert render("cadence.link", WAN, LOSS) == "http://grafana.home.arpa:3000/d/cadence-overview?var-site=home"
