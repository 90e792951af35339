"""Runs inside the namespace of a home: the product's UPnP parts against the real miniupnpd. Prints what happened as one JSON object."""

import json
import subprocess
import sys
import threading
import time
from ipaddress import IPv4Address
from pathlib import Path

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import later
from cadence_exporter.observe.gateway import default_gateway
from cadence_exporter.observe.listeners import upnp
from cadence_exporter.observe.listeners.board import ListenerBoard
from cadence_exporter.observe.listeners.supervisor import Supervisor
from cadence_exporter.observe.public_ip.upnp import UpnpGateway

CLOCK = SystemClock()
FOLDER = Path(sys.argv[2])
ROUTER = ("nsenter", "-t", sys.argv[1], "-n")
CONFIG = """ext_ifname=wan0
listening_ip=lan
enable_natpmp=no
enable_upnp=yes
uuid=00000000-0000-0000-0000-000000000001
lease_file={0}/leases
"""
upnp.RENEW_S = 1.0  # a reboot is noticed within a second instead of a minute


class Events:
    def __init__(self):
        self.rings, self.told = [], []
        self.news = threading.Condition()

    def ring(self, reason):
        with self.news:
            self.rings.append((reason, time.monotonic()))
            self.news.notify_all()

    def tell(self, hearing):
        with self.news:
            self.told.append(hearing.up)
            self.news.notify_all()

    def until(self, test):
        with self.news:
            return self.news.wait_for(test, 15)


class Loud:
    def caught(self, where, error):
        raise error


def at_the_router(*command):
    subprocess.run([*ROUTER, *command], check=True)


def start_miniupnpd():
    (FOLDER / "conf").write_text(CONFIG.format(FOLDER))
    log = (FOLDER / "log").open("a")
    return subprocess.Popen(
        [*ROUTER, "miniupnpd", "-d", "-f", str(FOLDER / "conf"), "-P", str(FOLDER / "pid")], stdout=log, stderr=log
    )


def word(gateway):
    """The router's word, once it has one to give."""
    address, until = default_gateway().address, later(CLOCK.monotonic(), 15)
    while True:
        try:
            return gateway.ask(address, later(CLOCK.monotonic(), 5))
        except ProbeFailed:
            if CLOCK.monotonic() > until:
                raise
            time.sleep(0.05)


def rung_after(events, change):
    """Seconds from a change to the ring that it causes; None when there is none."""
    before, began = len(events.rings), time.monotonic()
    change()
    if not events.until(lambda: len(events.rings) > before):
        return None
    return events.rings[before][1] - began


def scenario(facts):
    daemon = start_miniupnpd()
    events = Events()
    supervisor = None
    try:
        gateway = UpnpGateway(CLOCK, rest_s=0.0)
        wan = word(gateway)
        facts["word"] = [str(wan.address), wan.by, wan.epoch_s < 60]
        board = ListenerBoard(events.ring, events.tell)
        listener = upnp.UpnpEvents(lambda: IPv4Address(default_gateway().address), CLOCK)
        supervisor = Supervisor([listener], board, CLOCK, Loud())
        supervisor.start()
        facts["up"] = events.until(lambda: True in events.told)
        facts["rings at first"] = len(events.rings)
        facts["loss"] = rung_after(events, lambda: at_the_router("ip", "addr", "flush", "dev", "wan0"))
        facts["word without an address"] = str(word(gateway).address)
        facts["renumbered"] = rung_after(
            events, lambda: at_the_router("ip", "addr", "add", "93.184.216.34/24", "dev", "wan0")
        )
        facts["new word"] = str(word(gateway).address)
        time.sleep(2.5 * upnp.RENEW_S)  # two renewals that the real router grants
        facts["told before the reboot"] = list(events.told)
        daemon.kill()
        daemon.wait()
        at_the_router("ip", "addr", "flush", "dev", "wan0")
        at_the_router("ip", "addr", "add", "81.2.69.150/24", "dev", "wan0")
        began = time.monotonic()
        rings = len(events.rings)
        daemon = start_miniupnpd()
        facts["rung after the reboot"] = events.until(lambda: len(events.rings) > rings)
        facts["reboot took"] = time.monotonic() - began
        facts["hears again"] = events.until(lambda: events.told[-1] is True)
        facts["word after the reboot"] = str(word(gateway).address)
        facts["reasons"] = sorted({reason for reason, _ in events.rings})
    finally:
        if supervisor is not None:
            supervisor.stop()
            facts["ended"] = supervisor.join(5)
        daemon.kill()
        daemon.wait()


found: dict[str, object] = {}
scenario(found)
print(json.dumps(found))
