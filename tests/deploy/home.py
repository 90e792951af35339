"""A home for containers: a network with this host and a router that answers, and nothing behind it."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.images import STAND_INS, build, make_base, make_stand_in

REPOSITORY = Path(__file__).parents[2]
FILE = REPOSITORY / "deploy/compose/compose.yaml"
IMAGES = {name: each["image"] for name, each in yaml.safe_load(FILE.read_text())["services"].items()}
HUB = ("docker", "io")
HOST, ROUTER = "192.168.77.2", "192.168.77.1"
PATIENCE_S = 90.0
NAMESPACES = Path("/run/netns")


def at_docker_hub(image: str) -> str:
    """The full name that podman looks for."""
    return ".".join(HUB) + "/" + (image if "/" in image else f"library/{image}")


def base_image() -> str:
    """What the recipe starts from."""
    recipe = (REPOSITORY / "deploy/image/Dockerfile").read_text()
    (name,) = re.findall(r"^ARG BASE=(.+)$", recipe, flags=re.MULTILINE)
    return str(name)


def made_by_podman() -> str:
    """Every image of the stack that can be had here; returns Cadence's."""
    make_base(at_docker_hub(base_image()))
    for service in STAND_INS:
        make_stand_in(service, at_docker_hub(IMAGES[service]))
    build(at_docker_hub(IMAGES["cadence-exporter"]))
    return at_docker_hub(IMAGES["cadence-exporter"])


def ip(*words: str) -> None:
    """The command of iproute2."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Home:
    """Two network namespaces. ``enter`` goes before a command that is to run in the host's."""

    def __init__(self, name: str) -> None:
        self.host, self.router = f"cad-{name}-{os.getpid()}", f"cad-{name}-router-{os.getpid()}"
        self.enter = ["nsenter", f"--net=/run/netns/{self.host}"]

    def plug_in(self) -> None:
        """The cable, the address and the way out."""
        ip("-n", self.host, "link", "set", "eth0", "up")
        ip("-n", self.host, "route", "replace", "default", "via", ROUTER)

    def unplug(self) -> None:
        """The way out goes with the link."""
        ip("-n", self.host, "link", "set", "eth0", "down")

    def ask(self, url: str) -> Any:
        """The JSON at ``url``, asked from the host; ``None`` when nothing of the kind comes."""
        script = f"import urllib.request as u; print(u.urlopen({url!r}, timeout=5).read().decode())"
        done = subprocess.run([*self.enter, sys.executable, "-c", script], capture_output=True, text=True, check=False)
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(done.stdout)
        return None


def left_behind(names: Iterable[str], is_alive: Callable[[int], bool]) -> list[str]:
    """The namespaces of test runs that were killed: their names end in the number of a process that is gone."""
    made = [(name, re.fullmatch(r"cad-[a-z-]+-(\d+)", name)) for name in names]
    return [name for name, numbered in made if numbered and not is_alive(int(numbered[1]))]


def sweep() -> None:
    """What a killed run could not remove."""
    names = [each.name for each in NAMESPACES.iterdir()] if NAMESPACES.is_dir() else []
    for each in left_behind(names, lambda number: Path(f"/proc/{number}").exists()):
        subprocess.run(["ip", "netns", "delete", each], check=False, capture_output=True)


@contextlib.contextmanager
def a_home(name: str) -> Iterator[Home]:
    """Made and removed again."""
    sweep()
    home = Home(name)
    try:
        for each in (home.host, home.router):
            ip("netns", "add", each)
            ip("-n", each, "link", "set", "lo", "up")
        ip("-n", home.host, "link", "add", "eth0", "type", "veth", "peer", "name", "lan", "netns", home.router)
        ip("-n", home.host, "address", "add", f"{HOST}/24", "dev", "eth0")
        ip("-n", home.router, "address", "add", f"{ROUTER}/24", "dev", "lan")
        ip("-n", home.router, "link", "set", "lan", "up")
        home.plug_in()
        yield home
    finally:
        for each in (home.host, home.router):
            subprocess.run(["ip", "netns", "delete", each], check=False, capture_output=True)


def until(what: Callable[[], Any], why: str, patience_s: float = PATIENCE_S) -> Any:
    """The first value of ``what`` that is true."""
    ends = time.monotonic() + patience_s
    while not (found := what()):
        assert time.monotonic() < ends, f"not {why}"
        time.sleep(1)
    return found
