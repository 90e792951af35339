"""Debugging: what Cadence itself does, for the question why. Its parts are modules of their own."""

from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.models.common import BigValueColorMode
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.src import links, now, panels, scales, words
from grafana.src.debug_calls import calls
from grafana.src.debug_decisions import decisions
from grafana.src.debug_listeners import listeners
from grafana.src.debug_loop import loop
from grafana.src.debug_power import power
from grafana.src.debug_probes import probes
from grafana.src.debug_process import process
from grafana.src.debug_sinks import sinks
from grafana.src.frame import Line, Page, Section, framed
from grafana.src.promql import HOME, of
from grafana.src.targets import instant

PAGE = Page(
    links.DEBUG,
    "Cadence / Debugging",
    "The probes, the decisions, the calls and the process behind the verdicts.",
    "now-3h",
)


def dashboard() -> Dashboard:
    """The page."""
    return framed(PAGE, (_head(), probes(), decisions(), loop(), listeners(), calls(), power(), sinks(), process()))


def _head() -> Section:
    return Section(
        "",
        (
            Line(4, ((4, _ago()), (4, _store()), (4, _settings()), (4, _read()), (8, _features()))),
            Line(5, ((24, now.history()),)),
        ),
    )


def _ago() -> Stat:
    return (
        panels.stat(
            "Last cycle",
            "Time since the last cycle ended. Up to three minutes is rest; much more than the chosen wait below means that the loop"
            " hangs while the process still answers.",
            instant(f"time() - max {HOME} ({of('cadence_loop_last_completed_timestamp_seconds')})"),
        )
        .unit("s")
        .decimals(0)
        .thresholds(scales.more_is_worse(300, 600))
        .links([links.runbook("CadenceLoopStalled")])
    )


def _store() -> Stat:
    return (
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


def _settings() -> Stat:
    return (
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


def _read() -> Stat:
    return (
        panels.stat(
            "Settings since",
            "When the settings in force were read. Older than your last edit: it was not reloaded.",
            instant(f"1000 * max {HOME} ({of('cadence_config_last_reload_success_timestamp_seconds')})"),
        )
        .unit("dateTimeFromNow")
        .thresholds(scales.plain())
        .links([links.runbook("CadenceConfigReloadFailed")])
    )


def _features() -> Stat:
    return (
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
