"""What is in this Python environment, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/): ``python sbom.py > sbom.cdx.json``.

Names, versions and licences as the installed packages state them. Deterministic: the same environment gives the same bytes.
"""

import json
import re
import sys
from importlib.metadata import Distribution, distributions
from typing import Any

OURS = "cadence-exporter"


def document() -> dict[str, Any]:
    """The bill of materials."""
    found = {canonical(each.name): each for each in distributions()}
    ours = found.pop(OURS)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component(ours, "application")},
        "components": [runtime(), *(component(found[name], "library") for name in sorted(found))],
    }


def component(found: Distribution, kind: str) -> dict[str, Any]:
    """One installed package."""
    name = canonical(found.name)
    purl = f"pkg:pypi/{name}@{found.version}"
    stated = {"type": kind, "bom-ref": purl, "name": name, "version": found.version, "purl": purl}
    licence = licence_of(found)
    return {**stated, "licenses": [licence]} if licence else stated


def runtime() -> dict[str, Any]:
    """The interpreter; what lies below it is the base image's to state."""
    version = ".".join(map(str, sys.version_info[:3]))
    return {"type": "platform", "bom-ref": f"python@{version}", "name": "python", "version": version}


def licence_of(found: Distribution) -> dict[str, Any] | None:
    """An SPDX expression where the package has one (PEP 639), else its own words, else those of its classifiers."""
    expression = found.metadata.get("License-Expression")
    if expression:
        return {"expression": expression}
    own = (found.metadata.get("License") or "").strip()
    classified = [
        each.rpartition(" :: ")[2]
        for each in found.metadata.get_all("Classifier") or []
        if each.startswith("License ::")
    ]
    name = own if own and "\n" not in own else ", ".join(classified)
    return {"license": {"name": name}} if name else None


def canonical(name: str) -> str:
    """As package indexes write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1)
    sys.stdout.write("\n")
