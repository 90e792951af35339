"""What is said. Pure: happenings in, one title and one body out, both short enough for a lock screen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cadence_exporter.model.delivery import Happening, Kind
from cadence_exporter.model.recovery import PowerResult
from cadence_exporter.record.log.plain import plain

LONGEST_TITLE = 40
LONGEST_BODY = 170
"""Four lines on a phone."""
_LAYERS = {
    "host": "this host",
    "lan": "home network",
    "access": "access line",
    "isp": "provider",
    "upstream": "beyond the provider",
    "wan": "internet line",
    "ip": "address not known",
    "dns": "DNS",
    "remote": "the services asked",
}

_BOUNCES: Mapping[str, tuple[tuple[str, str], str]] = {
    PowerResult.SUCCESS: (("modem power cut", "info"), "off at"),
    PowerResult.REHEARSED: (("bounce rehearsed", "info"), "would have been off at"),
    PowerResult.REFUSED: (("bounce refused", "warning"), "not switched, refused, at"),
    PowerResult.FAILED: (("bounce failed", "warning"), "not switched, plug not reached, at"),
    PowerResult.DOUBTFUL: (("modem may be off", "warning"), "off, and maybe still, since"),
}
"""How one ended: the headline when nothing else happened, and the words for it."""


@dataclass(frozen=True, slots=True)
class Message:
    """What appears on the phone."""

    title: str
    body: str
    type: str
    """Apprise's: info, success, warning or failure."""


def compose(site: str, told: Sequence[Happening], *, show_addresses: bool) -> Message:
    """One message for all of them, in words of the newest state."""
    ended = [each for each in told if each.kind is Kind.OUTAGE_ENDED]
    over = {incident_of(each) for each in ended}
    open_ = [each for each in told if each.kind is Kind.OUTAGE_BEGAN and incident_of(each) not in over]
    moved = [each for each in told if each.kind is Kind.ADDRESS_CHANGED]
    bounces = [each for each in told if each.kind is Kind.BOUNCED]
    title, type_ = _headline(bool(open_), bool(ended), bool(moved), bounces)
    sentences = [
        *_open(open_),
        *_ended(ended),
        *_bounces(bounces),
        *_moved(moved, show_addresses=show_addresses),
        *_dns(told),
    ]
    name = plain(site, LONGEST_TITLE - len(title) - 2) if len(title) + 2 < LONGEST_TITLE else ""
    return Message(f"{name}: {title}", _cut(" ".join(sentences)), type_)


def incident_of(happening: Happening) -> str:
    """The incident that a happening belongs to: both edges of an outage have the same."""
    return happening.id.removesuffix("-began").removesuffix("-ended")


def _headline(is_open: bool, ended: bool, moved: bool, bounces: Sequence[Happening]) -> tuple[str, str]:
    if is_open:
        return "connection unclear", "warning"
    if ended:
        return ("back online, new address" if moved else "back online"), "success"
    if bounces:
        return _BOUNCES[str(bounces[-1].facts["result"])][0]
    return ("new address", "info") if moved else ("DNS updated", "info")


def _open(outages: Sequence[Happening]) -> Iterator[str]:
    for outage in outages[-1:]:
        yield f"Since {_time(outage.facts['began'])}: {_layer(outage)}."


def _ended(outages: Sequence[Happening]) -> Iterator[str]:
    if not outages:
        return
    last = outages[-1].facts
    span = f"{_time(last['began'])} to {_time(last['ended'])}"
    if len(outages) == 1:
        yield f"Offline {span} ({_length(float(last['seconds']))}), {_layer(outages[0])}."
        return
    total_s = sum(float(each.facts["seconds"]) for each in outages)
    yield f"{len(outages)} outages, {_length(total_s)} in all. The last: {span}, {_layer(outages[-1])}."


def _bounces(bounces: Sequence[Happening]) -> Iterator[str]:
    for bounce in bounces[-1:]:
        facts = bounce.facts
        first = f"{len(bounces)} bounces. The last: modem" if len(bounces) > 1 else "Modem"
        what = _BOUNCES[str(facts["result"])][1]
        yield f"{first} {what} {_time(bounce.at)}, {_length(float(facts['seconds']))}, {facts['asked']}."


def _moved(changes: Sequence[Happening], *, show_addresses: bool) -> Iterator[str]:
    for family in ("ipv4", "ipv6"):
        mine = [each.facts for each in changes if each.facts["family"] == family]
        if mine and show_addresses:
            yield f"Now {mine[-1]['after']}, was {mine[0]['before']}."
        elif mine:
            yield f"The {family.replace('ip', 'IP')} address changed."


def _dns(told: Sequence[Happening]) -> Iterator[str]:
    records = sorted({str(each.facts["record"]) for each in told if each.kind is Kind.DNS_CHANGED})
    if len(records) == 1:
        yield f"{plain(records[0], 60)} updated."
    elif records:
        yield f"{len(records)} DNS records updated."


def _layer(outage: Happening) -> str:
    layer = str(outage.facts["layer"])
    return _LAYERS.get(layer, layer)


def _time(wall: float | str) -> str:
    """Of the day, local: a lock screen shows the date itself."""
    try:
        return datetime.fromtimestamp(float(wall), tz=UTC).astimezone().strftime("%H:%M")
    except (OverflowError, OSError, ValueError):
        return "?"


def _length(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - a minute and a half
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - two hours


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_BODY else text[: LONGEST_BODY - 1] + "…"
