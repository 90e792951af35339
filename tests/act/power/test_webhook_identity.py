"""The text that must stand in the answer of a webhook's state, as the settings keep it: in lower case, a MAC address without colons."""

import pytest

from cadence_exporter.act.power.webhook import Hooks, Webhook
from cadence_exporter.clock import SystemClock
from cadence_exporter.model.instants import later
from cadence_exporter.model.power import plain_id
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from tests.conftest import Loopback

CLOCK = SystemClock()


@pytest.mark.parametrize(
    ("pinned", "shown", "same"),
    [
        ("Modem-Plug", '{"name": "Modem-Plug"}', True),
        ("A8:03:2A:BE:54:DC", '{"mac": "A8:03:2A:BE:54:DC"}', True),
        ("a8-03-2a-be-54-dc", '{"mac": "A8032ABE54DC"}', True),
        ("A8:03:2A:BE:54:DC", '{"mac": "A8:03:2A:BE:54:DD"}', False),
        ("Modem-Plug", '{"name": "Freezer"}', False),
    ],
)
def test_a_pinned_identity_is_found_however_it_is_written(
    loopback: Loopback, pinned: str, shown: str, same: bool
) -> None:
    body = shown.encode()
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    state = (
        f"http://127.0.0.1:{loopback.serve(lambda connection: (connection.recv(4096), connection.sendall(answer)))}/"
    )
    hooks = Hooks(cut=state, turn_on=state, state=state, on_text="ON", off_text="OFF")
    webhook = Webhook(Https(CLOCK, CallLog()), "actuator", hooks, plain_id(pinned))
    found = webhook.identify(later(CLOCK.monotonic(), 3.0))
    assert (found.id == plain_id(pinned)) is same
