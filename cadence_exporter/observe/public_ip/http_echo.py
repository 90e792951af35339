"""The echo services of one family: side by side, each in its lane, and no more of them than the plan wants."""

from collections.abc import Callable, Collection

from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.memory import EchoPlan
from cadence_exporter.model.observation import Answered, EchoAnswer, EchoRound
from cadence_exporter.model.operators import operator_of
from cadence_exporter.observe.probe_lanes import Pending, ProbeLanes
from cadence_exporter.observe.public_ip.echo_body import MAX_BYTES, parse
from cadence_exporter.outbound.https import Https, Request
from cadence_exporter.seams import Clock

SERVICE = "ip_echo"

# The few asked first get this part of the time; then the others are asked, while there is still time for their answers.
_FIRST_SHARE = 0.4


class EchoPanel:
    """All services of one family."""

    def __init__(self, family: Family, urls: tuple[str, ...], https: Https, lanes: ProbeLanes, clock: Clock) -> None:
        self._family = family
        self.urls = urls
        self._https = https
        self._lanes = lanes
        self._clock = clock

    def read(
        self, plan: EchoPlan | None, vouched: bool | None, resting: Collection[str], deadline: Instant
    ) -> EchoRound:
        """One round. Without a plan everyone is asked at once, except those that have a rest. Returns by ``deadline``; never raises.

        ``vouched`` is what ``plan.vouched`` said.
        """
        if plan is not None and vouched:
            return self.spared()
        if vouched is False:
            plan = None  # another word of who vouched is the strongest hint there is: everyone is asked at once
        if plan is not None and plan.first == 0:
            return self.spared()
        order = [url for url in self._order(plan.turn if plan else 0) if url not in resting]
        first = len(order) if plan is None else min(plan.first, len(order))
        asked = self._start(order[:first], deadline)
        if plan is not None and not self._as_expected(plan, asked, deadline):
            asked += self._start(order[first:], deadline)
        return EchoRound(tuple(pending.reading(deadline) for pending in asked), len(self.urls))

    def spared(self) -> EchoRound:
        """The round of a panel that is left in peace."""
        return EchoRound((), len(self.urls), spared=True)

    def nothing(self) -> EchoRound:
        """The round of a panel that could not be asked at all."""
        return EchoRound((), len(self.urls))

    def _order(self, turn: int) -> list[str]:
        """From ``turn`` on, a second service of an operator after everyone else's first: few voices should be independent ones."""
        begin = turn % len(self.urls) if self.urls else 0
        turned = self.urls[begin:] + self.urls[:begin]
        heard: set[str] = set()
        firsts: list[str] = []
        seconds: list[str] = []
        for url in turned:
            (seconds if operator_of(url) in heard else firsts).append(url)
            heard.add(operator_of(url))
        return firsts + seconds

    def _start(self, urls: list[str], deadline: Instant) -> list[Pending[EchoAnswer]]:
        return [self._lanes.start(f"echo-{self._family}-{url}", url, self._asking(url, deadline)) for url in urls]

    def _asking(self, url: str, deadline: Instant) -> Callable[[], EchoAnswer]:
        def ask() -> EchoAnswer:
            request = Request(SERVICE, url, family=self._family, max_bytes=MAX_BYTES)
            answer = self._https.call(request, deadline)
            address = parse(url, answer.status, answer.body, self._family)
            return EchoAnswer(address, operator_of(url))

        return ask

    def _as_expected(self, plan: EchoPlan, asked: list[Pending[EchoAnswer]], deadline: Instant) -> bool:
        """Whether all that were asked confirm what is believed; False as soon as one does not."""
        now = self._clock.monotonic()
        patience = Instant(now + (deadline - now) * _FIRST_SHARE)
        for pending in asked:
            reading = pending.reading(patience)
            if not isinstance(reading, Answered) or reading.value.address != plan.expected:
                return False
        return True
