"""The files that are shipped for Prometheus and Alertmanager, read for the tests about them."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "alerting" / "cadence.alerts.yml"
ALERTMANAGER = ROOT / "alerting" / "alertmanager.yml"
TEMPLATES = ROOT / "alerting" / "templates"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
RULES = ROOT / "prometheus" / "rules" / "cadence.rules.yml"
UNIT_TESTS = sorted([*(ROOT / "alerting").glob("*.test.yml"), *(ROOT / "prometheus" / "rules").glob("*.test.yml")])


@dataclass(frozen=True)
class Alert:
    """One rule. A name may have several, told apart by their labels."""

    name: str
    expr: str
    for_: str
    labels: dict[str, str]
    annotations: dict[str, str]


def document(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def alerts() -> list[Alert]:
    rules = [rule for group in document(ALERTS)["groups"] for rule in group["rules"]]
    return [Alert(r["alert"], r["expr"], r.get("for", "0s"), r["labels"], r["annotations"]) for r in rules]


def names() -> list[str]:
    return sorted({alert.name for alert in alerts()})


def runbooks() -> dict[str, str]:
    """Heading -> text, of the headings that could be an alert."""
    parts = re.split(r"^## ", RUNBOOKS.read_text(), flags=re.MULTILINE)[1:]
    sections = (part.partition("\n") for part in parts)
    return {title: text for title, _, text in sections if " " not in title}


def seconds(duration: str) -> int:
    """Prometheus durations of one unit, as the rules use them."""
    number, unit = int(duration[:-1]), duration[-1]
    return number * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]


def tool(name: str) -> str:
    """promtool or amtool; skips the test where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian packages prometheus and prometheus-alertmanager)")
    return found


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
