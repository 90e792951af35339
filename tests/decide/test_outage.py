"""When an outage begins, which layer it is laid to, and what is said of it when it is over."""

from dataclasses import replace

import pytest

from cadence_exporter.decide.outage import after, begins
from cadence_exporter.model.assessment import Link
from cadence_exporter.model.decision import OutageEnded
from cadence_exporter.model.memory import Belief, Layer, Outage, Phase
from tests.decide.cases import at, fresh

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
