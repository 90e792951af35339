"""Who starts the demonstration and opens its page sees a home in which things happen."""

import http.client
import os
import signal
import socket
import subprocess
import sys

import pytest

from tests.blackbox.instance import wait_for

SPEED = 6
A_MINUTE_S = 60.0 / SPEED + 20.0
"""A minute of the story, and what a busy machine may take to get there."""

pytestmark = pytest.mark.slow


@pytest.fixture
def port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "cadence_exporter",
        "demo",
        "--speed",
        str(SPEED),
        "--listen",
        f"127.0.0.1:{number}",
    ]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, cwd=tmp_path, env={**os.environ, "TZ": "UTC"}
        )
    try:
        yield number
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def page(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_within_a_minute_the_page_shows_a_change_an_outage_and_a_record_kept_right(port):
    def lively():
        found = page(port)
        wanted = (
            "Last 10 minutes",
            'class="bar-up"',
            'class="bar-down"',
            'class="up">in sync',
            "public address 93.184.216.34 → 81.2.69.142",
            "outage over after",
            "published after",
            "NET_HEALTH",
        )
        return all(each in found for each in wanted)

    wait_for(lively, lambda: f"a lively page: {page(port)[-6000:]}", A_MINUTE_S)
