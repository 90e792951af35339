"""The recording rules that dashboards ask for, evaluated over the first site's history: what a Prometheus with our rules has.

    python -m grafana.preview.recorded DIRECTORY

``promtool`` does it by range queries to a Prometheus, which is started here on loopback. Every four minutes instead of the files'
30 s and 2 min: the pictures have no finer steps, and a sample is taken for gone after five.
"""

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from cadence_exporter.simulate.clock import EPOCH
from grafana.preview.history import DAYS, SITES

HERE = Path(__file__).resolve().parent
RULES = HERE.parent.parent / "prometheus" / "rules" / "cadence.rules.yml"
DASHBOARDS = HERE.parent / "dashboards"
EVERY = "4m"
READY_WITHIN_S = 60.0


def used(rules: Path, dashboards: Path) -> dict[str, object]:
    """The rule file without what no dashboard mentions."""
    asked = "\n".join(file.read_text(encoding="utf-8") for file in dashboards.glob("*.json"))
    groups = yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]
    kept = [rule for group in groups for rule in group["rules"] if re.search(rf"{re.escape(rule['record'])}\b", asked)]
    return {"groups": [{"name": "used", "interval": EVERY, "rules": kept}]}


@contextmanager
def prometheus(data: Path) -> Iterator[str]:
    """Its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        "prometheus", f"--config.file={HERE / 'prometheus.yml'}", f"--storage.tsdb.path={data}", f"--web.listen-address={address}",
        "--storage.tsdb.retention.time=100y", "--log.level=error",
    ]  # fmt: skip
    with subprocess.Popen(command) as process:
        try:
            _wait(f"http://{address}/-/ready")
            yield f"http://{address}"
        finally:
            process.terminate()


def _wait(url: str) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5.0).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("prometheus did not become ready")


def main(directory: Path) -> None:
    """Writes DIRECTORY/recorded."""
    rules = directory.parent / "recorded.rules.yml"
    rules.write_text(yaml.safe_dump(used(RULES, DASHBOARDS)), encoding="utf-8")
    out, data = directory / "recorded", directory.parent / "recorded.data"
    for old in (out, data):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(directory / SITES[0].name, data)  # Prometheus writes into its directory
    with prometheus(data) as url:
        command = [
            "promtool", "tsdb", "create-blocks-from", "--max-block-duration=1024h", "rules", f"--url={url}", f"--start={EPOCH:.0f}",
            f"--end={EPOCH + DAYS * 86400:.0f}", f"--output-dir={out}", f"--eval-interval={EVERY}", str(rules),
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
