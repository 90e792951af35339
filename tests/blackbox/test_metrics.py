"""What Prometheus gets from the real process, in the pretend home."""

import gzip
import http.client
import subprocess
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from cadence_exporter.demo.home import RECORD, Home
from tests.bench.scraper import HEADERS
from tests.blackbox.instance import QUICK, Instance, wait_for
from tests.servers.process import binary
from tests.servers.prometheus import start_prometheus

MOST_SERIES = 600
SERVED = "cadence_loop_duration_seconds"


@pytest.fixture
def home():
    with Home(longest_ttl_s=0.2, negative_ttl_s=0.2) as home:
        yield home


def scrape(instance, headers=HEADERS):
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=10)
    connection.request("GET", "/metrics", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    packed = answer.headers.get("Content-Encoding") == "gzip"
    return answer.status, answer.headers, gzip.decompress(body).decode() if packed else body.decode()


def test_a_home_at_the_default_settings_has_few_series(home, tmp_path):
    with Instance(tmp_path / "run", home.as_settings(tmp_path / "state")) as instance:
        instance.wait_until_up()
        wait_for(lambda: instance.metric(f'cadence_dns_record_in_sync{{record="{RECORD}",type="A"}}'), "in sync")
        assert instance.status()["api_calls_last_hour"]["cloudflare"] >= 2
        names = [name for name in instance.metrics() if "_created" not in name]
        print(f"{len(names)} series, {len([name for name in names if name.startswith('cadence_')])} of them our own")
        assert len(names) == len(instance.metrics()), "no created-series"
        assert len(names) <= MOST_SERIES


def test_prometheus_gets_openmetrics_packed_with_a_cycle_as_exemplar_and_others_get_plain_text(home, tmp_path):
    with Instance(tmp_path / "run", {**home.as_settings(tmp_path / "state"), "loop": QUICK}) as instance:
        instance.wait_until_up()
        wait_for(lambda: instance.metric('cadence_dns_convergence_seconds_count{stage="published"}'), "a write")
        status, headers, page = scrape(instance)
        assert (status, headers["Content-Encoding"]) == (200, "gzip")
        assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        families = {family.name: family for family in parse_openmetrics(page)}
        for name in (SERVED, "cadence_dns_convergence_seconds"):
            ids = {sample.exemplar.labels["cycle_id"] for sample in families[name].samples if sample.exemplar}
            assert ids, name
            assert ids <= logged(instance), name
        assert "_created" not in page
        status, headers, page = scrape(instance, {})
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "Content-Encoding" not in headers
        assert "_created" not in page
        assert " # {" not in page


def logged(instance):
    return {line["cycle_id"] for line in instance.log if "cycle_id" in line}


def test_every_line_between_the_first_and_the_last_of_a_cycle_carries_its_id(home, tmp_path):
    """With a state directory that cannot be written: its complaints are among them."""
    (tmp_path / "file").write_text("")
    settings = {**home.as_settings(tmp_path / "file" / "state"), "loop": QUICK, "log": {"format": "json"}}
    with Instance(tmp_path / "run", settings) as instance:
        instance.wait_until_up()
        instance.wait_for_cycles(5)
        instance.kill()  # the complaint of a clean end is of no cycle
    lines = instance.log
    first = next(number for number, line in enumerate(lines) if line["subject"] == "LOOP")
    assert any(line["subject"] == "FAULT" for line in lines[first:])
    assert [line for line in lines[first:] if "cycle_id" not in line] == []


def test_the_public_address_is_a_label_by_opt_in_only_and_a_reload_is_enough(home, tmp_path):
    settings = {**home.as_settings(tmp_path / "state"), "loop": QUICK, "log": {"format": "json"}}
    wanted = f'cadence_public_ip_info{{address="{home.address}",family="ipv4"}}'
    with Instance(tmp_path / "run", settings) as instance:
        instance.wait_until_up()
        assert str(home.address) not in scrape(instance)[2]
        instance.config.write_text(instance.config.read_text() + "metrics: {public_ip_info: true}\n")
        instance.get("/-/reload", "POST")
        wait_for(lambda: any("public_ip_info" in name for name in instance.metrics()), "the label")
        assert instance.metric(wanted) or instance.metric(swapped(wanted))
        instance.config.write_text(instance.config.read_text().replace("true}", "false}"))
        instance.get("/-/reload", "POST")
        wait_for(lambda: str(home.address) not in scrape(instance)[2], "no label")


def swapped(name):
    """The same with its two labels the other way round."""
    head, _, labels = name.rstrip("}").partition("{")
    one, _, other = labels.partition(",")
    return f"{head}{{{other},{one}}}"


@pytest.mark.real_server
def test_promtool_has_nothing_to_say_about_a_real_scrape(home, tmp_path):
    promtool = binary("promtool", "prometheus")
    settings = {**home.as_settings(tmp_path / "state"), "loop": QUICK, "metrics": {"public_ip_info": True}}
    with Instance(tmp_path / "run", settings) as instance:
        instance.wait_until_up()
        wait_for(lambda: instance.metric('cadence_dns_convergence_seconds_count{stage="visible"}'), "a change")
        page = scrape(instance, {})[2]
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.real_server
def test_a_real_prometheus_leads_from_a_slow_bucket_to_the_lines_of_that_cycle(home, tmp_path):
    with Instance(tmp_path / "run", {**home.as_settings(tmp_path / "state"), "loop": QUICK}) as instance:
        began = time.time()
        targets = {f"127.0.0.1:{instance.port}": {"site": "pretend"}}
        with start_prometheus(tmp_path / "prometheus", targets) as prometheus:
            wait_for(lambda: prometheus.exemplars(f"{SERVED}_bucket", began - 5, time.time() + 5), "exemplars", 30)
            wait_for(lambda: prometheus.query('up{job="cadence",site="pretend"} == 1'), "up")
            for name in (SERVED, "cadence_dns_convergence_seconds"):
                found = wait_for(
                    lambda name=name: prometheus.exemplars(f"{name}_bucket", began - 5, time.time() + 5), name, 30
                )
                ids = {exemplar["labels"]["cycle_id"] for exemplar in found}
                assert ids <= logged(instance), name
