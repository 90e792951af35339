"""The status document -> the sections of the page, one function each. All text goes through ``html.element``, which escapes it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.state.chronicle import DnsChangeHeld
from cadence_exporter.record.web.calendar_time import NONE, iso, local, span
from cadence_exporter.record.web.html import Html, element, joined

Status = Mapping[str, Any]
Rows = Iterable[tuple[str, object]]

_NAT = {
    "cgnat": "behind the ISP's shared address (CGNAT): nobody reaches this home from outside by IPv4",
    "double": "behind a second router: ports must be forwarded on both",
    "mismatch": "the router's public address is not the one seen outside: nobody reaches this home by IPv4",
}
_IN_SYNC = {True: ("up", "in sync"), False: ("down", "differs"), None: ("unknown", "not verified yet")}


def section(title: str, *children: object, wide: bool = False) -> Html:
    """A card under a heading."""
    return element("section", element("h2", title), *children, class_="wide" if wide else None)


def rows(pairs: Rows) -> Html:
    """Names and what belongs to them."""
    return element("dl", *((element("dt", name), element("dd", value)) for name, value in pairs))


def head(status: Status) -> Html:
    """The one thing that everybody looks for."""
    state = str(status["state"])
    if status["since"] is None:
        since = "The first cycle is under way."
    else:
        since = f"for {span(status['seconds_in_state'])}, since {local(status['since'])}"
    return element(
        "header",
        element("h1", f"Cadence · {status['site']}"),
        element("p", state, class_=f"state {state.lower()}"),
        element("p", since, class_="quiet"),
        _alarm(status),
    )


def _alarm(status: Status) -> Html | None:
    outage, fault = status["outage"]["current"], status["fault"]
    if not outage and not fault:
        return None
    told = [f"Outage for {span(outage['seconds'])}. "] if outage else []
    if fault:
        hop = fault["last_hop"]
        answered = f" The last hop that answers is {hop['address']}." if hop else ""
        told.append(f"Where it broke: {fault['layer'] or 'not known'} ({fault['why']}).{answered}")
    return element("p", *told, class_="alarm")


def connection(status: Status) -> Html:
    """The path out, the address, and the long run."""
    return section("Connection", rows(_connection(status)))


def _connection(status: Status) -> Iterator[tuple[str, object]]:
    yield "Internet", _word(status["wan"])
    yield "Router", _word(status["lan"])
    for family, address in status["public_ip"].items():
        why = f": {address['why']}" if address["why"] else ""
        verdict = f"{address['verdict'].replace('_', ' ')}{why}"
        shown = address["address"] or address["confirmed"] or NONE
        yield f"Public {family.replace('ip', 'IP')}", (element("strong", shown), f" ({verdict})")
    if status["nat"] in _NAT:
        yield "Reachability", _NAT[status["nat"]]
    elif status["nat"] == "open":
        yield "NAT", "open: the router itself holds the public address"
    uptime = status["uptime"]
    if uptime["ratio"] is not None:
        yield "Uptime", f"{uptime['ratio']:.2%} ({uptime['up_cycles']} of {uptime['cycles']} cycles)"
    last = status["outage"]["last"]
    if last:
        yield "Last outage", f"{span(last['seconds'])}, until {local(last['ended'])} ({last['layer']})"
    if status["next_look"]:
        yield "Next look", f"in {span(status['next_look_in_seconds'])} ({status['pace']})"


def _word(link: str) -> Html:
    """A state in its colour and in words."""
    return element("span", link, class_=link)


def records(status: Status, changes: Mapping[tuple[str, str], DnsChangeHeld]) -> Html | None:
    """Each record, how old that knowledge is, and how long the last change took. ``changes``: the newest of each record."""
    told = [_record(each, changes.get((each["name"], each["type"])), status) for each in status["records"]]
    return section("Records", element("ul", *told)) if told else None


def _record(record: Status, change: DnsChangeHeld | None, status: Status) -> Html:
    colour, word = _IN_SYNC[record["in_sync"]]
    moving = record["change"]
    if record["refusal"]:
        colour, word = "degraded", f"left alone: {record['refusal']}"
    elif moving:
        stage = "published, not visible everywhere yet" if moving["published_at"] else "to be published"
        colour, word = "degraded", f"changing to {moving['address']}: {stage}, {span(moving['seconds'])}"
    return element(
        "li",
        element("div", element("strong", record["name"]), f" {record['type']} ", element("span", word, class_=colour)),
        element("div", *_verified(record, status)),
        element("div", _converged(change), class_="quiet small") if change else None,
    )


def _verified(record: Status, status: Status) -> Iterator[object]:
    yield record["verified"] or NONE
    age_s, most_s = record["verified_age_seconds"], status["cache_max_age_seconds"]
    if age_s is not None:
        most = f" of {span(most_s)}" if most_s is not None else ""
        yield element("span", f" verified {span(age_s)} ago{most}", class_="quiet")
    if record["provider"]:
        yield element("span", f" · {record['provider']}", class_="quiet")


def _converged(change: DnsChangeHeld) -> str:
    """From the first evidence of the new address."""
    seen = (
        "not seen by resolvers"
        if change.visible is None
        else f"seen by resolvers after {_took(change, change.visible)}"
    )
    return f"Last change {local(iso(change.published))}: published after {_took(change, change.published)}, {seen}"


def _took(change: DnsChangeHeld, until: WallTime) -> str:
    return span(until - change.evidence)


def recovery(status: Status) -> Html:
    """The ledger of the power, and why it would act or would not."""
    return section("Power recovery", rows(_recovery(status["power"])))


def _recovery(power: Status) -> Iterator[tuple[str, object]]:
    yield "Switch", f"{power['device'] or 'none'}, {'on' if power['enabled'] else 'off'}".replace("none, off", "none")
    if power["would_act"]:
        yield "Now", element("span", "would cut the modem's power", class_="degraded")
    elif power["objections"]:
        yield (
            "Would not act",
            element(
                "ul",
                *(element("li", f"{each['reason']}: {each['detail']}", class_="tight") for each in power["objections"]),
            ),
        )
    if power["bounces_today"] is not None and power["device"]:
        yield "Ledger", f"{power['bounces_today']} in 24 hours, {power['left_today']} left"
    if power["cooldown_ends"]:
        yield "Cooldown", f"until {local(power['cooldown_ends'])}"
    if power["may_be_off"]:
        yield "Unfinished", element("span", "the power may be off", class_="down")
    if power["maintenance"]:
        yield "Maintenance", f"until {local(power['maintenance']['until'])}: nothing is changed"
    yield from _gear(power)


def _gear(power: Status) -> Iterator[tuple[str, object]]:
    relay, ups, asked = power["relay"], power["ups"], power["last_request"]
    if relay:
        watts = f", {relay['watts']:g} W" if relay["watts"] is not None else ""
        yield "Relay", relay["why"] or f"{'on' if relay['on'] else 'off'}{watts}"
    if ups:
        yield (
            "UPS",
            ups["why"]
            or ("on battery" if ups["on_battery"] else "on mains") + (", battery low" if ups["low_battery"] else ""),
        )
    if asked:
        yield "Last request", f"{asked['ask']}: {asked['answer'] or 'not answered yet'}"


def outside(status: Status) -> Html:
    """Who is called, who hears, who is told."""
    return section(
        "Calls, listeners, sinks", rows((*_calls(status), *_listeners(status["listeners"]), *_sinks(status["sinks"])))
    )


def _calls(status: Status) -> Iterator[tuple[str, object]]:
    for service, told in status["api_budget"].items():
        most = f" of {told['limit']}" if told["limit"] is not None else ""
        yield f"Calls: {service}", f"{told['calls']}{most} in the last hour"


def _listeners(listeners: Sequence[Status]) -> Iterator[tuple[str, object]]:
    for each in listeners:
        rings = f", rang {each['rings']} times" if each["rings"] else ""
        yield f"Hears: {each['name'].replace('_', ' ')}", _up(each, f"hears{rings}", "starting")


def _sinks(sinks: Sequence[Status]) -> Iterator[tuple[str, object]]:
    for each in sinks:
        waiting = f", {each['waiting']} waiting" if each["waiting"] else ""
        yield f"Tells: {each['name']}", _up(each, f"delivers{waiting}", f"nothing told yet{waiting}")


def _up(each: Status, good: str, before: str) -> Html:
    if each["up"]:
        return element("span", good)
    return element("span", each["why"] or before, class_="unknown" if each["up"] is None else "degraded")


def events(status: Status) -> Html | None:
    """What happened last, the newest first."""
    told = [
        element("li", element("span", local(each["at"]), class_="quiet"), element("span", each["text"], _times(each)))
        for each in status["events"]
    ]
    return section("Recent events", element("ul", *told, class_="events"), wide=True) if told else None


def _times(event: Status) -> Html | None:
    times = event["times"]
    return element("span", f" (\N{MULTIPLICATION SIGN}{times})", class_="quiet") if times > 1 else None


def last_cycle(status: Status) -> Html | None:
    """Its lines, as they stand in the log."""
    last = status["last_cycle"]
    if not last:
        return None
    title = element(
        "summary",
        element("h2", "Last cycle"),
        " ",
        element("span", _when(last), class_="quiet small"),
        id="lines-title",
    )
    lines = element("ul", *map(_line, last["lines"]), class_="log")
    return element("section", element("details", title, lines, id="lines", open=True), class_="wide")


def _when(last: Status) -> str:
    return f"{local(last['began'])}, took {last['duration_s']:.2f} s, woken by {', '.join(last['woken_by'])}"


def _line(line: Status) -> Html:
    extras = "".join(f" | {key}={value}" for key, value in line["extras"].items())
    subject = joined(element("span", f"{line['icon']} ", aria_hidden="true"), line["subject"])
    return element(
        "li", element("span", subject), element("span", line["status"]), element("span", f"{line['detail']}{extras}")
    )
