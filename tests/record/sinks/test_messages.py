import json
import os
import re
import sys
import threading

import pytest

from cadence_exporter.model.assessment import Link
from cadence_exporter.model.decision import OutageEnded
from cadence_exporter.model.delivery import Happening, Kind, Trouble
from cadence_exporter.model.memory import Layer, Outage, Phase
from cadence_exporter.model.recovery import PowerResult
from cadence_exporter.outbound.child import FewAtOnce, Said, run_child
from cadence_exporter.record.notify import say
from cadence_exporter.record.notify.messages import LONGEST_BODY, LONGEST_TITLE, compose
from cadence_exporter.record.notify.messenger import Addressee, Messenger
from cadence_exporter.record.sinks.board import SinkBoard
from cadence_exporter.record.sinks.courier import Courier
from cadence_exporter.record.sinks.outbox import Outbox
from cadence_exporter.simulate.lane import InlineLane
from tests.fakes.google import LOST, serving
from tests.record.cycles import HOME, WALL, memory
from tests.record.sinks.sink_world import World

CANARY = "hunter2canary"


class Phone(World):
    """A home with one URL for messages; ``said`` is what arrived."""

    def begin(self, run_child=None, url=f"json://{CANARY}@host"):
        self.to = Addressee(1, url)
        self.outbox = Outbox() if not hasattr(self, "to_channel") else self.outbox
        self.to_channel = self.to.channel
        self.outbox.open([self.to_channel])
        self.said = getattr(self, "said", [])
        self.code = 0
        self.board = SinkBoard(self.clock, self.outbox)
        self.board.open({self.to_channel.name: Messenger.name})
        messenger = Messenger(self.to, run_child or self.take, self.outbox, self.clock)
        self.courier = Courier(messenger, InlineLane("notify"), self.board, self.clock)

    def take(self, module, message, timeout_s):
        asked = json.loads(message)
        if "body" in asked and not self.code:
            self.said.append((asked["title"], asked["body"], asked["type"]))
        return Said(self.code, b"")

    def during(self, *, began=False, **more):
        """A cycle of an outage; ``began``: its first."""
        if began:
            self.current = Outage(self.clock.now(), more.pop("layer", Layer.WAN))
            more["outage_began"] = self.current.layer
        phase = Phase.DOWN if self.current.layer is Layer.WAN else Phase.DEGRADED
        wan = Link.DOWN if self.current.layer is Layer.WAN else Link.UP
        return self.cycle(wan=wan, after=memory(phase, outage=self.current, since=self.current.began), **more)

    def over(self, pause=180.0):
        """The cycle with which it is over."""
        return self.cycle(
            pause=pause, outage_ended=OutageEnded(self.current.began, self.clock.now(), self.current.layer)
        )


@pytest.fixture
def phone():
    phone = Phone()
    phone.cycle()
    return phone


def test_a_home_where_nothing_happens_says_nothing(phone):
    for _ in range(50):
        phone.cycle()
    assert phone.said == []
    assert phone.state.up


def test_an_outage_is_told_once_when_it_is_over(phone):
    phone.during(began=True)
    phone.during()
    assert phone.said == []
    phone.clock.seconds += 180
    phone.over()
    phone.cycle()
    ((title, body, type_),) = phone.said
    assert title == "home: back online"
    assert body.startswith("Offline ")
    assert body.endswith("(9 min), internet line.")
    assert type_ == "success"
    assert phone.state.backlog == 0


def test_all_that_happened_meanwhile_is_one_message(phone):
    phone.during(began=True)
    for _ in range(5):
        phone.move(wan=Link.DOWN)
    phone.over()
    assert len(phone.said) == 1
    assert phone.said[0][0] == "home: back online, new address"
    assert "Now 81.2.69.142, was 93.184.216.34." in phone.said[0][1]


def test_between_two_messages_there_is_quiet(phone):
    for _ in range(40):
        phone.outage(seconds=20, pause=60)
        phone.clock.seconds -= 30
    assert 3 <= len(phone.said) <= 8
    assert "outages" in phone.said[1][1]


def test_an_incident_during_which_messages_get_out_is_told_when_it_lasts(phone):
    phone.during(began=True, layer=Layer.IP)
    assert phone.said == []
    phone.during(pause=300)
    assert [title for title, _, _ in phone.said] == ["home: connection unclear"]
    phone.during(pause=600)
    phone.during(pause=600)
    assert len(phone.said) == 1
    phone.over()
    assert [title for title, _, _ in phone.said] == ["home: connection unclear", "home: back online"]


def test_a_home_on_its_way_back_up_is_no_incident_of_its_own(phone):
    phone.during(began=True)
    phone.during(pause=3600)
    climbing = memory(Phase.DEGRADED, outage=phone.current, since=phone.clock.now())
    phone.cycle(pause=3, after=climbing)
    assert phone.said == []
    phone.over(pause=3)
    assert [title for title, _, _ in phone.said] == ["home: back online"]


def test_a_short_one_is_one_message_only(phone):
    phone.during(began=True, layer=Layer.IP)
    phone.over(pause=30)
    phone.cycle()
    assert [title for title, _, _ in phone.said] == ["home: back online"]


def test_the_same_edge_of_the_same_incident_is_told_once(phone):
    cycle = phone.outage(seconds=60)
    phone.outbox.take(cycle)
    phone.outbox.take(cycle)
    assert phone.state.backlog == 1  # it was delivered before; twice more is once
    assert len(phone.said) == 1


def test_a_power_cut_is_told_with_the_outage_that_it_ended(phone):
    phone.during(began=True)
    phone.bounce(wan=Link.DOWN, after=memory(Phase.DOWN, outage=phone.current))
    phone.over()
    ((title, body, _),) = phone.said
    assert title == "home: back online"
    assert re.search(r"\. Modem off at \d\d:\d\d, 30 s, by itself\.$", body)


def test_a_power_cut_by_hand_is_told_when_the_line_is_back_not_while_it_goes(phone):
    phone.bounce(by_hand=True)
    assert phone.said == []
    phone.cycle()
    ((title, body, _),) = phone.said
    assert title == "home: modem power cut"
    assert body.endswith("30 s, by hand.")


@pytest.mark.parametrize("result", PowerResult)
def test_a_bounce_claims_no_more_than_was_done(phone, result):
    phone.bounce(result)
    phone.bounce(result)
    phone.cycle()
    ((title, body, _),) = phone.said
    said = f"{title} {body}"
    assert "2 bounces. The last: modem " in said
    assert ("may" in said) is (result is PowerResult.DOUBTFUL)
    switched = result in (PowerResult.SUCCESS, PowerResult.DOUBTFUL)
    assert ("modem off" in said) is switched
    assert CANARY not in said


def test_an_older_copy_of_the_store_may_tell_again_and_never_less(phone):
    """Apprise has no key by which a service would know a message again: here, once more is better than never."""
    phone.code = say.NOT_DELIVERED
    phone.outage()
    older = phone.outbox.letters()
    phone.code = 0
    for _ in range(3):
        phone.cycle(pause=3600)
    assert len(phone.said) == 1
    phone.outbox.restore(older)
    phone.cycle(pause=3600)
    assert len(phone.said) == 2
    assert phone.said[0] == phone.said[1]


def test_a_service_that_refuses_is_tried_again_and_nothing_is_lost(phone):
    phone.code = say.NOT_DELIVERED
    phone.outage()
    assert phone.state.trouble is Trouble.REJECTED
    phone.code = 0
    for _ in range(3):
        phone.cycle()
    assert len(phone.said) == 1


@pytest.mark.parametrize(
    ("code", "trouble", "word"),
    [
        (say.NOT_INSTALLED, Trouble.SETUP, "'apprise>=2,<3'"),
        (say.NOT_UNDERSTOOD, Trouble.SETUP, "entry 1 of notify.urls"),
        (None, Trouble.TIMEOUT, "in time"),
        (-9, Trouble.TIMEOUT, "in time"),
        (1, Trouble.REJECTED, "did not take"),
    ],
)
def test_how_the_child_ended_is_told_without_the_url(code, trouble, word):
    phone = Phone()
    phone.code = code
    phone.cycle()
    assert phone.state.trouble is trouble
    assert word in phone.state.why
    assert CANARY not in phone.state.why + repr(phone.to)


def happening(kind, number=1, **facts):
    return Happening(f"x-{number}", kind, WALL, facts)


@pytest.mark.parametrize(
    "site", ["home", "a home with a name that is far too long for any lock screen there is", "\x1b[31mred\n"]
)
def test_a_message_fits_on_a_lock_screen(site):
    told = [
        *(
            happening(Kind.OUTAGE_ENDED, n, began=WALL, ended=WALL + 9e9, seconds=9e9, layer="upstream")
            for n in range(99)
        ),
        *(
            happening(Kind.ADDRESS_CHANGED, n, family=family, before="2001:4860:4860::8888" * 3, after="2" * 60)
            for n, family in enumerate(("ipv4", "ipv6"))
        ),
        *(happening(Kind.DNS_CHANGED, n, record=f"{'x' * 200}{n}", before="", after="") for n in range(9)),
        *(
            happening(Kind.BOUNCED, n, asked="by itself", seconds=9e9, result=result)
            for n, result in enumerate(PowerResult)
        ),
    ]
    message = compose(site, told, show_addresses=True)
    assert len(message.title) <= LONGEST_TITLE
    assert len(message.body) <= LONGEST_BODY
    assert (message.title + message.body).isprintable()


def test_addresses_can_be_kept_off_the_lock_screen():
    told = [happening(Kind.ADDRESS_CHANGED, family="ipv4", before=str(HOME), after="81.2.69.142")]
    assert compose("home", told, show_addresses=False).body == "The IPv4 address changed."


def test_apprise_itself_delivers_over_loopback_in_a_child():
    seen = []

    def answer(method, path, headers, body):
        seen.append((path, json.loads(body)))
        return 200, {}, b"{}"

    with serving(answer) as url:
        phone = Phone()
        phone.begin(run_child=run_child, url=url.replace("http://", "json://") + f"/{CANARY}")
        phone.cycle()
        phone.outage(seconds=60)
    assert phone.state.up
    ((path, body),) = seen
    assert path.startswith(f"/{CANARY}")
    assert body["title"] == "home: back online"
    assert body["type"] == "success"


def test_a_service_that_refuses_and_a_url_that_is_none_are_told_apart_by_the_child():
    with serving(lambda *_: (500, {}, b"")) as url:
        message = {"url": url.replace("http://", "json://"), "title": "t", "body": "b", "type": "info"}
        assert run_child(say.__name__, json.dumps(message).encode(), 30).code == say.NOT_DELIVERED
    assert run_child(say.__name__, b'{"url": "nosuch://x"}', 30).code == say.NOT_UNDERSTOOD


def test_a_service_that_never_answers_is_killed_at_the_deadline():
    with serving(lambda *_: (LOST, {}, b"")) as url:
        message = {"url": url.replace("http://", "json://"), "title": "t", "body": "b", "type": "info"}
        assert run_child(say.__name__, json.dumps(message).encode(), 1.5) == Said(None, b"")


def test_a_child_sees_nothing_of_the_environment_that_it_does_not_need(tmp_path):
    (tmp_path / "spy.py").write_text("import os, sys; sys.stdout.write(repr(dict(os.environ)) + repr(sys.argv))")
    environ = {"PYTHONPATH": str(tmp_path), "PATH": "/bin", "CADENCE_NOTIFY__URLS": CANARY, "HTTPS_PROXY": CANARY}
    said = run_child("spy", CANARY.encode(), 20, environ)
    assert said.code == 0
    assert CANARY.encode() not in said.answer
    assert CANARY not in repr(said)


def test_a_child_that_is_left_alone_says_nothing_for_the_next_process_will():
    seen = []
    with serving(lambda *asked: seen.append(asked) or (200, {}, b"{}")) as url:
        message = {"url": url.replace("http://", "json://"), "title": "t", "body": "b", "type": "info"}
        of_another = json.dumps({**message, "parent": os.getppid()}).encode()
        assert run_child(say.__name__, of_another, 30).code == say.NOT_DELIVERED
        assert seen == []
        assert run_child(say.__name__, json.dumps({**message, "parent": os.getpid()}).encode(), 30).code == 0
        assert len(seen) == 1


def test_children_that_send_messages_take_their_turns():
    """Each takes as much memory as the service itself, and all begin with it."""
    running, most, gate = [], [], threading.Semaphore(0)

    def run(module, message, timeout_s):
        running.append(message)
        most.append(len(running))
        gate.acquire(timeout=10)
        running.remove(message)
        return Said(0, b"")

    few = FewAtOnce(run, 2)
    threads = [threading.Thread(target=few, args=("x", bytes([number]), 1.0)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in threads:
        gate.release()
    for thread in threads:
        thread.join(10)
    assert len(most) == 8
    assert max(most) <= 2


def test_a_child_that_cannot_be_started_is_no_exception(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert run_child(say.__name__, b"", 5) == Said(None, b"")
