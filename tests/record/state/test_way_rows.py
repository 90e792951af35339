"""The usual path, the kind of router and the layer of an outage come back as they were kept; older stores have none of them."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Layer, Memory, Outage, Phase
from cadence_exporter.model.trace import Hop, TraceMethod, UsualPath
from cadence_exporter.record.state.image import memory_of, memory_rows
from cadence_exporter.record.state.way_rows import USUAL_PATH

NOW = Now(Instant(1000.0), WallTime(1.7e9))
HOPS = st.lists(st.builds(Hop, st.integers(1, 16), st.ip_addresses()), max_size=16).map(tuple)
PATHS = st.builds(
    UsualPath,
    gateway=st.none() | st.ip_addresses(),
    hops=HOPS,
    reached=st.booleans(),
    at=st.floats(0, 2e9).map(WallTime),
    method=st.none() | st.sampled_from(TraceMethod),
)
OUTAGES = st.builds(
    Outage, began=st.just(NOW), layer=st.sampled_from(Layer), fault=st.none() | st.sampled_from(FaultLayer)
)


@given(st.none() | PATHS, st.none() | st.booleans(), st.none() | OUTAGES)
def test_what_is_known_of_the_way_out_survives(usual, edge, outage):
    kept = Memory(Phase.UP, NOW, outage=outage, usual_path=usual, router_edge=edge)
    found = memory_of(memory_rows(kept), NOW)
    assert (found.usual_path, found.router_edge, found.outage) == (usual, edge, outage)


def test_a_store_of_a_version_before_has_none_of_it():
    rows = memory_rows(Memory(Phase.UP, NOW, outage=Outage(NOW, Layer.WAN)))
    assert rows["meta", "outage"] == (f'[{NOW.wall}, "wan"]',)
    assert USUAL_PATH not in rows
    found = memory_of(rows, NOW)
    assert (found.usual_path, found.router_edge) == (None, None)
    assert found.outage == Outage(NOW, Layer.WAN)


@pytest.mark.parametrize(
    "text", ["[]", "null", "{}", '[null, [[1, "nobody"]], true, 1.0]', "[null, [], true, NaN]", "[null, 3, true, 1.0]"]
)
def test_a_row_that_makes_no_sense_is_not_believed(text):
    rows = MappingProxyType({**memory_rows(Memory(Phase.UP, NOW)), USUAL_PATH: (text,)})
    with pytest.raises((ValueError, TypeError)):
        memory_of(dict(rows), NOW)


def test_an_unknown_layer_is_not_believed():
    rows = memory_rows(Memory(Phase.UP, NOW, outage=replace(Outage(NOW, Layer.WAN), fault=FaultLayer.ISP)))
    rows["meta", "outage"] = (rows["meta", "outage"][0].replace("isp", "moon"),)
    with pytest.raises(ValueError, match="moon"):
        memory_of(rows, NOW)
