"""Every answer that a panel of four services, three operators and a router can give, under every plan: what the judge may say."""

from ipaddress import ip_address
from itertools import product

import pytest

from cadence_exporter.assess import public_ip
from cadence_exporter.assess.public_ip import judge
from cadence_exporter.model.assessment import Agreed, Disputed, NotPublic, Unchanged, Unknown
from cadence_exporter.model.memory import EchoPlan
from cadence_exporter.model.observation import Answered, EchoAnswer, EchoRound, Failed, FailureReason
from tests.decide.cases import HOME, MOVED, make_policy
from tests.exhaustive.abstract import PRIVATE

OPERATORS = ("a", "a", "b", "c")
ANSWERS = (None, HOME, MOVED, PRIVATE)
ROUTERS = (None, HOME, MOVED, PRIVATE, ip_address("192.168.1.2"))
PLANS = (
    None,
    EchoPlan(1, 0, HOME),
    EchoPlan(2, 0, HOME),
    EchoPlan(1, 0, HOME, HOME),
    EchoPlan(1, 0, HOME, spare_if_outside_says=HOME),
)


def every_round():
    """Whole panels, and the first one or two of one."""
    for asked in (1, 2, 4):
        for answers in product(ANSWERS, repeat=asked):
            readings = tuple(
                Failed(f"echo{n}", FailureReason.TIMEOUT, "silence", 8.0)
                if answer is None
                else Answered(f"echo{n}", EchoAnswer(answer, OPERATORS[n]), 0.1)
                for n, answer in enumerate(answers)
            )
            yield answers, EchoRound(readings, configured=4)
    yield (), EchoRound((), configured=4, spared=True)


def judgements(quorum):
    policy = make_policy(quorum=quorum)
    for (answers, echo), router, plan in product(every_round(), ROUTERS, PLANS):
        yield answers, echo, router, plan, judge(echo, router, plan, policy)


def voices(answers, address):
    """The operators that named the address, and those that named another."""
    for_it = {OPERATORS[n] for n, answer in enumerate(answers) if answer == address}
    against = {OPERATORS[n] for n, answer in enumerate(answers) if answer not in (None, address)}
    return for_it, against


def check(quorum):
    seen = set()
    for answers, echo, router, plan, verdict in judgements(quorum):
        case = (answers, router, plan, verdict)
        seen.add(type(verdict))
        vetoed = router in (HOME, MOVED)
        match verdict:
            case Agreed(ip=ip):
                for_it, against = voices(answers, ip)
                assert len(for_it - against) >= quorum, case
                assert len(for_it - against) > len(against), case
                assert ip != PRIVATE, case
                assert not vetoed or router == ip, case
            case NotPublic(ip=ip):
                assert ip == PRIVATE, case
                assert len(voices(answers, ip)[0]) >= quorum, case
            case Unchanged(ip=ip, by=by):
                assert plan is not None, case
                assert ip == plan.expected, case
                assert set(answers) == {ip} if by == "echo" else echo.spared, case
                assert by == "router" or not vetoed or router == ip, case
            case Disputed(ips=ips):
                assert len(set(ips)) > 1, case
            case Unknown(why=why):
                assert why, case
                assert len(set(answers) - {None}) <= 1, case
    return seen


@pytest.mark.parametrize("quorum", [2, 3])
def test_no_combination_of_answers_makes_the_judge_believe_too_much(quorum):
    assert check(quorum) == {Agreed, NotPublic, Unchanged, Disputed, Unknown}


def test_an_honest_quorum_without_dissent_is_always_heard():
    for answers, _, router, _, verdict in judgements(2):
        if len(answers) == 4 and set(answers) - {None} == {HOME} and router in (None, HOME, PRIVATE):
            assert isinstance(verdict, Agreed if len(voices(answers, HOME)[0]) >= 2 else Unknown), (answers, verdict)


@pytest.mark.parametrize(
    ("name", "defect"),
    [
        ("_winner", lambda votes, quorum: next(iter(votes))),
        ("_winner", lambda votes, quorum: max(votes, key=lambda each: len(votes[each]))),
        ("_vetoed", lambda address, router: False),
        ("special_range", lambda address: None),
    ],
)
def test_a_judge_with_a_planted_defect_is_found(monkeypatch, name, defect):
    monkeypatch.setattr(public_ip, name, defect)
    with pytest.raises(AssertionError):
        check(2)
