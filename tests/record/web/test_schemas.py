"""The JSON documents are what docs/api/*.schema.json say: no key more, no key less."""

import json

import jsonschema
import pytest

from cadence_exporter.model.decision import OutageEnded
from cadence_exporter.model.memory import Change, Layer, RecordMemory
from cadence_exporter.model.recovery import RecoveryMemory
from cadence_exporter.record.web.history_document import history_document
from tests.page.scene import MOVED, Home, month, served, wall
from tests.record.web.web_world import KEY, ask, make_cycle, when
from tests.tidy.tree import ROOT


def schema(name):
    return json.loads((ROOT / "docs" / "api" / f"{name}.schema.json").read_text("utf-8"))


def closed(part):
    """The schema without room for keys that it does not name: those who write the document must name them all."""
    if isinstance(part, dict):
        shut = {"additionalProperties": False} if "properties" in part else {}
        return {**shut, **{key: closed(each) for key, each in part.items()}}
    return [closed(each) for each in part] if isinstance(part, list) else part


def faults(name, document):
    judge = jsonschema.Draft202012Validator(closed(schema(name)))
    return [f"{'/'.join(map(str, each.path))}: {each.message[:200]}" for each in judge.iter_errors(document)]


def changing():
    home = Home().healthy()
    change = Change(MOVED, when(home.clock.seconds - 30), when(home.clock.seconds - 20))
    memory = {
        "records": {KEY: RecordMemory(change=change)},
        "recovery": RecoveryMemory(maintenance_until=when(home.clock.seconds + 60)),
    }
    ended = OutageEnded(when(home.clock.seconds - 90), when(home.clock.seconds), Layer.IP)
    home.board.record(make_cycle(at=home.clock.seconds, memory=memory, outage_ended=ended))
    return home


@pytest.mark.parametrize(
    "make", [Home, lambda: Home().healthy(), lambda: Home().down(), changing], ids=["first", "up", "down", "changing"]
)
def test_the_status_is_as_described(make):
    document = json.loads(json.dumps(make().board.as_dict()))
    assert faults("status", document) == []
    assert set(document) == set(schema("status")["required"])


def test_the_history_is_as_described():
    document = history_document(month(), wall(0), wall(0))
    assert faults("history", document) == []
    assert [] not in document.values()


def test_what_the_server_hands_out_is_described(site):
    for path, name in (("status", "status"), ("history", "history"), ("history?since=7d", "history")):
        assert faults(name, json.loads(ask(site.port, f"/api/v1/{path}").body)) == []


def test_since_leaves_out_what_is_older():
    with served(Home().healthy()) as url:
        port = int(url.rstrip("/").rpartition(":")[2])
        found = [json.loads(ask(port, f"/api/v1/history{query}").body) for query in ("", "?since=24h")]
    assert [len(document["outages"]) for document in found] == [7, 2]
    assert [len(document["watched"]) for document in found] == [2, 1]
    assert [document["since"] for document in found] == [None, "2027-01-01T12:00:00Z"]


def test_the_rules_bite():
    document = Home().board.as_dict()
    assert faults("status", {**document, "more": 1})
    assert faults("status", {**document, "since": "yesterday"})
    assert faults("status", {key: value for key, value in document.items() if key != "nat"})
