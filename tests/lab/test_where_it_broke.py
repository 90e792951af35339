"""Each thing that can break in a real network, and what the program says of it: by itself, nobody rings for it."""

import pytest

from tests.blackbox.instance import wait_for

pytestmark = pytest.mark.lab

SEEN_WITHIN_S = 60.0
LAYERS = {
    "host": "host",
    "lan": "host",
    "hang": "lan",
    "link": "access",
    "access": "access",
    "gateway": "access",
    "isp": "isp",
    "upstream": "upstream",
}
"""``lan`` is this host's own cable; whether the other end of it is broken nobody can tell from here."""
BREAKS_SOMETHING_ELSE = {"dns": "dns", "echo": "remote"}


def layers(product):
    return {
        name.partition('"')[2].rstrip('"}')
        for name, value in product.metrics().items()
        if name.startswith("cadence_fault_layer{") and value == 1
    }


@pytest.mark.parametrize("what", LAYERS)
def test_an_outage_is_seen_and_its_layer_named_and_it_ends(lab, what):
    with lab.product() as product:
        product.wait_until_up()
        assert layers(product) == set()
        with lab.outage(what):
            wait_for(lambda: product.state() == "DOWN", lambda: f"DOWN: {product.output[-3000:]}", SEEN_WITHIN_S)
            wait_for(
                lambda: layers(product) == {LAYERS[what]},
                lambda: f"{layers(product)}: {product.output[-3000:]}",
                SEEN_WITHIN_S,
            )
        wait_for(lambda: product.state() == "UP", lambda: f"UP: {product.output[-3000:]}", SEEN_WITHIN_S)
        assert layers(product) == set()
        assert lab.internet.writes == []


def test_a_dead_line_is_still_named_when_the_way_is_traced_again(lab):
    """By then the router has given up looking for the next one, and complains under its own public address."""
    with lab.product({"loop": {"interval": "20s"}}) as product:
        product.wait_until_up()
        with lab.outage("access"):
            wait_for(lambda: layers(product) == {"access"}, lambda: product.output[-3000:], SEEN_WITHIN_S)
            packets = product.metric("cadence_trace_packets_total")
            wait_for(
                lambda: product.metric("cadence_trace_packets_total") > packets, lambda: product.output[-3000:], 180.0
            )
            product.check()
            product.wait_for_cycles(2)
            assert layers(product) == {"access"}


@pytest.mark.parametrize("what", BREAKS_SOMETHING_ELSE)
def test_what_is_broken_beside_a_working_path_is_no_outage(lab, what):
    with lab.product() as product:
        product.wait_until_up()
        with lab.outage(what):
            product.check()
            wait_for(
                lambda: layers(product) == {BREAKS_SOMETHING_ELSE[what]}, lambda: product.output[-3000:], SEEN_WITHIN_S
            )
            assert product.state() != "DOWN"
        product.check()
        wait_for(lambda: product.state() == "UP" and not layers(product), lambda: product.output[-3000:], SEEN_WITHIN_S)
        assert lab.internet.writes == []


@pytest.mark.parametrize("what", ["noping", "doh", "stun", "provider"])
def test_a_path_that_works_is_not_called_broken(lab, what):
    with lab.outage(what), lab.product() as product:
        product.wait_until_up()
        product.check()
        product.wait_for_cycles(1)
        assert product.state() == "UP"
        assert product.metric('cadence_outages_total{layer="wan"}') == 0


def test_a_provider_that_does_not_answer_is_named(lab):
    with lab.product() as product:
        product.wait_until_up()
        with lab.outage("provider"):
            lab.renumber()
            product.check()
            wait_for(lambda: layers(product) == {"remote"}, lambda: product.output[-3000:], SEEN_WITHIN_S)
        wait_for(lambda: lab.internet.published() == [lab.line.address], lambda: product.output[-3000:], SEEN_WITHIN_S)


def test_a_portal_in_the_way_is_down_and_writes_nothing(lab):
    with lab.product() as product:
        product.wait_until_up()
        with lab.outage("captive"):
            product.check()
            wait_for(lambda: product.state() == "DOWN", lambda: product.output[-3000:], SEEN_WITHIN_S)
        wait_for(lambda: product.state() == "UP", lambda: product.output[-3000:], SEEN_WITHIN_S)
        assert lab.internet.writes == []
