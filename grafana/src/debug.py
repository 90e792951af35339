"""Debugging: what Cadence itself does, for the question why."""

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import BigValueColorMode, LineInterpolation
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.src import links, now, panels, scales, words
from grafana.src.frame import Line, Page, Section, framed
from grafana.src.promql import HOME, increase, of, quantile
from grafana.src.targets import buckets, instant, over_time

PAGE = Page(
    links.DEBUG,
    "Cadence / Debugging",
    "The probes, the decisions, the calls and the process behind the verdicts.",
    "now-3h",
)
_STEP = "$__rate_interval"


def dashboard() -> Dashboard:
    """The page."""
    return framed(PAGE, (_head(), _probes(), _decisions(), _loop(), _calls(), _process()))


def _counts(metric: str, *labels: str) -> Dataquery:
    grown = increase(metric, window=_STEP, by=", ".join(("site", "instance", *labels)))
    return over_time(f"{grown} > 0", " ".join(f"{{{{{label}}}}}" for label in ("site", *labels)))


def _head() -> Section:
    ago = (
        panels.stat(
            "Last cycle",
            "Time since the last cycle ended. Up to three minutes is rest; much more than the chosen wait below means that the loop"
            " hangs while the process still answers.",
            instant(f"time() - max {HOME} ({of('cadence_loop_last_completed_timestamp_seconds')})"),
        )
        .unit("dtdurations")
        .decimals(1)
        .thresholds(scales.more_is_worse(300, 600))
        .links([links.runbook("CadenceLoopStalled")])
    )
    store = (
        panels.stat(
            "State store",
            "Whether the last commit is on disk. `Not saved`: Cadence goes on from memory, but a restart now would forget what it"
            " learnt; look at the disk and at the error lines.",
            instant(f"min {HOME} ({of('cadence_state_store_up')})"),
        )
        .unit("none")
        .mappings(words.words((0, "Not saved", words.BAD), (1, "Saved", words.GOOD)))
        .thresholds(scales.faint())
        .links([links.runbook("CadenceStateStoreDown")])
    )
    settings = (
        panels.stat(
            "Settings",
            "Whether the settings were accepted when they were last read. `Refused`: the ones before are in force; `check-config`"
            " says what is wrong.",
            instant(f"min {HOME} ({of('cadence_config_last_reload_successful')})"),
        )
        .unit("none")
        .mappings(words.words((0, "Refused", words.BAD), (1, "Accepted", words.GOOD)))
        .thresholds(scales.faint())
        .links([links.runbook("CadenceConfigReloadFailed")])
    )
    read = (
        panels.stat(
            "Settings since",
            "When the settings in force were read. Older than your last edit: it was not reloaded.",
            instant(f"1000 * max {HOME} ({of('cadence_config_last_reload_success_timestamp_seconds')})"),
        )
        .unit("dateTimeFromNow")
        .thresholds(scales.plain())
        .links([links.runbook("CadenceConfigReloadFailed")])
    )
    features = (
        panels.stat(
            "Features",
            "What is switched on. dry_run and maintenance on: nothing is written, on purpose.",
            instant(f"max by (site, instance, feature) ({of('cadence_feature_enabled')})", "{{site}} {{feature}}"),
        )
        .unit("none")
        .mappings(words.SWITCH)
        .thresholds(scales.faint())
        .color_mode(BigValueColorMode.VALUE)
    )
    return Section(
        "", (Line(4, ((4, ago), (4, store), (4, settings), (4, read), (8, features))), Line(5, ((24, now.history()),)))
    )


def _probes() -> Section:
    row = "cadence_probe_consecutive_failures"
    failing = (
        panels.lines(
            "Failures in a row",
            "How often each probe has failed without a success between. The state machine waits for a few before it believes in"
            " trouble: a step up to 1 or 2 and back is noise, a staircase is an outage.",
            over_time(
                f"max by (site, instance, probe) (max_over_time({of(row)}[$__rate_interval]))", "{{site}} {{probe}}"
            ),
        )
        .unit("short")
        .decimals(0)
        .line_interpolation(LineInterpolation.STEP_AFTER)
        .links([links.runbook("CadenceWanDown")])
    )
    reasons = (
        panels.bars(
            "Failed probes by reason",
            "timeout: nothing came back. refused: somebody is there and says no. dns: the name could not be looked up, so look at"
            " the resolver. tls: the certificate is not theirs, often a captive portal. content: the answer was no address.",
            _counts("cadence_probe_failures_total", "probe", "reason"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadencePacketLoss")])
    )
    success = (
        panels.timeline(
            "Probe results",
            "Whether each probe worked, the worst of each step. The lowest layer that is red is the one to look at: lan_router"
            " before wan_path before public_ip.",
            over_time(
                f"min by (site, instance, probe) (min_over_time({of('cadence_probe_success')}[$__rate_interval]))",
                "{{site}} {{probe}}",
            ),
        )
        .unit("none")
        .mappings(words.words((0, "Failed", words.BAD), (1, "Worked", words.GOOD)))
    )
    age = panels.lines(
        "Since the last success",
        "Time since each probe last worked. Lines climb during an outage and drop to zero at its end; public_ip also climbs"
        " while it is spared, up to the check interval.",
        over_time(
            f"time() - max by (site, instance, probe) ({of('cadence_probe_last_success_timestamp_seconds')})",
            "{{site}} {{probe}}",
        ),
    ).unit("s")
    return Section("Probes", (Line(7, ((12, success), (12, failing))), Line(7, ((12, reasons), (12, age)))))


def _decisions() -> Section:
    steps = (
        panels.bars(
            "Steps of the state machine",
            "Each step from one state to another. Many up-degraded-up in a day: the line flaps, or a probe is too strict.",
            _counts("cadence_state_transitions_total", "from_state", "to_state"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceStateFlapping")])
    )
    address = (
        panels.timeline(
            "What is known of the public address",
            "agreed: enough echo services of different operators say the same. disputed: they contradict each other. unknown: too"
            " few answer. not_public: a shared or private address. Gaps: the path is down. Only what is agreed is published.",
            *(
                over_time(
                    f"max by (site, instance, family) ({of('cadence_public_ip_state', state=state)}) * {code} > 0",
                    "{{site}} {{family}}" + f" {state}",
                )
                for code, state in enumerate(("agreed", "disputed", "unknown", "not_public"), 1)
            ),
        )
        .unit("none")
        .mappings(
            words.words(
                (1, "agreed", words.GOOD),
                (2, "disputed", words.BAD),
                (3, "unknown", words.FAIR),
                (4, "not public", "purple"),
            )
        )
        .links([links.runbook("CadencePublicIpUnclear")])
    )
    refused = (
        panels.bars(
            "Writes refused by reason",
            "Looks at which a record was left alone although it was not known to be right. not_up and unstable_ip belong to outages;"
            " disputed, not_public: see the panel before; conflict: somebody else writes that record; dry_run, maintenance: you.",
            _counts("cadence_dns_mutations_suppressed_total", "reason"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceDnsOutOfSync")])
    )
    records = (
        panels.lines(
            "Since each record was verified",
            "Time since the content of each record was last seen to be right. It is looked at again before 6 hours are over:"
            " above the dashed line the provider or the resolver does not answer.",
            over_time(
                f"time() - max by (site, instance, record, type) ({of('cadence_dns_last_verified_timestamp_seconds')})",
                "{{site}} {{record}} {{type}}",
            ),
        )
        .unit("s")
        .thresholds(scales.steps(words.GOOD, (21_600, words.FAIR)))
        .links([links.runbook("CadenceDnsVerificationStale")])
    )
    budget = (
        panels.lines(
            "DNS writes left today",
            "Writes that are left of `max_changes_per_day` in the last 24 hours, record by record. At zero nothing is written any"
            " more, right or wrong: something flaps, find out what before raising the limit.",
            over_time(
                f"min by (site, instance, record, type) ({of('cadence_dns_change_budget_remaining')})",
                "{{site}} {{record}} {{type}}",
            ),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.steps(words.BAD, (1, words.FAIR), (5, words.GOOD)))
        .links([links.runbook("CadenceDnsChangeBudgetSpent")])
    )
    cgnat = (
        panels.timeline(
            "Shared address (CGNAT)",
            "Whether the router's own outside address is another than the public one: then nobody can call in, and a port forward"
            " does not help. Empty: the router does not say.",
            over_time(f"max {HOME} ({of('cadence_cgnat_detected')})"),
        )
        .unit("none")
        .mappings(words.words((0, "own address", words.GOOD), (1, "shared", words.FAIR)))
        .links([links.runbook("CadenceCgnat")])
    )
    third = panels.with_limits(records)
    return Section(
        "Decisions",
        (
            Line(7, ((8, steps), (8, address), (8, refused))),
            Line(7, ((8, third), (8, panels.with_limits(budget)), (8, cgnat))),
        ),
    )


def _loop() -> Section:
    duration = "cadence_loop_duration_seconds"
    by = "site, instance, phase"
    quantiles = (
        panels.lines(
            "Length of a cycle and its stages",
            "The usual and the slow cycle. observe waits for answers, so it grows in an outage; act grows when the provider is slow;"
            " decide should be nearly nothing. Dots are single cycles: their cycle_id is on every log line of that cycle.",
            over_time(quantile(0.5, duration, window=_STEP, by=by), "{{site}} {{phase}} p50"),
            over_time(quantile(0.95, duration, window=_STEP, by=by), "{{site}} {{phase}} p95").exemplar(exemplar=True),
        )
        .unit("s")
        .interval(panels.RARE)
        .links([links.runbook("CadenceLoopStalled")])
    )
    spread = panels.heat(
        "Cycles by length",
        "How many cycles took how long. A faint band far above the others are the cycles of an outage, each at its timeouts.",
        buckets(increase(f"{duration}_bucket", phase="total", window=_STEP, by="le")),
    ).interval(panels.RARE)
    wait = (
        panels.lines(
            "Chosen wait",
            "The wait that was chosen after each cycle: minutes while all is well, half a minute while something is not, spread a"
            " little so that homes do not call in step.",
            over_time(f"max {HOME} ({of('cadence_loop_next_delay_seconds')})", "{{site}} wait"),
        )
        .unit("s")
        .line_interpolation(LineInterpolation.STEP_AFTER)
        .links([links.runbook("CadenceLoopStalled")])
    )
    wakeups = (
        panels.bars(
            "Why cycles began",
            "due: the wait was over. announcement, netlink, router: something near changed. signal, check: somebody asked. resume:"
            " the host slept. Many of one kind explain many calls.",
            _counts("cadence_wakeups_total", "reason"),
        )
        .unit("short")
        .decimals(0)
    )
    trouble = (
        panels.bars(
            "Exceptions, overruns, empty cycles",
            "Empty is good. An exception is a fault in Cadence or below it, survived and logged with its trace. Overrun: a cycle"
            " took longer than its wait. Empty cycle: nothing could be concluded.",
            _counts("cadence_loop_exceptions_total", "phase"),
            over_time(f"{increase('cadence_loop_overruns_total', window=_STEP)} > 0", "{{site}} overrun"),
            over_time(
                f"{increase('cadence_loop_iterations_total', outcome='error', window=_STEP)} > 0",
                "{{site}} empty cycle",
            ),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceLoopExceptions")])
    )
    caches = panels.lines(
        "Age of what is remembered",
        "How old the remembered record contents and the public address are. A cache that ages past its usual saw-tooth is not"
        " being renewed: look at the calls below.",
        over_time(
            f"time() - max by (site, instance, cache) ({of('cadence_cache_last_refresh_timestamp_seconds')})",
            "{{site}} {{cache}}",
        ),
    ).unit("s")
    return Section(
        "The loop",
        (Line(7, ((8, quantiles), (8, spread), (8, wait))), Line(7, ((8, wakeups), (8, trouble), (8, caches)))),
    )


def _calls() -> Section:
    latency = (
        panels.lines(
            "Slow calls by service, p95",
            "How long the slow calls to each service took. ip_echo and doh: hundreds of milliseconds; a provider may take seconds.",
            over_time(
                quantile(0.95, "cadence_api_request_duration_seconds", window=_STEP, by="site, instance, service"),
                "{{site}} {{service}}",
            ),
        )
        .unit("s")
        .interval(panels.RARER)
        .links([links.runbook("CadenceApiErrors")])
    )
    backoff = (
        panels.lines(
            "Back-off in force",
            "How much longer a service is left alone after it failed or sent us away. Zero is usual; a saw-tooth that grows is a"
            " service that stays away: see the calls that failed.",
            over_time(
                f"max by (site, instance, service) ({of('cadence_api_backoff_seconds')})", "{{site}} {{service}}"
            ),
        )
        .unit("s")
        .links([links.runbook("CadenceApiErrors")])
    )
    answers = (
        panels.bars(
            "Calls by answer",
            "Every call that left the house, by service and answer.",
            _counts("cadence_api_requests_total", "service", "code"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceApiErrors")])
    )
    success = (
        panels.lines(
            "Since a service last answered",
            "Time since the last success of each service. Services that are asked rarely climb for hours; what matters is whether"
            " the line drops when calls are made.",
            over_time(
                f"time() - max by (site, instance, service) ({of('cadence_api_last_success_timestamp_seconds')})",
                "{{site}} {{service}}",
            ),
        )
        .unit("s")
        .links([links.runbook("CadenceApiErrors")])
    )
    hits = (
        panels.bars(
            "Cache lookups",
            "hit: the answer was remembered. miss: it had to be asked for. stale: it was remembered but too old.",
            _counts("cadence_cache_lookups_total", "cache", "result"),
        )
        .unit("short")
        .decimals(0)
    )
    return Section("Calls", (Line(7, ((8, latency), (8, answers), (8, backoff))), Line(7, ((12, success), (12, hits)))))


def _process() -> Section:
    cpu = (
        panels.lines(
            "CPU",
            "Share of one core. Well below 1 % on average; a plateau is a loop that does not rest.",
            over_time(f"sum {HOME} (rate({of('process_cpu_seconds_total')}[$__rate_interval]))"),
        )
        .unit("percentunit")
        .decimals(2)
    )
    memory = panels.lines(
        "Memory",
        "Resident memory. Flat after the first hour; a slope over days is a leak, please report it.",
        over_time(f"max {HOME} ({of('process_resident_memory_bytes')})"),
    ).unit("bytes")
    files = (
        panels.lines(
            "Open files",
            "Open file descriptors, sockets included, and the limit. A slope is a leak.",
            over_time(f"max {HOME} ({of('process_open_fds')})", "{{site}} open"),
            over_time(f"max {HOME} ({of('process_max_fds')})", "{{site}} limit"),
        )
        .unit("short")
        .decimals(0)
        .scale_distribution(panels.logarithmic())
    )
    log = (
        panels.bars(
            "Log lines by level",
            "Errors ask for a look at the log; warnings around an outage are usual. dropped: lines that nobody took, a full disk or"
            " a stuck output.",
            _counts("cadence_log_messages_total", "level"),
            over_time(f"{increase('cadence_log_messages_dropped_total', window=_STEP)} > 0", "{{site}} dropped"),
        )
        .unit("short")
        .decimals(0)
        .links([links.runbook("CadenceLoopExceptions")])
    )
    garbage = panels.lines(
        "Garbage collections",
        "Runs of Python's collector by generation, per second. Only of use beside a memory slope.",
        over_time(
            f"sum by (site, instance, generation) (rate({of('python_gc_collections_total')}[$__rate_interval]))",
            "{{site}} {{generation}}",
        ),
    ).unit("ops")
    series = (
        panels.stat(
            "Series in a scrape",
            "How many series one scrape of one home brings. It stays the same for months: growth means a label with endless values.",
            instant(f"max {HOME} ({of('scrape_samples_scraped')})"),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.more_is_worse(600, 1000))
    )
    faults = (
        panels.stat(
            "Faults while drawing metrics",
            "How often a metric could not be drawn up in this range. The scrape goes on without it; zero is right.",
            instant(f"round({increase('cadence_metrics_errors_total')})"),
        )
        .unit("short")
        .decimals(0)
        .thresholds(scales.steps(words.GOOD, (1, words.BAD)))
    )
    return Section(
        "The process",
        (
            Line(7, ((8, cpu), (8, memory), (8, files))),
            Line(7, ((8, log), (8, garbage), (4, series), (4, faults))),
            Line(
                6,
                ((24, panels.prose("From a dot to the log", "How to find the log lines of one cycle.", _TO_THE_LOG)),),
            ),
        ),
    )


_TO_THE_LOG = """\
Each dot under *Length of a cycle and its stages* is one cycle (an exemplar; Prometheus keeps them when it is started with
`--enable-feature=exemplar-storage`). Its `cycle_id` is on every log line of that cycle:

- systemd: `journalctl -u cadence-exporter | grep CYCLE_ID`
- Docker: `docker logs CONTAINER 2>&1 | grep CYCLE_ID`

`cadence-exporter status` tells what it believes now, `cadence-exporter history` what happened.
"""
