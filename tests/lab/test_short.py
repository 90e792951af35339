"""The lab at its shortest, for every run of the tests: an address change, and an outage."""

import pytest

from tests.blackbox.instance import wait_for

pytestmark = pytest.mark.real_server


def test_a_new_address_is_published_and_an_outage_is_seen_and_over(lab):
    with lab.product() as product:
        product.wait_until_up()
        new = lab.renumber().address
        wait_for(lambda: lab.internet.published() == [new], lambda: product.output[-3000:])
        product.wait_until_up()
        with lab.outage("upstream"):
            wait_for(lambda: product.state() == "DOWN", lambda: product.output[-3000:], 40.0)
        wait_for(lambda: product.state() == "UP", lambda: product.output[-3000:], 60.0)
        assert [write.content for write in lab.internet.writes] == [new]
