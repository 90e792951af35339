"""The real process with every sink switched on, against the services' protocols on loopback. Its secrets are looked for everywhere."""

import base64
import json
from pathlib import Path

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.home import Home
from tests.blackbox.host import stop_in_time
from tests.blackbox.instance import QUICK, Instance, wait_for
from tests.fakes.google import EMAIL, LOST, SPREADSHEET, FakeGoogle, serving

MOVED = "81.2.69.142"
CANARY = "hunter2canary"
MOST_MEMORY_KIB = 64 * 1024


class Outside:
    """Sheets, a phone and a heartbeat behind one port; ``broken`` is what each answers instead."""

    def __init__(self):
        self.google = FakeGoogle(SystemClock())
        self.messages = []
        self.pings = []
        self.broken = None
        self.asked = []
        """Every path; also of who is never answered."""

    def answer(self, method, path, headers, body):
        self.asked.append(path)
        if self.broken is not None:
            return self.broken, {}, f"{CANARY} {headers}".encode()
        if path.startswith(f"/ping/{CANARY}"):
            self.pings.append((method, path, body))
            return 200, {}, b"OK"
        if path.startswith(f"/phone/{CANARY}"):
            self.messages.append(json.loads(body))
            return 200, {}, b"{}"
        return self.google.handle(method, path, headers, body)

    @property
    def row(self):
        """The home's, by column."""
        lines = self.google.tabs["Cadence"].lines() if "Cadence" in self.google.tabs else []
        return dict(zip(*lines[:2], strict=True)) if len(lines) > 1 else {"state": "not there"}

    @property
    def secrets(self):
        """What must be nowhere: the account, pieces of its key in several spellings, the URLs, the tokens."""
        account = json.loads(self.google.account())
        key = "".join(account["private_key"].splitlines()[1:-1])
        pieces = [key[at : at + 24] for at in range(0, len(key) - 24, 48)]
        encoded = [base64.b64encode(CANARY.encode()).decode().rstrip("=")[:12]]
        return [CANARY, EMAIL, "token-1", "assertion=", *pieces, *encoded]


@pytest.fixture
def home():
    with Home(longest_ttl_s=0.2, negative_ttl_s=0.2) as home:
        yield home


@pytest.fixture
def outside():
    return Outside()


def settings(home, folder, url, outside, **changes):
    return {
        **home.as_settings(folder / "state"),
        "loop": QUICK,
        "log": {"format": "json", "level": "debug"},
        "sheets": {
            "enabled": True,
            "spreadsheet": SPREADSHEET,
            "credentials": outside.google.account(f"{url}/token"),
            "base_url": url,
        },
        "notify": {"urls": [f"{url.replace('http:', 'json:')}/phone/{CANARY}"], "quiet_period": "0s"},
        "heartbeat": {"url": f"{url}/ping/{CANARY}"},
        **changes,
    }


def leaked(instance, outside, folder):
    """Secrets in what the process wrote, shows or keeps."""
    shown = [instance.output, *(instance.get(path)[1] for path in ("/", "/metrics", "/api/v1/status"))]
    files = (path for path in (folder / "state").rglob("*") if path.is_file())
    shown += [path.read_bytes().decode("latin-1") for path in files]
    shown += [Path(f"/proc/{instance.process.pid}/cmdline").read_text()]
    return {secret for secret in outside.secrets if any(secret in text for text in shown)}


def told(outside):
    """Secrets in what was told."""
    text = json.dumps([[grid.lines() for grid in outside.google.tabs.values()], outside.messages])
    return {secret for secret in outside.secrets if secret in text}


def test_a_home_tells_of_itself_and_of_what_happens_and_no_secret_is_anywhere(home, outside, tmp_path):
    with serving(outside.answer) as url, Instance(tmp_path, settings(home, tmp_path, url, outside)) as instance:
        instance.wait_until_up()
        wait_for(lambda: outside.row["state"] == "UP", lambda: f"the row: {instance.output[-3000:]}")
        wait_for(lambda: outside.pings, "a ping")
        assert outside.pings[0][0] == "GET"
        wait_for(lambda: outside.messages, "word of the record that was made")
        home.cut_wan()
        wait_for(lambda: instance.state() == "DOWN", "DOWN")
        home.change_address(MOVED)
        home.restore_wan()
        instance.wait_until_up()
        wait_for(lambda: len(outside.messages) > 1, lambda: f"the message: {instance.output[-3000:]}")
        assert [message["title"] for message in outside.messages][:2] == [
            "pretend-home: DNS updated",
            "pretend-home: back online, new address",
        ]
        wait_for(
            lambda: (
                {line[2] for line in outside.google.log_of("Cadence log pretend-home")} >= {"outage", "address", "dns"}
            ),
            lambda: f"the log: {outside.google.tabs}",
        )
        assert MOVED in json.dumps(outside.messages)
        assert instance.metric('cadence_sink_up{sink="sheets"}') == 1
        lines = [fact for fact in instance.log if fact.get("subject") == "GSHEET"]
        assert lines[0]["status"] == "OK"
        assert lines[0]["rtt"].endswith("ms")
        status = {each["name"]: each for each in instance.status()["sinks"]}
        assert [status[name]["up"] for name in ("sheets", "notify", "heartbeat")] == [True, True, True]
        assert memory_kib(instance) < MOST_MEMORY_KIB
        assert leaked(instance, outside, tmp_path) == set()
        assert told(outside) == set()
        assert instance.stop() == 0


@pytest.mark.parametrize("broken", [500, 403, 429, 302, LOST])
def test_sinks_that_refuse_or_hang_hold_nothing_up_and_give_nothing_away(home, outside, tmp_path, broken):
    outside.broken = broken
    with serving(outside.answer) as url, Instance(tmp_path, settings(home, tmp_path, url, outside)) as instance:
        instance.wait_until_up()
        home.change_address(MOVED)
        wait_for(lambda: home.published() == [MOVED], "the change")
        instance.wait_for_cycles(5)
        if broken != LOST:
            wait_for(lambda: instance.metric('cadence_sink_up{sink="sheets"}') == 0, "the failure")
            wait_for(lambda: instance.metric('cadence_sink_up{sink="heartbeat"}') == 0, "the failure")
            assert any(f.get("subject") == "GSHEET" and f["status"] == "FAILED" and f["why"] for f in instance.log)
        else:  # all three are in the middle of it when the process is told to end
            hung = ("/token", f"/phone/{CANARY}", f"/ping/{CANARY}")
            wait_for(lambda: all(place in outside.asked for place in hung), lambda: f"{outside.asked}")
        assert instance.metric('cadence_sink_backlog{sink="sheets"}') >= 1
        assert leaked(instance, outside, tmp_path) == set()
        stop_in_time(instance)


def test_what_could_not_be_told_is_told_by_the_next_process_once(home, outside, tmp_path):
    outside.broken = 500
    with serving(outside.answer) as url:
        made = settings(home, tmp_path, url, outside)
        with Instance(tmp_path, made) as instance:
            instance.wait_until_up()
            home.change_address(MOVED)
            wait_for(lambda: home.published() == [MOVED], "the change")
            wait_for(lambda: (instance.metric('cadence_sink_backlog{sink="notify"}') or 0) >= 2, "what waits")
            instance.kill()
        outside.broken = None
        for _ in range(2):
            with Instance(tmp_path, made) as instance:
                instance.wait_until_up()
                wait_for(lambda: outside.row["state"] == "UP", "the row")
                wait_for(lambda: instance.metric('cadence_sink_backlog{sink="notify"}') == 0, "told")
                wait_for(lambda: instance.metric('cadence_sink_backlog{sink="sheets"}') == 0, "told")
                instance.kill()
    ids = [line[0] for line in outside.google.log_of("Cadence log pretend-home")]
    assert len(ids) == len(set(ids)) >= 2
    assert sum(MOVED in message["message"] for message in outside.messages) == 1


def memory_kib(instance):
    """Resident now."""
    lines = Path(f"/proc/{instance.process.pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
