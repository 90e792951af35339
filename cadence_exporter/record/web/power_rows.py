"""The lines of the status page and of ``cadence-exporter status`` on the modem's power: whether it would be cut, and why it would not."""

from collections.abc import Iterator, Mapping
from typing import Any

from cadence_exporter.record.web.calendar_time import local, span


def power_rows(power: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Nothing for a home without a switch and a UPS."""
    if power["maintenance"]:
        yield "maintenance", f"for {span(power['maintenance']['seconds'])}: nothing is changed"
    if power["device"]:
        yield from _verdict(power)
        if power["may_be_off"]:
            yield "power", "may be OFF: the end of the last bounce was not seen yet"
        if power["cooldown_ends"]:
            yield "cooldown", f"until {local(power['cooldown_ends'])}, {power['left_today']} bounces left today"
    ups = power["ups"]
    if ups:
        yield "ups", _ups(ups)
    if power["last_request"]:
        yield "last request", f"{power['last_request']['ask'].replace('_', ' ')}: {power['last_request']['answer']}"


def _verdict(power: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each objection has a line: the one that somebody can mend must not be cut off behind those that time mends."""
    if power["would_act"]:
        yield "recovery", f"would cut the power by {power['device']} now"
        return
    first, *others = [each["detail"] for each in power["objections"]] or ["nothing was looked at yet"]
    yield "recovery", f"by {power['device']}; would not act now: {first}"
    yield from (("", why) for why in others)


def _ups(ups: Mapping[str, Any]) -> str:
    if ups["why"]:
        return f"does not say: {ups['why']}"
    charge = "" if ups["charge"] is None else f", {ups['charge']:.0%}"
    runtime = "" if ups["runtime_seconds"] is None else f", {span(ups['runtime_seconds'])} left on battery"
    return ("on BATTERY" if ups["on_battery"] else "on mains") + charge + runtime
