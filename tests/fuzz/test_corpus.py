"""What the fuzzer found worth keeping, replayed without the fuzzer, and a short blind search around it. The long one: ``make fuzz``."""

import random
import sys

import pytest

from cadence_exporter.act.dns import cloudflare as client
from cadence_exporter.observe.public_ip import natpmp_packets
from cadence_exporter.record.web import intent
from tests.fuzz.canary import MAGIC, Chirp
from tests.fuzz.corpus import CORPUS, CRASHES, MOST_BYTES, MOST_FILES, files_of, smallest, turns
from tests.fuzz.targets import CANARY, TARGETS

TRIES = 150
SLOW = {"store": 15, "settings": 50, "dotenv": 50}

EACH = pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)


@EACH
def test_a_target_keeps_its_promise_with_every_input_that_is_kept(target):
    kept = files_of(target.name)
    assert kept
    for content in (b"", *target.seeds, *(path.read_bytes() for path in kept)):
        target.hold(content)


@EACH
def test_a_target_keeps_its_promise_with_inputs_like_those(target):
    dice = random.Random(20261123)  # noqa: S311 - one fixed seed
    pool = [*target.seeds, *(path.read_bytes() for path in files_of(target.name))]
    for _ in range(SLOW.get(target.name, TRIES)):
        target.hold(mutated(dice.choice(pool), dice, [*target.words, dice.choice(pool)])[: target.longest])


def mutated(content, dice, words):
    """A few bytes changed, taken out, doubled, or a word put in."""
    content = bytearray(content or b"\0")
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(content) + 1)
        end = min(len(content), start + dice.randint(0, 8))
        new = dice.choice([bytes([dice.randrange(256)]), b"", bytes(content[start:end]) * 2, dice.choice(words)])
        content[start:end] = new
    return bytes(content)


def test_the_planted_bug_is_there():
    with pytest.raises(Chirp):
        CANARY.hold(MAGIC + b"!")
    for length in range(len(MAGIC)):
        CANARY.hold(MAGIC[:length] + b"\0" * len(MAGIC))


def test_the_kept_inputs_stay_few_and_small():
    for name in TARGETS:
        files = [path for path in (CORPUS / name).glob("*") if path.is_file()]
        assert len(files) <= MOST_FILES
        assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    known = {place.name for folder in (CORPUS, CRASHES) for place in folder.iterdir()}
    assert known <= set(TARGETS), "inputs of a target that is no more"


def test_the_smallest_set_takes_every_turn_and_has_nothing_to_spare():
    target = TARGETS["natpmp"]
    contents = [b"", b"\0", *target.seeds, target.seeds[0] + b"!", target.seeds[1]]
    kept = smallest(target, contents)
    reached = [turns(target, content) for content in kept]
    assert set().union(*reached) == set().union(*(turns(target, content) for content in contents))
    assert 3 <= len(kept) < len(set(contents))


def test_replaying_does_not_need_the_fuzzer():
    assert "atheris" not in sys.modules


class TestABrokenParserIsNoticed:
    def fails(self, name):
        def broken(content):
            try:
                TARGETS[name].hold(content)
            except Exception:  # noqa: BLE001 - whatever it is, it is what make fuzz would report
                return True
            return False

        return any(broken(content) for content in (*TARGETS[name].seeds, *(p.read_bytes() for p in files_of(name))))

    @pytest.mark.parametrize("name", ["natpmp", "cloudflare", "request"])
    def test_a_whole_one_is_not(self, name):
        assert not self.fails(name)

    def test_an_address_with_its_bytes_swapped(self, monkeypatch):
        swapped = natpmp_packets.struct.Struct("<BBHI4s")
        monkeypatch.setattr(natpmp_packets, "_RESPONSE", swapped)
        assert self.fails("natpmp")

    def test_an_id_that_leads_out_of_the_zone(self, monkeypatch):
        monkeypatch.setattr(client, "_id", lambda entry: str(entry.get("id") or "") or None)
        assert self.fails("cloudflare")

    def test_a_post_of_a_strange_page_that_gets_through(self, monkeypatch):
        monkeypatch.setattr(intent, "is_loopback", lambda _: True)
        assert self.fails("request")
