"""The status document -> the sections of the page, one function each. All text goes through ``html.element``, which escapes it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.state.chronicle import DnsChangeHeld
from cadence_exporter.record.web.calendar_time import NONE, iso, local, moment, span
from cadence_exporter.record.web.html import Html, element, joined

Status = Mapping[str, Any]
Rows = Iterable[tuple[str, object]]

_NAT = {
    "cgnat": "behind the ISP's shared address (CGNAT): nobody reaches this home from outside by IPv4",
    "double": "behind a second router: ports must be forwarded on both",
    "mismatch": "the router's public address is not the one seen outside: nobody reaches this home by IPv4",
}
NEWEST = 10
"""Events that are shown without asking."""
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
        element("p", state, class_=f"state {colour_of(status)}"),
        element("p", since, class_="quiet"),
        _stuck(status["health"]),
        _alarm(status),
    )


def colour_of(status: Status) -> str:
    """The state's, unless that is old news."""
    return str(status["state"]).lower() if status["health"]["healthy"] else "unknown"


def _stuck(health: Status) -> Html | None:
    """By the rule of ``/-/healthy``: nothing on the page is of this moment then."""
    if health["healthy"]:
        return None
    return element("p", f"Cadence is {health['why']}. What you see here is of then.", class_="alarm")


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
        # Another figure than the strips': those are of time, and of the last days.
        yield "Looks", f"{uptime['ratio']:.2%} found it UP: {uptime['up_cycles']} of {uptime['cycles']} since the first"
    last = status["outage"]["last"]
    if last:
        yield "Last outage", f"{span(last['seconds'])}, until {local(last['ended'])} ({last['layer']})"
    if status["next_look"]:
        due = f"in {span(status['next_look_in_seconds'])} ({status['pace']})"
        yield "Next look", due if status["health"]["healthy"] else "overdue"


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
    if power["device"] is None:
        yield "Switch", "none: the power is left alone"
    else:
        yield "Switch", f"{power['device']}, {'may act' if power['enabled'] else 'switched off in the settings'}"
        yield from _verdict(power)
    if power["maintenance"]:
        yield "Maintenance", f"until {local(power['maintenance']['until'])}: nothing is changed"
    yield from _gear(power)


def _verdict(power: Status) -> Iterator[tuple[str, object]]:
    if power["would_act"]:
        yield "Now", element("span", "would cut the modem's power", class_="degraded")
    elif power["objections"]:
        yield (
            "Would not act",
            _lines(f"{each['reason'].replace('_', ' ')}: {each['detail']}" for each in power["objections"]),
        )
    if power["bounces_today"] is not None:
        yield "Bounces", f"{power['bounces_today']} in 24 hours, {power['left_today']} left"
    if power["cooldown_ends"]:
        yield "Cooldown", f"until {local(power['cooldown_ends'])}"
    if power["may_be_off"]:
        yield (
            "Unfinished",
            element("span", "the end of the last bounce was not seen: the power may be off", class_="down"),
        )


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
        yield "Last request", f"{asked['ask'].replace('_', ' ')}: {asked['answer'] or 'not answered yet'}"


def outside(status: Status) -> Html:
    """Who is called, who hears, who is told."""
    told = (*_calls(status["api_budget"]), *_listeners(status["listeners"]), *_sinks(status["sinks"]))
    return section("Calls, listeners, sinks", rows(told))


def _calls(budget: Mapping[str, Status]) -> Iterator[tuple[str, object]]:
    told = [
        f"{service} {each['calls']}" + (f" of {each['limit']}" if each["limit"] is not None else "")
        for service, each in budget.items()
        if each["calls"] or each["limit"] is not None
    ]
    if told:
        yield "Calls this hour", _lines(told)


def _listeners(listeners: Sequence[Status]) -> Iterator[tuple[str, object]]:
    told = []
    for each in listeners:
        rings = f", rang {each['rings']}\N{MULTIPLICATION SIGN}" if each["rings"] else ""
        told.append(_condition(each, f"{each['name'].replace('_', ' ')}{rings}", "starting"))
    if told:
        yield "Listeners", _lines(told)


def _sinks(sinks: Sequence[Status]) -> Iterator[tuple[str, object]]:
    told = []
    for each in sinks:
        waiting = f", {each['waiting']} waiting" if each["waiting"] else ""
        told.append(_condition(each, f"{each['name']}{waiting}", "nothing told yet"))
    if told:
        yield "Sinks", _lines(told)


def _lines(told: Iterable[object]) -> list[Html]:
    return [element("div", each) for each in told]


def _condition(each: Status, name: str, before: str) -> Html:
    """Whose name stands alone does what it should."""
    if each["up"]:
        return element("span", name)
    why = each["why"] or (before if each["up"] is None else "down")
    return element("span", f"{name}: ", element("span", why, class_="unknown" if each["up"] is None else "degraded"))


def events(status: Status, now: WallTime) -> Html | None:
    """What happened last, the newest first; what is older opens on demand."""
    told = [_event(each, now) for each in status["events"]]
    if not told:
        return None
    newest = element("ul", *told[:NEWEST], class_="events")
    if len(told) <= NEWEST:
        return section("Recent events", newest, wide=True)
    title = element("summary", f"{len(told) - NEWEST} earlier", id="earlier-title", class_="small")
    earlier = element("details", title, element("ul", *told[NEWEST:], class_="events"), id="earlier")
    return section("Recent events", newest, earlier, wide=True)


def _event(event: Status, now: WallTime) -> Html:
    times = f" (\N{MULTIPLICATION SIGN}{event['times']})" if event["times"] > 1 else ""
    when = element("time", moment(event["at"], now), datetime=event["at"], title=local(event["at"]), class_="quiet")
    return element("li", when, element("span", f"{event['text']}{times}"))


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
