"""A thousand half-open connections and slow lorises at the HTTP side: the loop keeps its pace, and Prometheus is served."""

import statistics
import time

import pytest

from cadence_exporter.demo.home import Home
from cadence_exporter.record.web.server import MAX_CONNECTIONS
from tests.bench.flood import HALF_OPEN, Flood
from tests.bench.process import resident_mib, threads
from tests.blackbox.instance import QUICK, Instance

SCRAPES = 40
SPAN_S = 6.0

pytestmark = pytest.mark.slow


@pytest.fixture
def home():
    with Home(longest_ttl_s=0.2, negative_ttl_s=0.2) as home:
        yield home


def cycles_a_second(instance):
    first, began = instance.cycles(), time.monotonic()
    time.sleep(SPAN_S)
    return (instance.cycles() - first) / (time.monotonic() - began)


def scrapes(instance):
    took = []
    for _ in range(SCRAPES):
        began = time.monotonic()
        status, body = instance.get("/metrics")
        took.append(time.monotonic() - began)
        assert status == 200
        assert "cadence_loop_iterations_total" in body
    return took


def test_the_loop_keeps_its_pace_and_metrics_still_answer(tmp_path, home):
    settings = {**home.as_settings(tmp_path / "state"), "loop": QUICK}
    with Instance(tmp_path / "run", settings) as instance:
        instance.wait_until_up()
        alone, calm = cycles_a_second(instance), scrapes(instance)
        with Flood(instance.port) as crowd:
            crowded, rude = cycles_a_second(instance), scrapes(instance)
            assert instance.get("/-/healthy")[0] == 200
            assert instance.get("/")[0] == 200
            assert instance.state() == "UP"
            busy = threads(instance.process.pid), resident_mib(instance.process.pid)
        print(
            f"cycles a second {alone:.2f} alone, {crowded:.2f} crowded; /metrics {statistics.median(calm):.4f} s alone, "
            f"{statistics.median(rude):.4f} s crowded, worst {max(rude):.3f} s; {busy}; {crowd.told.strip()} came"
        )
        assert int(crowd.told) >= HALF_OPEN
        assert crowded > 0.7 * alone
        assert max(rude) < 2.0
        assert busy[0] < 2 * MAX_CONNECTIONS + 40
        assert busy[1] < 96
