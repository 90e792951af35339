"""When an outage begins, which layer it is laid to, and what is said of it when it is over."""

from dataclasses import replace

import pytest

from cadence_exporter.decide.outage import after, begins, lay
from cadence_exporter.model.assessment import FaultLayer, Link
from cadence_exporter.model.decision import OutageEnded
from cadence_exporter.model.memory import Belief, Layer, Outage, Phase
from tests.decide.cases import at, fresh, sees

WAS_UP = replace(fresh(), phase=Phase.UP, up_cycles=1)


def test_a_doubt_that_is_tolerated_begins_no_outage_and_the_next_one_does():
    assert begins(WAS_UP, Phase.DEGRADED, Link.UP, Belief(doubts=1)) is None
    assert begins(WAS_UP, Phase.DEGRADED, Link.UP, Belief(doubts=2)) is Layer.IP


@pytest.mark.parametrize("layer", list(Layer))
def test_an_outage_keeps_its_beginning_and_its_layer_until_it_is_over(layer):
    began, ended = after(None, layer, Phase.DOWN, at(10))
    assert (began, ended) == (Outage(at(10), layer), None)
    assert after(began, None, Phase.DEGRADED, at(20)) == (began, None)
    assert after(began, None, Phase.UP, at(30)) == (None, OutageEnded(at(10), at(30), layer))


def test_an_outage_is_laid_to_the_first_layer_that_is_named_while_it_shows_itself():
    fresh = Outage(at(0), Layer.WAN)
    down = replace(sees(wan=Link.DOWN), fault=FaultLayer.ACCESS)
    laid = lay(fresh, down)
    assert (laid.fault, laid.where) == (FaultLayer.ACCESS, "access")
    assert lay(laid, replace(down, fault=FaultLayer.ISP)) is laid
    assert lay(fresh, sees(wan=Link.DOWN)) is fresh
    assert (fresh.where, lay(None, down)) == ("wan", None)


def test_what_is_wrong_once_the_path_works_again_is_not_the_cause_of_the_outage():
    names = replace(sees(), fault=FaultLayer.DNS)
    assert lay(Outage(at(0), Layer.WAN), names).fault is None
    assert lay(Outage(at(0), Layer.IP), names).fault is FaultLayer.DNS


def test_an_outage_that_is_over_is_told_with_where_it_broke():
    laid = Outage(at(10), Layer.WAN, FaultLayer.ACCESS)
    assert after(laid, None, Phase.UP, at(30)) == (None, OutageEnded(at(10), at(30), Layer.WAN, FaultLayer.ACCESS))
