"""How fast, how quiet: the real program in many labs at once, in real time. Goes on where it was stopped; writes docs/LAB.md."""

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.blackbox.instance import wait_for
from tests.lab import places
from tests.lab.flood import Flood
from tests.lab.lab import Lab, missing
from tests.lab.page import write_page
from tests.lab.product import ROOT, Product

MODES: Mapping[str, tuple[bool, Mapping[str, Any]]] = {
    "announcing": (True, {}),
    "tripwire": (False, {}),
    "poll": (False, {"wan": {"tripwire": "off"}}),
}
"""Whether the router speaks, and what is changed of the default settings."""
OUTAGES = ("upstream", "isp", "access", "gateway", "link")
BATCH = 5
PATIENCE_S = 400.0
_PHASES = {"announcing": (5.0, 65.0), "tripwire": (5.0, 65.0), "poll": (5.0, 195.0)}
"""Seconds of rest before something happens: for the poll alone a whole turn of it, so that every phase has its chance."""
_SETTLE_S = 600.0
_POLL_S = 0.1
_NICE = 5

Line = dict[str, Any]


def main() -> None:
    options = _options()
    if missing():
        sys.exit(missing())
    if options.worker:
        os.nice(_NICE)
        for line in _WORK[options.worker](options.mode, options.count, options.seed, options.seconds):
            _note(options.ledger, {"kind": options.worker, "mode": options.mode, "at": _revision(), **line})
        return
    options.ledger.parent.mkdir(parents=True, exist_ok=True)
    if not options.only_page:
        with ThreadPoolExecutor(options.labs) as pool:
            list(pool.map(lambda batch: _run(options, *batch), list(_left_to_do(options))))
    write_page(_lines(options.ledger), options.page, options.labs, options.remark)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.measure", description=__doc__)
    parser.add_argument("--labs", type=int, default=6, help="how many at once")
    parser.add_argument("--renumberings", type=int, default=30, help="in each mode")
    parser.add_argument("--outages", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=3600.0, help="length of the healthy watch")
    parser.add_argument("--modes", nargs="*", default=list(MODES), choices=list(MODES))
    parser.add_argument("--kinds", nargs="*", default=["healthy", "renumber", "swap", "outage", "flood"])
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--ledger", type=Path, default=ROOT / "build/lab.jsonl")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/LAB.md")
    parser.add_argument("--remark", default="", help="what whoever reads the page should know of this measurement")
    parser.add_argument("--only-page", action="store_true", help="measure nothing, write the page from the ledger")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--mode", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _left_to_do(options: argparse.Namespace) -> Iterator[tuple[str, str, int, int]]:
    """Batches of kind, mode, count and seed; the long ones first."""
    done = Counter((line["kind"], line["mode"]) for line in _lines(options.ledger))
    wanted = [("healthy", mode, 1) for mode in options.modes]
    wanted += [("renumber", mode, options.renumberings) for mode in reversed(options.modes)]
    wanted += [("swap", mode, options.renumberings) for mode in ("announcing", "tripwire") if mode in options.modes]
    wanted += [("outage", mode, options.outages) for mode in ("announcing", "tripwire") if mode in options.modes]
    wanted += [("flood", "announcing", 2)]
    for kind, mode, count in wanted:
        left = count - done[kind, mode] if kind in options.kinds else 0
        for number, start in enumerate(range(0, left, BATCH)):
            yield kind, mode, min(BATCH, left - start), options.seed * 1000 + done[kind, mode] + number


def _run(options: argparse.Namespace, kind: str, mode: str, count: int, seed: int) -> None:
    command = [sys.executable, "-m", "tests.lab.measure", "--worker", kind, "--mode", mode, "--count", str(count)]
    command += ["--seed", str(seed), "--seconds", str(options.seconds), "--ledger", str(options.ledger)]
    ended = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode
    print(f"{kind} {mode} x{count}: {'done' if ended == 0 else f'ended with {ended}'}", flush=True)


def _swaps(mode: str, count: int, seed: int, seconds: float) -> Iterator[Line]:
    """The same without the rest that a DHCP client takes."""
    yield from _renumberings(mode, count, seed, seconds, at_once=True)


def _renumberings(mode: str, count: int, seed: int, _: float, *, at_once: bool = False) -> Iterator[Line]:
    """Another address at a random moment: from the old one's end, and from the new one's start, to the provider's yes."""
    chance = random.Random(seed)  # noqa: S311 - phases, no secrets
    with _lab(mode) as lab, lab.product(MODES[mode][1]) as product:
        for _ in range(count):
            _healthy(product)
            _rest(chance.uniform(*_PHASES[mode]))
            calls, began = lab.internet.calls(), time.monotonic()
            change = lab.line.swap() if at_once else lab.renumber()
            written = _until(lambda: lab.written(change.address, began), PATIENCE_S)  # noqa: B023 - called at once
            up = _until(lambda: product.state() == "UP", PATIENCE_S) if written else None
            yield {
                "from_lost": written and written - change.lost_at,
                "from_new": written and written - change.new_at,
                "up": up and time.monotonic() - change.new_at,
                "calls": sum(lab.internet.calls().values()) - sum(calls.values()),
                "wrong": sum(each.content != change.address for each in lab.internet.writes if each.at >= began),
                "rings": _rings(product),
            }


def _outages(mode: str, count: int, seed: int, _: float) -> Iterator[Line]:
    """Something breaks at a random moment: until /metrics says DOWN, and UP after its end."""
    chance = random.Random(seed)  # noqa: S311 - phases, no secrets
    with _lab(mode) as lab, lab.product(MODES[mode][1]) as product:
        for _ in range(count):
            _healthy(product)
            _rest(chance.uniform(*_PHASES[mode]))
            what, told = chance.choice(OUTAGES), len(_told(product))
            with lab.outage(what):
                on = time.monotonic()
                down = _until(lambda: product.metric('cadence_state{state="down"}') == 1, PATIENCE_S)
                took = down and time.monotonic() - on
                _rest(chance.uniform(5.0, 90.0))
                layer = _layer(product)
            # The end of a broken link is when the router has its address again.
            off = time.monotonic()
            up = _until(lambda: product.metric('cadence_state{state="up"}') == 1, PATIENCE_S)
            yield {
                "what": what,
                "down": took,
                "up": up and time.monotonic() - off,
                "layer": layer,
                "told": _told(product, told),
            }


def _quiet(mode: str, _: int, __: int, seconds: float) -> Iterator[Line]:
    """Calls at the servers while nothing happens; counted from ten minutes after UP on, the first look at the record is over."""
    with _lab(mode) as lab, lab.product(MODES[mode][1]) as product:
        _healthy(product)
        _rest(_SETTLE_S)
        began, questions, packets = time.monotonic(), lab.internet.doh_questions(), lab.internet.stun_questions()
        cpu = _cpu_s(product)
        _rest(seconds)
        calls = lab.internet.calls(began) | {"doh": lab.internet.doh_questions() - questions}
        yield {
            "seconds": time.monotonic() - began,
            "calls": calls,
            "total": sum(calls.values()),
            "stun": lab.internet.stun_questions() - packets,
            "cpu_s": _cpu_s(product) - cpu,
            "state": product.state(),
        }


def _floods(mode: str, _: int, seed: int, __: float) -> Iterator[Line]:
    """A minute of a thousand forged announcements a second, from a guest's address and from the gateway's own."""
    for source in (places.GUEST, places.GATEWAY):
        with _lab(mode) as lab, lab.product(MODES[mode][1]) as product:
            _healthy(product)
            _rest(20.0)
            cycles, cpu, began, slowest = product.cycles(), _cpu_s(product), time.monotonic(), 0.0
            flood = Flood(lab.box, source, 1000, seed)
            with flood.running():
                while time.monotonic() < began + 60:
                    asked = time.monotonic()
                    assert product.get("/-/healthy")[0] == 200
                    slowest = max(slowest, time.monotonic() - asked)
                    _rest(0.5)
                cpu = _cpu_s(product) - cpu
            calls = lab.internet.calls(began)
            yield {
                "source": "gateway" if source == places.GATEWAY else "guest",
                "sent": flood.sent,
                "calls": calls,
                "total": sum(calls.values()),
                "writes": len(lab.internet.writes),
                "cycles": product.cycles() - cycles,
                "cpu_s": cpu,
                "slowest_s": slowest,
                "state": product.state(),
                "rss_kib": _rss_kib(product),
                "ignored": {
                    k: v for k, v in product.metrics().items() if k.startswith("cadence_listener_ignored_total") and v
                },
            }


_WORK: Mapping[str, Callable[[str, int, int, float], Iterator[Line]]] = {
    "renumber": _renumberings,
    "swap": _swaps,
    "outage": _outages,
    "healthy": _quiet,
    "flood": _floods,
}


def _lab(mode: str) -> Lab:
    return Lab(router_announces=MODES[mode][0])


def _healthy(product: Product) -> None:
    """UP, and what was written is seen by the resolvers: only then are the looks as far apart as they are in a quiet home."""
    wait_for(lambda: _is_quiet(product.status()), lambda: f"UP and seen: {product.output[-3000:]}", PATIENCE_S)


def _is_quiet(status: Mapping[str, Any]) -> bool:
    return status["state"] == "UP" and all(
        record["in_sync"] and record["change"] is None for record in status["records"]
    )


def _rest(seconds: float) -> None:
    threading.Event().wait(seconds)


def _until(true: Callable[[], Any], patience_s: float) -> Any:
    """What ``true`` returns as soon as it is true; None when that takes too long. Asked ten times a second."""
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        value = true()
        if value:
            return value
        _rest(_POLL_S)
    return None


def _layer(product: Product) -> str:
    layers = [
        name for name, value in product.metrics().items() if name.startswith("cadence_fault_layer{") and value == 1
    ]
    return layers[0].partition('="')[2].rstrip('"}') if layers else ""


def _told(product: Product, after: int = 0) -> list[list[str]]:
    """What the log says of where it broke."""
    lines = [line for line in product.log if line.get("subject") == "BROKE_AT"]
    return [[str(line.get(key)) for key in ("status", "why", "last_hop", "traced")] for line in lines[after:]]


def _rings(product: Product) -> dict[str, float]:
    found = {k: v for k, v in product.metrics().items() if k.startswith("cadence_wakeups_total") and v}
    return {name.partition('="')[2].rstrip('"}'): value for name, value in found.items()}


def _cpu_s(product: Product) -> float:
    fields = Path(f"/proc/{product.daemon.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_kib(product: Product) -> int:
    lines = Path(f"/proc/{product.daemon.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _revision() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or os.environ.get("LAB_REVISION", "unknown")


def _note(ledger: Path, line: Line) -> None:
    with ledger.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _lines(ledger: Path) -> list[Line]:
    return [json.loads(line) for line in ledger.read_text().splitlines()] if ledger.exists() else []


if __name__ == "__main__":
    main()
