"""Names of DNS records as they travel: lower-case ASCII labels without a trailing dot (RFC 1035, RFC 5891)."""

import re

import idna

LONGEST_NAME = 253
"""Characters of a full name in text form (RFC 1035 section 2.3.4: 255 octets on the wire)."""

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def parse_name(value: object, *, fewest_labels: int = 2) -> str:
    """The ASCII form of a record or zone name. Raises ValueError with a sentence that says what to write."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a full DNS name such as vpn.example.com")
    text = value.strip().removesuffix(".")
    labels = re.split("[.\u3002\uff0e\uff61]", text)
    wild = labels[:1] if labels[0] == "*" else []
    ascii_labels = wild + [_ascii_label(label) for label in labels[len(wild) :]]
    if len(ascii_labels) < fewest_labels:
        raise ValueError(
            f"{text!r} is not a full name; write it with its zone, such as {text.strip('@*') or 'vpn'}.example.com"
        )
    if ascii_labels[-1].isdigit():
        raise ValueError(f"{text!r} is an address, not a name")
    name = ".".join(ascii_labels)
    if len(name) > LONGEST_NAME:
        raise ValueError(f"is {len(name)} characters long in its ASCII form; a DNS name has at most {LONGEST_NAME}")
    return name


def _ascii_label(label: str) -> str:
    """One label in ASCII. Underscores stay: service names use them (RFC 8552)."""
    if label == "@":
        raise ValueError("'@' is not understood here; write the zone's own name, such as example.com")
    if not label:
        raise ValueError("has an empty label (two dots in a row, or a dot at the beginning)")
    if label.isascii() and not label.lower().startswith("xn--"):
        if _LABEL.fullmatch(label.lower()):
            return label.lower()
        raise ValueError(
            f"{label[:63]!r} is not a DNS label; letters, digits, '-' and '_', at most 63, no '-' at its ends"
        )
    try:
        return idna.encode(label, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"{label[:63]!r} is not an internationalised label (IDNA 2008)") from error


def is_within(name: str, zone: str) -> bool:
    """Whether ``name`` is the apex of ``zone`` or lies below it. Both in ASCII form."""
    return name == zone or name.endswith("." + zone)
