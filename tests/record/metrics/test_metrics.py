"""The metrics as Prometheus sees them."""

import shutil
import subprocess
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pytest
from prometheus_client import GCCollector, Histogram, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Agreed, Disputed, Link, NotPublic, Unchanged, Unknown
from cadence_exporter.model.decision import AddressChanged
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.memory import Belief, Memory, Phase, RecordMemory
from cadence_exporter.model.outcome import ApiCall, Operation, Result
from cadence_exporter.record.log.console import Console, Style
from cadence_exporter.record.metrics.collectors import Kept, Moving
from cadence_exporter.record.metrics.exposition import Metrics
from cadence_exporter.record.metrics.families import all_metrics
from cadence_exporter.record.metrics.snapshot import About
from cadence_exporter.record.metrics.tally import SERVICES
from cadence_exporter.record.state.chronicle import OutageHeld
from cadence_exporter.record.state.marks import Marks
from cadence_exporter.record.state.store import SqliteStore
from cadence_exporter.record.web.messages import Request
from cadence_exporter.record.web.metrics_page import metrics as render
from tests.docs.metrics_page import metrics_page
from tests.record.cycles import (
    HOME,
    KEY,
    MOVED,
    SPEC,
    WALL,
    Broken,
    Hands,
    at,
    eventful,
    make_cycle,
    make_faults,
    memory,
    observation,
    outcome,
    reconcile,
)

GOLDEN = Path(__file__).with_name("metric_names.txt")


class Ledger:
    up = True

    def __init__(self):
        self.marks = Marks()
        self.sums = {}
        self.broken = False

    def counters(self):
        return dict(self.sums)

    def state_seconds(self):
        if self.broken:
            raise RuntimeError("broken")
        return dict.fromkeys(Phase, 1.0)


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def metrics(ledger, clock):
    return Metrics(ledger, Memory(Phase.INIT, clock.now()), clock, About("1.2.3", "abc", "3.11.7"))


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(name, labels)


def test_before_the_first_cycle_the_state_is_init_and_every_child_is_there(metrics):
    assert value(metrics, "cadence_state", state="init") == 1
    assert value(metrics, "cadence_state", state="up") == 0
    for metric in all_metrics():
        for labels in metric.children:
            name = metric.name + ("_count" if metric.kind == "histogram" else "")
            assert value(metrics, name, **dict(zip(metric.labels, labels, strict=True))) is not None, (name, labels)
    assert value(metrics, "cadence_probe_success", probe="wan_path") is None
    assert value(metrics, "cadence_build_info", version="1.2.3", revision="abc", python_version="3.11.7") == 1
    assert value(metrics, "cadence_config_last_reload_successful") == 1


def test_the_names_are_those_that_dashboards_and_alerts_know(metrics):
    found = {
        family.name for family in parse(generate_latest(metrics.registry).decode()) if family.name.startswith("cadence")
    }
    typed = sorted(f"{metric.name} {metric.kind} {','.join(metric.labels)}".rstrip() for metric in all_metrics())
    assert typed == GOLDEN.read_text().splitlines()
    assert found == {
        metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name for metric in all_metrics()
    }


def test_one_cycle_moves_the_gauges(metrics, ledger, clock):
    metrics.record(eventful(clock.now()))
    ended = clock.wall() + 0.295
    for name, labels, expected in (
        ("cadence_state", {"state": "up"}, 1),
        ("cadence_state", {"state": "init"}, 0),
        ("cadence_last_outage_duration_seconds", {}, 60),
        ("cadence_probe_success", {"probe": "lan_router"}, 1),
        ("cadence_probe_rtt_seconds", {"probe": "wan_path"}, 0.028),
        ("cadence_probe_last_success_timestamp_seconds", {"probe": "public_ip"}, ended),
        ("cadence_dns_record_in_sync", {"record": KEY.name, "type": "A"}, 0),
        ("cadence_dns_last_verified_timestamp_seconds", {"record": KEY.name, "type": "A"}, clock.wall()),
        ("cadence_dns_convergence_seconds_count", {"stage": "published"}, 1),
        ("cadence_dns_convergence_seconds_sum", {"stage": "published"}, 10),
        ("cadence_outage_duration_seconds_sum", {}, 60),
        ("cadence_api_calls_last_hour", {"service": "doh"}, 2),
        ("cadence_api_request_duration_seconds_count", {"service": "doh"}, 2),
        ("cadence_loop_next_delay_seconds", {}, 129),
        ("cadence_loop_duration_seconds_count", {"phase": "total"}, 1),
        ("cadence_state_store_up", {}, 1),
        ("cadence_dns_last_mutation_timestamp_seconds", {}, ended),
        ("cadence_public_ip_last_change_timestamp_seconds", {"family": "ipv4"}, ended),
    ):
        assert value(metrics, name, **labels) == pytest.approx(expected), name


def test_what_is_not_known_is_absent(metrics):
    metrics.record(make_cycle(seen=observation(at(1000), wan=False)))
    assert value(metrics, "cadence_probe_rtt_seconds", probe="wan_path") is None
    assert value(metrics, "cadence_probe_consecutive_failures", probe="wan_path") == 1
    assert value(metrics, "cadence_cgnat_detected") is None
    assert value(metrics, "cadence_last_outage_duration_seconds") is None
    unknown = memory(records=MappingProxyType({KEY: RecordMemory()}))
    metrics.record(make_cycle(after=unknown))
    assert value(metrics, "cadence_dns_record_in_sync", record=KEY.name, type="A") is None
    metrics.record(make_cycle(after=memory(beliefs=MappingProxyType({Family.IPV4: Belief()}))))
    assert value(metrics, "cadence_dns_record_in_sync", record=KEY.name, type="A") is None
    metrics.record(make_cycle())
    assert value(metrics, "cadence_dns_record_in_sync", record=KEY.name, type="A") == 1
    metrics.record(make_cycle(after=memory(records=MappingProxyType({}))))
    assert value(metrics, "cadence_dns_record_in_sync", record=KEY.name, type="A") is None


def test_visible_is_measured_from_the_first_evidence(metrics, clock):
    before = eventful(clock.now()).memory
    clock.seconds += 50
    seen = outcome(Result.VISIBLE, reconcile(), clock.now())
    metrics.record(make_cycle(clock.now(), before=before, outcomes=(seen,)))
    assert value(metrics, "cadence_dns_convergence_seconds_sum", stage="visible") == 60


def test_a_failed_write_is_no_mutation_that_happened(metrics):
    metrics.record(make_cycle(outcomes=(outcome(Result.FAILED, operation=Operation.UPDATE),)))
    assert value(metrics, "cadence_dns_last_mutation_timestamp_seconds") is None


def test_what_happened_before_this_process_is_shown(clock):
    ledger = Ledger()
    ledger.marks = Marks(
        OutageHeld(WALL - 170, WALL - 50, 120.0, "wan"),
        MappingProxyType({Family.IPV4: WALL - 60}),
        WALL - 70,
    )
    metrics = Metrics(ledger, memory(Phase.INIT, calls=(("doh", at(500).instant),)), clock, About("1"))
    assert value(metrics, "cadence_last_outage_duration_seconds") == 120
    assert value(metrics, "cadence_public_ip_last_change_timestamp_seconds", family="ipv4") == WALL - 60
    assert value(metrics, "cadence_dns_last_mutation_timestamp_seconds") == WALL - 70
    assert value(metrics, "cadence_api_calls_last_hour", service="doh") == 1
    assert value(metrics, "cadence_dns_last_verified_timestamp_seconds", record=KEY.name, type="A") == WALL - 250


def test_the_hour_slides_with_the_scrape_and_not_with_the_wall_clock(metrics, clock):
    metrics.record(make_cycle(clock.now(), calls=(ApiCall("doh", "2xx", 0.1, "x"),)))
    clock.ahead += 86400
    assert value(metrics, "cadence_api_calls_last_hour", service="doh") == 1
    clock.seconds += 3601
    assert value(metrics, "cadence_api_calls_last_hour", service="doh") == 0


def test_a_failing_collector_costs_its_own_values_and_is_counted(metrics, ledger):
    ledger.broken = True
    assert value(metrics, "cadence_metrics_errors_total") == 1
    assert value(metrics, "cadence_state_seconds_total", state="init") is None
    assert value(metrics, "cadence_state", state="init") == 1
    ledger.broken = False
    assert value(metrics, "cadence_state_seconds_total", state="init") == 1


@pytest.mark.parametrize("broken", [ProcessCollector, PlatformCollector, GCCollector, Histogram, Kept, Moving])
def test_whichever_collector_fails_the_other_families_are_there(ledger, clock, monkeypatch, broken):
    def fail(_):
        raise RuntimeError("planted")

    owner = next(each for each in broken.__mro__ if "collect" in vars(each))
    kinds = {
        ProcessCollector: "process_",
        PlatformCollector: "python_info",
        GCCollector: "python_gc_",
        Histogram: "_seconds_bucket",
        Kept: "cadence_state{",
        Moving: "cadence_api_calls_last_hour",
    }
    stream = Broken()
    journal = Console(stream, clock, Style())
    metrics = Metrics(ledger, Memory(Phase.INIT, clock.now()), clock, About("1"), journal)
    monkeypatch.setattr(owner, "collect", fail)
    for _ in range(2):
        answer = render(metrics.registry, Request("GET", "/metrics", {}, {}, b"", "127.0.0.1"))
        assert answer.status == 200
    page = answer.body.decode()
    assert kinds[broken] not in page
    for kind, sample in kinds.items():
        assert kind is broken or sample in page, kind
    assert value(metrics, "cadence_metrics_errors_total") >= 3
    assert stream.text.count("METRICS") == len([name for name in stream.text.splitlines() if "planted" in name]) == 1


def test_no_address_becomes_a_label_unless_it_is_asked_for(metrics, clock):
    metrics.record(eventful(clock.now()))
    metrics.record(make_cycle(address_changes=(AddressChanged(HOME, MOVED),)))
    text = generate_latest(metrics.registry).decode()
    assert str(HOME) not in text
    assert str(MOVED) not in text
    metrics.about(About("1.2.3", public_ip_info=True))
    assert value(metrics, "cadence_public_ip_info", family="ipv4", address=str(HOME)) == 1
    metrics.about(About("1.2.3", public_ip_info=False))
    assert value(metrics, "cadence_public_ip_info", family="ipv4", address=str(HOME)) is None


def test_the_public_address_as_a_label_is_one_live_series(metrics):
    metrics.about(About("1", public_ip_info=True))
    for ip in (HOME, MOVED, HOME, MOVED):
        believed = memory(beliefs=MappingProxyType({Family.IPV4: Belief(ip, 2, None, ip, WALL)}))
        metrics.record(make_cycle(after=believed, public=Agreed(ip, ("a", "b"))))
        assert shown_addresses(metrics) == [str(ip)]
    metrics.record(make_cycle(after=believed, public=Agreed(HOME, ("a", "b"))))
    assert shown_addresses(metrics) == [], "agreed on once, but not confirmed yet"
    metrics.record(make_cycle(after=believed, public=Disputed((HOME, MOVED), "why")))
    assert shown_addresses(metrics) == []


def shown_addresses(metrics):
    families = {family.name: family for family in metrics.registry.collect()}
    return [sample.labels["address"] for sample in families["cadence_public_ip_info"].samples]


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        (Agreed(HOME, ("a",)), "agreed"),
        (Unchanged(HOME, "router"), "agreed"),
        (Disputed((HOME, MOVED), "why"), "disputed"),
        (Unknown("why"), "unknown"),
        (NotPublic(HOME, "cgnat"), "not_public"),
    ],
)
def test_what_is_held_of_the_public_address_is_one_of_four(metrics, verdict, shown):
    metrics.record(make_cycle(public=verdict))
    states = ("agreed", "disputed", "unknown", "not_public")
    held = {state: value(metrics, "cadence_public_ip_state", family="ipv4", state=state) for state in states}
    assert held == {state: float(state == shown) for state in states}
    cut = make_cycle(public=verdict)
    metrics.record(replace(cut, assessment=replace(cut.assessment, wan=Link.DOWN)))
    assert value(metrics, "cadence_public_ip_state", family="ipv4", state=shown) is None


def test_the_daily_budget_fills_up_again_as_writes_grow_old(metrics, clock):
    metrics.about(About("1", records=(SPEC,), max_changes_per_day=3))
    left = partial(value, metrics, "cadence_dns_change_budget_remaining", record=KEY.name, type="A")
    assert left() == 3
    written = RecordMemory(verified=HOME, writes=(at(100), at(5000)))
    metrics.record(make_cycle(after=memory(records=MappingProxyType({KEY: written}))))
    assert left() == 1
    metrics.about(About("1", records=(SPEC,), max_changes_per_day=1))
    assert left() == 0, "and not -1, when the settings became stricter"
    metrics.about(About("1", records=(SPEC,), max_changes_per_day=3))
    clock.seconds = 100 + 86_400
    assert left() == 2
    metrics.about(About("1"))
    assert left() is None


def test_a_back_off_is_counted_down_and_a_refusal_is_none(metrics, clock):
    other = replace(SPEC, provider="rfc2136", key=KEY._replace(name="nas.example.com"))
    metrics.about(About("1", records=(SPEC, other)))
    wait = {service: partial(value, metrics, "cadence_api_backoff_seconds", service=service) for service in SERVICES}
    assert (wait["cloudflare"](), wait["rfc2136"](), wait["doh"]()) == (0, 0, None)
    failed = RecordMemory(failures=2, hold_until=Instant(clock.seconds + 12))
    refused = RecordMemory(refusal="a CNAME", hold_until=Instant(clock.seconds + 300))
    metrics.record(make_cycle(after=memory(records=MappingProxyType({KEY: failed, other.key: refused}))))
    assert (wait["cloudflare"](), wait["rfc2136"]()) == (12, 0)
    clock.seconds += 5
    assert wait["cloudflare"]() == 7
    clock.seconds += 50
    assert wait["cloudflare"]() == 0


def test_multiprocess_mode_is_refused(ledger, clock, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/nowhere")
    with pytest.raises(RuntimeError, match="one process"):
        Metrics(ledger, memory(), clock, About("1"))


def test_settings_read_again_are_shown(metrics, clock):
    metrics.reloaded(succeeded=False, at=clock.wall())
    assert value(metrics, "cadence_config_last_reload_successful") == 0
    assert value(metrics, "cadence_config_reloads_total", result="error") == 1
    assert value(metrics, "cadence_config_reloads_total", result="success") == 0
    metrics.about(About("1.2.3", features={"dns_reconcile": True, "dry_run": True}))
    assert value(metrics, "cadence_feature_enabled", feature="dry_run") == 1


def test_openmetrics_carries_the_cycle_as_exemplar(metrics, clock):
    metrics.record(eventful(clock.now()))
    text = generate_openmetrics(metrics.registry).decode()
    families = {family.name: family for family in parse_openmetrics(text)}
    for name in ("cadence_loop_duration_seconds", "cadence_dns_convergence_seconds"):
        exemplars = [sample.exemplar for sample in families[name].samples if sample.exemplar]
        assert {exemplar.labels["cycle_id"] for exemplar in exemplars} == {"3408-abcdef"}, name
        assert all(sample.name.endswith("_bucket") for sample in families[name].samples if sample.exemplar)


def test_neither_format_has_created_series(metrics, clock):
    metrics.record(eventful(clock.now()))
    for page in (generate_latest(metrics.registry), generate_openmetrics(metrics.registry)):
        assert b"_created" not in page


def test_single_metrics_can_be_asked_for(metrics):
    page = generate_latest(metrics.registry.restricted_registry(["cadence_state", "process_open_fds"])).decode()
    assert {family.name for family in parse(page)} == {"cadence_state", "process_open_fds"}


def test_a_scrape_never_sees_two_active_states(metrics, clock):
    seen, stop = [], threading.Event()

    def scrape():
        while not stop.is_set():
            seen.append(active())

    def active():
        families = parse(generate_latest(metrics.registry).decode())
        return sum(sample.value for family in families for sample in family.samples if sample.name == "cadence_state")

    thread = threading.Thread(target=scrape)
    thread.start()
    phases = list(Phase)
    for number in range(3000):
        metrics.record(make_cycle(clock.now(), after=memory(phases[number % 4])))
    stop.set()
    thread.join()
    assert len(seen) > 3
    assert set(seen) == {1}


def test_counters_go_on_over_a_kill(tmp_path, clock):
    highest = {}
    for _ in range(4):
        faults, _stream = make_faults(clock)
        store = SqliteStore(tmp_path, clock, faults)
        metrics = Metrics(store, store.load(clock.now()), clock, About("1"))
        for number in range(3):
            clock.seconds += 100
            store.commit(eventful(clock.now(), number))
            faults.caught("record", ValueError("x"))
            metrics.record(eventful(clock.now(), number))
            for family in metrics.registry.collect():
                if (
                    family.type == "counter"
                    and family.name.startswith("cadence")
                    and "metrics_errors" not in family.name
                ):
                    for sample in family.samples:
                        key = sample.name, *sample.labels.values()
                        assert sample.value >= highest.get(key, 0.0), key
                        highest[key] = sample.value
        store._connection.close()
        store._lock.release()
    assert highest["cadence_loop_iterations_total", "ok"] == 12
    assert (
        highest["cadence_loop_exceptions_total", "record"] == 8
    )  # the last one of each life was never on disk, nor shown


@pytest.mark.real_server
def test_promtool_has_nothing_to_say(metrics, clock):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    metrics.record(eventful(clock.now()))
    page = generate_latest(metrics.registry)
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_page_about_the_metrics_is_fresh():
    page = Path(__file__).parents[3] / "docs" / "metrics.md"
    assert page.read_text() == metrics_page(), "run: make docs"
