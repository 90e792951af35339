"""What is taken over from another updater's settings, and what is not: without any secret, whatever stood in the file."""

import re
from dataclasses import dataclass, field

from cadence_exporter.settings.names import parse_name

AUTOMATIC_TTL = 1
SHORTEST_TTL, LONGEST_TTL = 60, 86_400
"""What Cloudflare takes: 1 for automatic (300 s), or so many seconds."""
MOST_RECORDS = 200
"""A home has a handful; a file that names more is another file."""
MOST_NOTES = 100

_ZONE_ID = re.compile(r"[0-9a-f]{32}")
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/-]{1,200}")
_TOP_LEVEL = re.compile(r"\.(?:[a-z]{2,24}|xn--[a-z0-9-]{1,59})\Z")
"""How public names end; tokens with dots in them seldom do."""
_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9._@-]{0,23}")
"""Shorter than the tokens of Cloudflare (40 letters and digits), in case one stands where a name should."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record that the other program kept at Cloudflare."""

    name: str
    type: str
    ttl: int | None
    proxied: bool | None


@dataclass
class Carried:
    """Filled by a reader. ``notes`` hold names and numbers that were checked, never a value as it stood."""

    program: str
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    zone_ids: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set, repr=False)
    token_file: str | None = None

    def note(self, text: str) -> None:
        """Something a person must know; once, however often it is true."""
        if text not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(text)

    def left(self, name: str, why: str) -> None:
        """A host that is not taken over, by its name where it is one: anything else might be a secret in the wrong place."""
        plain = _public_name(name)
        self.note(why if plain is None else f"{plain}, {why}")

    def record(self, name: str, types: tuple[str, ...], ttl: str, proxied: bool | None) -> None:
        """A record to keep. What is no full DNS name is left out and not shown: it might be a secret in the wrong place."""
        plain = _public_name(name)
        if plain is None:
            self.note("something stood where a full DNS name was expected, and was left out (it is not shown here)")
            return
        for kind in types:
            if (plain, kind) not in self.records and len(self.records) >= MOST_RECORDS:
                self.note(f"only the first {MOST_RECORDS} records were taken")
                return
            self.records[(plain, kind)] = Record(plain, kind, self._ttl(plain, ttl, proxied), proxied)

    def _ttl(self, name: str, text: str, proxied: bool | None) -> int | None:
        if not text:
            return None
        if proxied:
            self.note(f"{name}: its TTL was left out, because Cloudflare decides the TTL of proxied records")
            return None
        seconds = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
        if seconds != AUTOMATIC_TTL and not SHORTEST_TTL <= seconds <= LONGEST_TTL:
            self.note(f"{name}: its TTL was left out, because Cloudflare takes 60 to 86400 seconds, or 1 for automatic")
            return None
        if seconds == AUTOMATIC_TTL:
            self.note("a TTL of 1 means automatic, 300 s at Cloudflare; with 60 a VPN client finds home sooner")
        return seconds

    def zone_id(self, text: str) -> None:
        """The zone's id, 32 hexadecimal digits."""
        if _ZONE_ID.fullmatch(text):
            self.zone_ids.add(text)
        else:
            self.note(
                "a zone id was left out, because it is not 32 hexadecimal digits; the zone is found by the records' names"
            )

    def secret_file(self, text: str) -> None:
        """Where the other program reads its token from."""
        if _PLAIN_PATH.fullmatch(text):
            self.token_file = text
            self.note(
                "the token's file is named as the other program saw it: in a container that path means something else"
            )
        else:
            self.note("the path of the token's file was left out, because it is not an absolute path in plain letters")


def _public_name(text: str) -> str | None:
    """The name as it travels; ``None`` when it ends as no public name does, which a token with a dot in it may look like."""
    try:
        plain = parse_name(text)
    except ValueError:
        return None
    return plain if _TOP_LEVEL.search(plain) else None


def word(text: str) -> str:
    """A protocol's or provider's name to show: only what looks like one."""
    return text if _PLAIN_WORD.fullmatch(text) else "(not shown: it does not look like a name)"


def truth(text: str) -> bool | None:
    """What the four programs write for yes and no; ``None`` for anything else."""
    return {
        "true": True, "yes": True, "on": True, "1": True, "t": True,
        "false": False, "no": False, "off": False, "0": False, "f": False,
    }.get(text.strip().lower())  # fmt: skip
