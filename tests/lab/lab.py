"""A home network of its own: the product at home, a router, the provider of its line, and an internet, on one machine."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Self

from tests.lab import places
from tests.lab.internet import Internet
from tests.lab.line import Line, Renumbering
from tests.lab.namespaces import PATH, Namespaces, environ
from tests.lab.outages import Outages
from tests.lab.product import Product

TOOLS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ip": "iproute2",
    "nft": "nftables",
    "dnsmasq": "dnsmasq-base",
    "udhcpc": "udhcpc",
    "miniupnpd": "miniupnpd-nftables",
    "turnserver": "coturn",
    "unbound": "unbound",
    "dnsdist": "dnsdist",
    "knotd": "knot",
}
"""What the lab is made of, and the Debian packages that bring it."""
_START_S = 30.0


@lru_cache(maxsize=1)
def missing() -> str:
    """Why there can be no lab on this machine; empty when there can."""
    if os.geteuid() != 0:
        return "the lab makes network namespaces: needs root"
    absent = [name for name in TOOLS if shutil.which(name, path=PATH) is None]
    if absent:
        return f"not installed: {', '.join(f'{name} (Debian package {TOOLS[name]})' for name in absent)}"
    refused = _refused()
    return f"this machine allows root no networks of its own: {refused}" if refused else ""


def _refused() -> str:
    """What the kernel says to the kinds of things that the lab is made of, in a namespace that ends at once; empty: nothing."""
    sample = "mount -t tmpfs lab /run && ip link add name one type veth && ip link add name two type bridge && nft add table inet lab"
    command = ["unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc", "sh", "-ec", sample]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_START_S, env=environ())
    return done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""


class Lab:
    """Up while its block lasts; however that ends, nothing is left. Several can be up at once."""

    def __init__(self, *, router_announces: bool = True) -> None:
        self._parts = contextlib.ExitStack()
        with contextlib.ExitStack() as parts:
            self.box = Namespaces({"SERVICE_ADDRESSES": " ".join(places.SERVICE_ADDRESSES)})
            parts.callback(self.box.close)
            self.internet = Internet(self.box, places.FIRST_LEASE)
            parts.callback(self.internet.close)
            self.line = Line(self.box)
            parts.callback(self.line.close)
            self.line.announces(wanted=router_announces)
            self.internet.wait(time.monotonic() + _START_S)
            self.outages = Outages(self.box, self.line, self.internet)
            self._parts = parts.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take it down. Calling it again does nothing."""
        self._parts.close()

    @contextlib.contextmanager
    def product(self, changes: Mapping[str, Any] | None = None) -> Iterator[Product]:
        """The product at home, with its default settings but for ``changes``."""
        running = Product(self.box, changes)
        try:
            yield running
        finally:
            running.kill()

    def renumber(self) -> Renumbering:
        """Another address on the line."""
        return self.line.renumber()

    def outage(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Something is broken while the block lasts: ``lab.outages.names`` has all there is."""
        return self.outages.of(name)

    def written(self, address: str, since: float) -> float | None:
        """When the provider accepted this content first, after that instant."""
        return next((each.at for each in self.internet.writes if each.content == address and each.at >= since), None)
