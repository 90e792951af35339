"""A headless Chromium, spoken to over a pipe in its own DevTools protocol (messages of JSON, each ended by a NUL)."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

FOUND = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_S = 60.0
"""For a machine on which everything else runs too."""
_FLAGS = (
    "--headless",
    "--no-sandbox",  # it refuses to be sandboxed by root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--force-color-profile=srgb",
    "--proxy-server=http://127.0.0.1:9",  # where nobody is: nothing but loopback is reachable
    "--remote-debugging-pipe",
)
_BECOME = """
import os, sys
ends = [os.dup2(int(fd), 100 + place) for place, fd in enumerate(sys.argv[1:3])]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads its commands from file descriptor 3 and answers on 4."""


class Chromium:
    """One browser with one tab, and a folder of its own. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        assert FOUND is not None
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        given = [str(theirs_in), str(theirs_out), FOUND, *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
        command = [sys.executable, "-c", _BECOME, *given]
        self._log = (folder.parent / f"{folder.name}.log").open("wb")
        self._process = subprocess.Popen(
            command, pass_fds=(theirs_in, theirs_out), stdout=self._log, stderr=subprocess.STDOUT
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._number = 0
        self._buffer = b""
        self.events: list[dict[str, Any]] = []
        """What the browser said without being asked: console messages, violations, loads."""
        self._session: str | None = None

    def __enter__(self) -> Self:
        try:
            self._attach()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _attach(self) -> None:
        targets = self.call("Target.getTargets")["targetInfos"]
        tab = next(each["targetId"] for each in targets if each["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, AssertionError):
            self._session = None
            self.call("Browser.close")
        os.close(self._out)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        os.close(self._in)
        self._log.close()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its answer; events that come meanwhile are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._send(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def look(self, width: int, height: int, *, dark: bool) -> None:
        """A screen of this size, for somebody who likes it dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Go there, until it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(each.get("method") == "Page.loadEventFired" for each in self.events):
            self.events.append(self._next())

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press_tab(self) -> None:
        """The key that goes from one link to the next."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)

    def picture(self, *, whole: bool = False) -> bytes:
        """What is to be seen, as PNG; ``whole``: the page to its end."""
        return base64.b64decode(
            self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole))["data"]
        )

    def _clip(self, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def complaints(self) -> list[str]:
        """Errors of the console and violations of the security policy since the page was opened."""
        self.run("0")
        entries = [each["params"]["entry"] for each in self.events if each.get("method") == "Log.entryAdded"]
        thrown = [each["params"] for each in self.events if each.get("method") == "Runtime.exceptionThrown"]
        return [each["text"] for each in entries if each["level"] in ("error", "warning")] + [
            str(each) for each in thrown
        ]

    def requests(self) -> list[str]:
        """Every address that was asked since the page was opened."""
        sent = [each["params"] for each in self.events if each.get("method") == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent]

    def _send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._out, data) :]

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while b"\0" not in self._buffer:
            readable, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            assert readable, "Chromium does not answer"
            piece = os.read(self._in, 1 << 16)
            assert piece, "Chromium is gone"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found
