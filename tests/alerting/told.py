"""docs/ALERTS.md: what fired in the simulated homes, and what a person got to read of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import fill

from tests.alerting.firing import Firing
from tests.alerting.messages import Message
from tests.alerting.weathers import Lived, Outage, Weather

AFTERWARDS_S = 900.0
"""What comes so soon after an outage is about it."""
REPORTED_S = 180.0
TOLD_S = 420.0
"""``for`` of CadenceWanDown, a sample and an evaluation of a minute each: a longer outage must have been told while it lasted."""
BEGINNING = {"CadenceWanDown", "CadenceLanDown"}
END = "CadenceOutageRecovered"

HEAD = """# Alerts over simulated time

Written by `python -m tests.alerting.year`: which of the shipped alerts fire in a quiet year, in a bad month and in a week in which the
line comes and goes all day, and how many messages a person gets to read. Each home is the production loop with the default settings in
the simulator (`docs/SIMULATION.md`). Its samples, one a minute, are loaded into a real Prometheus, which answers the expression of every
shipped rule once a minute. `for` and `keep_firing_for`, and Alertmanager's routes, groups, inhibition and quiet hours as shipped, are
small models (`tests/alerting/firing.py`, `messages.py`). How a real Alertmanager inhibits is compared with the model by a test, and the
whole chain of real servers runs in `tests/alerting/test_live.py`.

**message**: one notification to one of the receivers `outage`, `critical` or `calm`; the Watchdog goes to a machine and is left out.
**outage**: DOWN until it was over, as Cadence itself reports it. Lengths are Cadence's: less than what the line
did by as long as its beginning went unnoticed: seconds with the tripwire, which is on in these homes; without it up to a look (190 s).
"""

CHANGED = """
## What was changed because of these figures

Looked at with other seeds than those above ({tuning}), before the figures were made:

- `CadenceErrorBudgetBurnFast` is inhibited by `CadenceErrorBudgetBurnSlow`: in a week of flapping the fast one fired 41 to 50 times
  while the slow one, which says the same of a longer time, went on.
- The route to `calm` has `group_interval: 1h` instead of 5 minutes: warnings that come and go are told once an hour at most. Together
  they took the warnings of a flapping week from 66 and 83 messages to 21 and 23. That was before the tripwire, with which Cadence sees
  four times as many breaks of such a week: about 640, and 47 to 50 warnings.

## What this does not show

- Samples and evaluations are a minute apart here, 30 s as shipped: what lasts less than a minute may be seen a minute later, or not at all.
  The metrics know the last outage only. In the flapping week one long outage had no report, because a second one, 20 s long, was over
  22 s after it and before the next sample.
- Recording rules are computed where they are asked for instead of up to two minutes before.
- Nothing is said about whether a message arrives. From inside the house it does; what leaves the house waits for the line, and a
  receiver outside gets only what Alertmanager still repeats, and the report.
- Three kinds of weather are not all there is. The unit tests beside the rules show each alert firing and not firing.
"""


@dataclass(frozen=True)
class Home:
    """One simulated home and all that was said about it."""

    weather: Weather
    seed: int
    lived: Lived
    alerts: list[Firing]
    messages: list[Message]

    @property
    def outages(self) -> list[Outage]:
        """Those that were over while samples were taken."""
        return [outage for outage in self.lived.outages if outage.end + AFTERWARDS_S < self.lived.end]

    def begins(self, outage: Outage) -> list[Message]:
        """Messages that the line is down, because of this one."""
        return [m for m in self._near(outage) if any(self._begins(alert, outage) for alert in m.firing)]

    @staticmethod
    def _begins(alert: Firing, outage: Outage) -> bool:
        return alert.name in BEGINNING and outage.start < alert.start < outage.end + 60.0

    def reports(self, outage: Outage) -> list[Message]:
        """Messages that this one is over."""
        ended = [(m, a) for m in self.messages for a in m.firing if a.name == END]
        return [message for message, alert in ended if abs(float(alert.labels["ended"]) - outage.end) < REPORTED_S / 3]

    def others(self, outage: Outage) -> list[Message]:
        """Anything else from its beginning until soon after its end."""
        return [m for m in self._near(outage) if not m.names & {END, *BEGINNING}]

    def _near(self, outage: Outage) -> list[Message]:
        return [m for m in self.messages if outage.start <= m.time <= outage.end + AFTERWARDS_S]


def text(homes: Sequence[Home], command: str, date: str) -> str:
    """The document."""
    tuning = sorted({seed for home in homes for seed in home.weather.tuning})
    parts = [HEAD, f"\nRun on {date}: `{command}`.\n", "\n## In short\n\n", *_in_short(homes)]
    for _, group in groupby(homes, key=lambda home: home.weather.name):
        parts += _weather(list(group))
    parts.append(CHANGED.format(tuning=", ".join(map(str, tuning))))
    return "".join(parts)


def _in_short(homes: Sequence[Home]) -> Iterator[str]:
    for name, group in groupby(homes, key=lambda home: home.weather.name):
        these = list(group)
        long = [(home, outage) for home in these for outage in home.outages if outage.seconds > TOLD_S]
        once = sum(len(home.begins(outage)) == len(home.reports(outage)) == 1 for home, outage in long)
        messages = [message for home in these for message in home.messages]
        rest = sum(message.receiver != "outage" for message in messages)
        yield f"- **{name}**: {len(long)} outages of {TOLD_S / 60:.0f} minutes and longer, {once} with exactly one message while they "
        yield f"lasted and one after.\n  {len(messages)} messages in all in {sum(home.weather.days for home in these):g} days, "
        yield f"{rest} of them about anything but an outage or its end.\n"


def _weather(homes: list[Home]) -> Iterator[str]:
    weather, days = homes[0].weather, sum(home.weather.days for home in homes)
    yield f"\n## {weather.name}\n\n{weather.about[0].upper()}{weather.about[1:]}.\n"
    yield f"Seeds {homes[0].seed} to {homes[-1].seed}, {weather.days:g} days each: {days:g} days in all.\n\n"
    rates = ", ".join(f"{name} {rate:.2g}" for name, rate in sorted(weather.rates.items()))
    yield f"{fill(f'Faults a day: {rates}.', 138)}\n\n"
    yield from _by_outage(homes)
    yield from _by_alert(homes)
    yield from _by_home(homes)


def _by_outage(homes: list[Home]) -> Iterator[str]:
    yield "| outages | number | told while it lasted: 0 / 1 / more | reported after it: 0 / 1 / more | other messages near it |\n"
    yield "| --- | ---: | ---: | ---: | ---: |\n"
    classes = {
        f"under {REPORTED_S / 60:.0f} min": (0.0, REPORTED_S),
        f"{REPORTED_S / 60:.0f} to 5 min": (REPORTED_S, 300.0),
        f"5 to {TOLD_S / 60:.0f} min": (300.0, TOLD_S),
        f"{TOLD_S / 60:.0f} min and longer": (TOLD_S, 1e9),
    }
    for name, (least, most) in classes.items():
        found = [(home, outage) for home in homes for outage in home.outages if least < outage.seconds <= most]
        begins = _zero_one_more(len(home.begins(outage)) for home, outage in found)
        reports = _zero_one_more(len(home.reports(outage)) for home, outage in found)
        others = len({id(message) for home, outage in found for message in home.others(outage)})
        yield f"| {name} | {len(found)} | {begins} | {reports} | {others} |\n"


def _zero_one_more(counts: Iterable[int]) -> str:
    found = Counter(min(count, 2) for count in counts)
    return " / ".join(str(found[number]) for number in (0, 1, 2))


def _by_alert(homes: list[Home]) -> Iterator[str]:
    fired = Counter(alert.name for home in homes for alert in home.alerts)
    said = Counter(name for home in homes for message in home.messages for name in message.names)
    yield "\n| alert | fired | in messages |\n| --- | ---: | ---: |\n"
    for name in sorted(fired):
        yield f"| {name} | {fired[name]} | {said[name]} |\n"
    yield "\nNo other alert fired.\n"


def _by_home(homes: list[Home]) -> Iterator[str]:
    yield "\n| seed | outages | of them 5 min and longer | messages | to outage | critical | calm | most in a day |\n"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    for home in homes:
        to = Counter(message.receiver for message in home.messages)
        days = Counter(message.time // 86_400 for message in home.messages)
        long = sum(outage.seconds >= 300 for outage in home.outages)
        yield f"| {home.seed} | {len(home.outages)} | {long} | {len(home.messages)} | {to['outage']} | {to['critical']} "
        yield f"| {to['calm']} | {max(days.values(), default=0)} |\n"
