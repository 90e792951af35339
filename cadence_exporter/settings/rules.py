"""What must hold between settings, each with the values in its sentence. Pure: settings in, broken rules out."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cadence_exporter.model.address import Family
from cadence_exporter.model.operators import operator_of
from cadence_exporter.settings.device_rules import broken_device
from cadence_exporter.settings.durations import format_duration
from cadence_exporter.settings.record_rules import broken_records
from cadence_exporter.settings.schema import Settings

SHORTEST_OFF_S = 10.0
"""Shorter, and the capacitors of some modems carry them through."""

LONGEST_OFF_S = 120.0
"""Longer, and a switch that counts the time itself may be gone before it is over."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold. It is reported at the first of ``keys`` that somebody set."""

    keys: tuple[str, ...]
    text: str
    """One that begins with "is" is about the first of ``keys``."""

    def text_at(self, key: str) -> str:
        """The sentence after ``key``: it names the first key only when that is another one."""
        first = self.keys[0]
        return f"{first} {self.text}" if key != first and self.text.startswith("is ") else self.text


def broken_rules(settings: Settings) -> Iterator[Broken]:
    """Every rule that the settings break."""
    yield from _loop(settings)
    yield from _public_ip(settings)
    yield from _budget(settings)
    for key, also, text in broken_records(settings):
        yield Broken((key, *also), text)
    yield from _recovery(settings)
    yield from _needed_when_on(settings)


def _loop(settings: Settings) -> Iterator[Broken]:
    loop = settings.loop
    fastest, slowest = loop.interval * loop.fast_factor, loop.probe_timeout / loop.fast_factor
    if loop.probe_timeout > fastest * (1 + 1e-9):
        yield Broken(
            ("loop.probe_timeout", "loop.interval", "loop.fast_factor"),
            f"is {format_duration(loop.probe_timeout)}, but must be at most loop.interval x loop.fast_factor, which is "
            f"{format_duration(loop.interval)} x {loop.fast_factor:g} = {format_duration(round(fastest, 6))}; "
            f"lower the timeout, or raise the interval to {format_duration(math.ceil(slowest * 1000) / 1000)}",
        )
    if loop.fast_factor > loop.slow_factor:
        yield Broken(
            ("loop.fast_factor", "loop.slow_factor"),
            f"is {loop.fast_factor:g}, but must be at most loop.slow_factor, which is {loop.slow_factor:g}; "
            "a broken link is looked at more often than a healthy one",
        )


def _public_ip(settings: Settings) -> Iterator[Broken]:
    quorum = settings.public_ip.quorum
    for family in settings.public_ip.families:
        key = "public_ip.echo" if family is Family.IPV4 else "public_ip.echo6"
        urls = settings.echo_services(family)
        operators = sorted({operator_of(url) for url in urls})
        if quorum > len(operators):
            yield Broken(
                ("public_ip.quorum", key),
                f"is {quorum}, but {key} has only {_count(len(operators), 'independent operator')} "
                f"({_list(operators)}) behind its {_count(len(urls), 'service')}; lower the quorum, or add services of others",
            )


def _budget(settings: Settings) -> Iterator[Broken]:
    """One look may ask everybody: less than two such looks an hour would be no watching at all."""
    public_ip = settings.public_ip
    everyone = max(len(settings.echo_services(family)) for family in public_ip.families)
    if settings.budget.ip_echo < 2 * everyone:
        yield Broken(
            ("budget.ip_echo", "public_ip.echo", "public_ip.echo6"),
            f"is {settings.budget.ip_echo}, but one look may ask {_count(everyone, 'echo service')}; "
            f"set it to {2 * everyone} at least",
        )


def _recovery(settings: Settings) -> Iterator[Broken]:
    recovery = settings.recovery
    if not SHORTEST_OFF_S <= recovery.off_for <= LONGEST_OFF_S:
        yield Broken(
            ("recovery.off_for",),
            f"is {format_duration(recovery.off_for)}, but must lie between {format_duration(SHORTEST_OFF_S)} "
            f"and {format_duration(LONGEST_OFF_S)}",
        )
    least = recovery.off_for + recovery.modem_boot + recovery.expected_recovery + recovery.buffer
    if recovery.cooldown < least:
        yield Broken(
            (
                "recovery.cooldown",
                "recovery.off_for",
                "recovery.modem_boot",
                "recovery.expected_recovery",
                "recovery.buffer",
            ),
            f"is {format_duration(recovery.cooldown)}, but must be at least off_for + modem_boot + expected_recovery + "
            f"buffer, which is {format_duration(least)}",
        )
    if recovery.boot_grace < recovery.modem_boot:
        yield Broken(
            ("recovery.boot_grace", "recovery.modem_boot"),
            f"is {format_duration(recovery.boot_grace)}, but must be at least recovery.modem_boot, which is "
            f"{format_duration(recovery.modem_boot)}",
        )


def _needed_when_on(settings: Settings) -> Iterator[Broken]:
    for keys, text in broken_device(settings):
        yield Broken(keys, text)
    nic = settings.nic_update
    if nic.username is not None and nic.password is None:
        yield Broken(("nic_update.username",), "is set, but no password; set nic_update.password (or password_file)")
    if nic.password is not None and nic.username is None:
        yield Broken(("nic_update.password",), "is set, but no user name; set nic_update.username")
    sheets = settings.sheets
    if sheets.enabled and (sheets.spreadsheet is None or sheets.credentials is None):
        yield Broken(
            ("sheets.enabled", "sheets.spreadsheet", "sheets.credentials", "sheets.credentials_file"),
            "is true, but needs sheets.spreadsheet and sheets.credentials_file",
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
