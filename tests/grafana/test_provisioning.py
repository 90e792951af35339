import re

import yaml

from grafana.src.variables import RUNBOOKS
from tests.grafana.names import ROOT

PROVISIONING = ROOT / "grafana/provisioning"


def test_the_data_source_has_its_fixed_uid_and_the_scrape_interval():
    (source,) = yaml.safe_load((PROVISIONING / "datasources/cadence.yml").read_text())["datasources"]
    scrapes = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["uid"] == "cadence-prometheus"
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"] == scrapes


def test_dashboards_come_from_files_and_are_not_changed_in_the_browser():
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards/cadence.yml").read_text())["providers"]
    assert provider["type"] == "file"
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["foldersFromFilesStructure"] is True
    assert "folder" not in provider  # Grafana refuses both


def test_no_page_names_the_data_source():
    for file in (ROOT / "grafana/dashboards").glob("*.json"):
        assert "cadence-prometheus" not in file.read_text(), file.name


def test_pages_and_messages_lead_to_the_same_runbooks():
    template = (ROOT / "alerting/templates/addresses.tmpl").read_text()
    (repository,) = re.findall(r'define "cadence.repository" }}(.*?){{', template)
    assert f"{repository}/docs/runbooks.md" == RUNBOOKS


def test_every_runbook_that_a_panel_names_is_written():
    text = (ROOT / "docs/runbooks.md").read_text()
    headings = {heading.lower() for heading in re.findall(r"^#+ (\w+)$", text, flags=re.MULTILINE)}
    named = {
        anchor
        for file in (ROOT / "grafana/dashboards").glob("*.json")
        for anchor in re.findall(r"\$\{runbooks\}#([a-z]+)", file.read_text())
    }
    assert named
    assert named <= headings
