"""Every combination of evidence there is, against what each layer may be named for: 64,512 of them."""

from dataclasses import replace
from itertools import product

import pytest

from cadence_exporter.assess import fault
from cadence_exporter.assess.fault import WHILE_THE_PATH_FAILS, WHILE_THE_PATH_WORKS, Evidence, Rule, name
from cadence_exporter.assess.way_out import Reach
from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.trace import Neighbour

BOTH = (False, True)


def every_evidence():
    values = {
        "path_works": BOTH,
        "link_works": (None, False, True),
        "router_asked": BOTH,
        "router_alive": BOTH,
        "neighbour": tuple(Neighbour),
        "router_has_no_wan": BOTH,
        "reach": tuple(Reach),
        "isp_answers_usually": BOTH,
        "names_fail": BOTH,
        "targets_are_names": BOTH,
        "heard_outside": BOTH,
        "outside_silent": BOTH,
        "provider_fails": BOTH,
    }
    return [Evidence(*combination) for combination in product(*values.values())]


EVERY = every_evidence()


def access(e):
    """What lets a modem's power be cut."""
    own_side = e.link_works is True and e.router_alive and not e.targets_are_names and not e.heard_outside
    return own_side and e.reach is Reach.ROUTER and (e.isp_answers_usually or e.router_has_no_wan)


MAY_BE_NAMED = {
    FaultLayer.HOST: lambda e: e.link_works is False and not e.heard_outside,
    FaultLayer.LAN: lambda e: (
        e.router_asked
        and not e.router_alive
        and e.neighbour is not Neighbour.ANSWERS
        and e.link_works is not False
        and e.reach in (Reach.UNKNOWN, Reach.NOWHERE)
        and not e.heard_outside
    ),
    FaultLayer.ACCESS: access,
    FaultLayer.ISP: lambda e: e.reach is Reach.ISP and e.link_works is not False and not e.heard_outside,
    FaultLayer.UPSTREAM: lambda e: e.reach is Reach.BEYOND and e.link_works is not False and not e.heard_outside,
    FaultLayer.DNS: lambda e: (
        e.names_fail if e.path_works else e.targets_are_names and (e.heard_outside or e.reach is Reach.TARGET)
    ),
    FaultLayer.REMOTE: lambda e: (
        (e.outside_silent or e.provider_fails) and not e.names_fail if e.path_works else e.heard_outside
    ),
}


def check():
    """Each layer is named for its own evidence only."""
    for evidence in EVERY:
        rule = name(evidence)
        if rule is None:
            symptoms = evidence.names_fail or evidence.outside_silent or evidence.provider_fails
            assert (evidence.path_works, symptoms) == (True, False), evidence
        else:
            assert rule.why, evidence
            assert rule.layer is None or MAY_BE_NAMED[rule.layer](evidence), (rule.layer, evidence)
            if evidence.path_works:
                assert rule.layer in (FaultLayer.DNS, FaultLayer.REMOTE), evidence


def test_no_combination_of_evidence_names_a_layer_that_it_does_not_show():
    check()


def test_each_layer_is_named_and_no_rule_is_dead():
    used = {id(name(evidence)) for evidence in EVERY}
    assert {rule.layer for rule in (*WHILE_THE_PATH_FAILS, *WHILE_THE_PATH_WORKS)} == {None, *FaultLayer}
    assert [rule.why for rule in (*WHILE_THE_PATH_FAILS, *WHILE_THE_PATH_WORKS) if id(rule) not in used] == []


def test_a_silent_router_is_never_the_access_line():
    for evidence in EVERY:
        if not evidence.router_alive:
            rule = name(evidence)
            assert rule is None or rule.layer is not FaultLayer.ACCESS, evidence


def test_less_evidence_never_makes_an_access_fault():
    """What is not known, or no longer shown, takes the name away or names something nearer."""
    less = {
        "link_works": None,
        "router_alive": False,
        "router_has_no_wan": False,
        "isp_answers_usually": False,
        "reach": Reach.UNKNOWN,
    }
    for evidence in EVERY:
        rule = name(evidence)
        if rule is None or rule.layer is not FaultLayer.ACCESS:
            for key, value in less.items():
                poorer = name(replace(evidence, **{key: value}))
                assert poorer is None or poorer.layer is not FaultLayer.ACCESS, (key, evidence)


@pytest.mark.parametrize("dropped", range(len(WHILE_THE_PATH_FAILS)))
def test_a_table_with_a_planted_defect_is_found(monkeypatch, dropped):
    """The access line is blamed whatever the row would have said."""
    blamed = Rule(FaultLayer.ACCESS, "planted", WHILE_THE_PATH_FAILS[dropped].applies)
    table = (*WHILE_THE_PATH_FAILS[:dropped], blamed, *WHILE_THE_PATH_FAILS[dropped + 1 :])
    monkeypatch.setattr(fault, "WHILE_THE_PATH_FAILS", table)
    if WHILE_THE_PATH_FAILS[dropped].layer is FaultLayer.ACCESS:
        check()
    else:
        with pytest.raises(AssertionError):
            check()
