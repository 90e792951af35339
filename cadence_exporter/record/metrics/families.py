"""Every metric, declared once: name, type, labels with their closed sets, buckets and help. The documentation is made from this.

A better place for a new metric does not exist: what is not in this table is not exposed.
"""

from collections.abc import Iterator

from cadence_exporter.model.address import Family
from cadence_exporter.model.decision import Refusal
from cadence_exporter.model.delivery import SinkName, Trouble
from cadence_exporter.model.hearing import Ear, Ignored
from cadence_exporter.model.memory import Layer, Phase
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.outcome import Operation
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.record.faults import PHASES
from cadence_exporter.record.log.journal import Level
from cadence_exporter.record.metrics.families_power import POWER
from cadence_exporter.record.metrics.metric import Kind, Metric
from cadence_exporter.record.metrics.metric import counter as _counter
from cadence_exporter.record.metrics.metric import gauge as _gauge
from cadence_exporter.record.metrics.metric import histogram as _histogram
from cadence_exporter.record.metrics.tally import CODES, PROBES, SERVICES

STAGES = ("published", "visible")
LOOP_PHASES = ("total", "observe", "decide", "act")
CACHES = ("dns_record", "public_ip")
RELOADS = "cadence_config_reloads_total"

_STEPS = (  # the state machine's arrows; DOWN lies below INIT
    ("init", "down", "demotion"),
    ("init", "degraded", "promotion"),
    ("down", "degraded", "promotion"),
    ("degraded", "down", "demotion"),
    ("degraded", "up", "promotion"),
    ("up", "down", "demotion"),
    ("up", "degraded", "demotion"),
)

_OUTAGE = (30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0)
_RTT = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_CONVERGENCE = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1800.0)
_API = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0)
_LOOP = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)


STATE = (
    _gauge("cadence_state", "1 for the state the connection is in, 0 for the others.", "state"),
    _gauge("cadence_state_last_transition_timestamp_seconds", "When the present state was entered."),
    Metric(
        "cadence_state_transitions_total",
        Kind.COUNTER,
        "Steps of the state machine.",
        ("from_state", "to_state", "direction"),
        _STEPS,
    ),
    _counter(
        "cadence_state_seconds_total",
        "Seconds spent in each state, right at the moment of the scrape.",
        "state",
        tuple(Phase),
    ),
    _counter("cadence_outages_total", "Outages begun, by the lowest layer that failed.", "layer", tuple(Layer)),
    _gauge(
        "cadence_fault_layer",
        "1 for the layer where it broke, 0 for the others; all 0 when nothing did, or when the evidence does not tell.",
        "layer",
    ),
    _histogram("cadence_outage_duration_seconds", "Length of finished outages.", _OUTAGE),
    _gauge("cadence_last_outage_duration_seconds", "Length of the last finished outage."),
    _gauge("cadence_last_outage_end_timestamp_seconds", "When the last outage ended."),
)

PROBING = (
    _gauge("cadence_probe_success", "Whether the probe worked when it was last made.", "probe"),
    _gauge("cadence_probe_rtt_seconds", "Time the last probe took; absent while it fails.", "probe"),
    _histogram("cadence_probe_duration_seconds", "Time each probe took, failed ones included.", _RTT, "probe", PROBES),
    _counter("cadence_probe_attempts_total", "Probes made.", "probe", PROBES),
    _counter("cadence_probe_failures_total", "Probes that failed.", "probe reason", PROBES, tuple(FailureReason)),
    _gauge("cadence_probe_consecutive_failures", "Failures in a row, since the start of the process.", "probe"),
    _gauge("cadence_probe_last_success_timestamp_seconds", "When the probe last worked.", "probe"),
    _counter("cadence_trace_packets_total", "Packets sent to trace the way out, hop by hop."),
)

ADDRESS = (
    _counter("cadence_public_ip_changes_total", "Confirmed changes of the public address.", "family", tuple(Family)),
    _gauge("cadence_public_ip_last_change_timestamp_seconds", "When the public address last changed.", "family"),
    _gauge(
        "cadence_cgnat_detected",
        "Whether the router's WAN address is not the public one; absent when the router does not say.",
    ),
    _gauge(
        "cadence_public_ip_state",
        "1 for what is held of the public address in this cycle (agreed, disputed, unknown, not_public), 0 for the others; "
        "absent while the path is down.",
        "family state",
    ),
    _gauge(
        "cadence_public_ip_info",
        "1 with the confirmed public address as a label; only with the setting metrics.public_ip_info, "
        "and absent while the address is not known.",
        "family address",
    ),
)

DNS = (
    _gauge(
        "cadence_dns_record_in_sync",
        "1 when the record is known to hold the confirmed address, 0 on drift.",
        "record type",
    ),
    _gauge(
        "cadence_dns_last_verified_timestamp_seconds", "When the record's content was last verified.", "record type"
    ),
    _histogram(
        "cadence_dns_convergence_seconds",
        "From the first evidence of a new address until it was published, and until resolvers showed it.",
        _CONVERGENCE,
        "stage",
        STAGES,
    ),
    _counter(
        "cadence_dns_mutations_total",
        "Writes at a provider.",
        "operation result",
        tuple(Operation),
        ("success", "error"),
    ),
    _counter(
        "cadence_dns_mutations_suppressed_total",
        "Records left alone although not known to be right.",
        "reason",
        tuple(Refusal),
    ),
    _gauge("cadence_dns_last_mutation_timestamp_seconds", "When a record was last written."),
    _gauge(
        "cadence_dns_change_budget_remaining",
        "Writes left of dns.max_changes_per_day, counting those of the 24 hours before the scrape.",
        "record type",
    ),
    _gauge(
        "cadence_cache_last_refresh_timestamp_seconds",
        "When the cache was last renewed; of several records the oldest.",
        "cache",
    ),
    _counter("cadence_cache_lookups_total", "Cache lookups.", "cache result", CACHES, ("hit", "miss", "stale")),
)

CALLS = (
    _counter("cadence_api_requests_total", "Calls that left the house.", "service code", SERVICES, CODES),
    _histogram("cadence_api_request_duration_seconds", "Time each call took.", _API, "service", SERVICES),
    _gauge("cadence_api_last_success_timestamp_seconds", "When the service last answered with success.", "service"),
    _gauge(
        "cadence_api_calls_last_hour", "Calls in the sixty minutes before the scrape, over restarts too.", "service"
    ),
    _gauge(
        "cadence_api_quota_limit",
        "Calls that the service may get in an hour, by the settings under budget; services without a limit are absent.",
        "service",
    ),
    _gauge(
        "cadence_api_quota_remaining",
        "Calls left of cadence_api_quota_limit, counting those of the sixty minutes before the scrape, over restarts too.",
        "service",
    ),
    _gauge(
        "cadence_api_backoff_seconds",
        "Seconds until the provider is tried again after a failure, of several records the longest; 0 when none waits.",
        "service",
    ),
)

LOOP = (
    _histogram("cadence_loop_duration_seconds", "Length of a cycle and of its stages.", _LOOP, "phase", LOOP_PHASES),
    _counter(
        "cadence_loop_iterations_total",
        "Cycles; in an error cycle nothing could be concluded.",
        "outcome",
        ("ok", "error"),
    ),
    _gauge("cadence_loop_last_completed_timestamp_seconds", "When the last cycle ended."),
    _gauge("cadence_loop_next_delay_seconds", "The wait chosen after the last cycle."),
    _counter("cadence_loop_overruns_total", "Cycles that ended after the next one was due.", "", persistent=True),
    _counter("cadence_loop_exceptions_total", "Exceptions caught at the named borders.", "phase", PHASES),
    _counter("cadence_wakeups_total", "Why cycles began.", "reason", tuple(Reason)),
)

LISTENERS = (
    _gauge("cadence_listener_up", "Whether the listener hears; absent while it is switched off.", "listener"),
    _counter(
        "cadence_listener_rings_total",
        "How often the listener had a reason to look, whether or not a cycle came of each.",
        "listener",
        tuple(Ear),
        persistent=False,
    ),
    _counter(
        "cadence_listener_ignored_total",
        "What the listener heard that meant nothing.",
        "listener reason",
        tuple(Ear),
        tuple(Ignored),
        persistent=False,
    ),
    _counter(
        "cadence_listener_packets_total",
        "Packets sent by listeners that ask.",
        "listener",
        tuple(Ear),
        persistent=False,
    ),
)

SINKS = (
    _gauge(
        "cadence_sink_up",
        "Whether nothing keeps the sink from delivering; absent while it is switched off, and before it tried.",
        "sink",
    ),
    _gauge("cadence_sink_backlog", "Happenings that wait to be told; they survive a restart.", "sink"),
    _gauge("cadence_sink_last_success_timestamp_seconds", "When the sink last delivered.", "sink"),
    _counter("cadence_sink_delivered_total", "Happenings told.", "sink", tuple(SinkName), persistent=False),
    _counter(
        "cadence_sink_failures_total",
        "Deliveries that did not work; each is tried again.",
        "sink reason",
        tuple(SinkName),
        tuple(Trouble),
        persistent=False,
    ),
    _counter(
        "cadence_sink_dropped_total",
        "Happenings that gave way because too many were waiting.",
        "sink",
        tuple(SinkName),
        persistent=False,
    ),
)

SELF = (
    _gauge("cadence_state_store_up", "Whether the last commit is on disk."),
    _gauge("cadence_feature_enabled", "Whether the feature is switched on.", "feature"),
    _counter("cadence_log_messages_total", "Lines logged.", "level", tuple(level.label for level in Level)),
    _counter("cadence_log_messages_dropped_total", "Lines that nobody took: a closed or stuck output, a full disk."),
    _counter("cadence_metrics_errors_total", "Failures while the metrics were drawn up.", persistent=False),
    _gauge("cadence_build_info", "The version that runs.", "version revision python_version"),
    _counter(
        RELOADS,
        "How often the settings were read again; error: they were refused, and those before stay in force.",
        "result",
        ("success", "error"),
        persistent=False,
    ),
    _gauge("cadence_config_last_reload_successful", "Whether the settings were accepted when they were last read."),
    _gauge("cadence_config_last_reload_success_timestamp_seconds", "When the settings in force were read."),
)

GROUPS: tuple[tuple[str, tuple[Metric, ...]], ...] = (
    ("State and outages", STATE),
    ("Probes", PROBING),
    ("Public address", ADDRESS),
    ("DNS", DNS),
    ("External calls", CALLS),
    ("Power", POWER),
    ("The loop", LOOP),
    ("Listeners", LISTENERS),
    ("Sinks", SINKS),
    ("Cadence itself", SELF),
)


def all_metrics() -> Iterator[Metric]:
    """Every family, in the order of the exposition."""
    for _, metrics in GROUPS:
        yield from metrics
