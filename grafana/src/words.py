"""Values put into words, each with its colour."""

from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

GOOD, FAIR, BAD, CALM, FAINT = "green", "orange", "red", "blue", "text"


def words(*entries: tuple[int, str, str]) -> list[ValueMapping]:
    """``(value, text, colour)`` each."""
    options = {
        str(value): ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, text, colour) in enumerate(entries)
    }
    return [ValueMap(options)]


NOT_KNOWN = SpecialValueMap(
    DashboardSpecialValueMapOptions(
        match=SpecialValueMatch.NULL_AND_NAN,
        result=ValueMappingResult(text="not known", color="transparent", index=100),
    )
)
"""What a table shows where a query had no answer: never the colour of a good value."""

STATE = words((1, "DOWN", BAD), (2, "DEGRADED", FAIR), (3, "STARTING", CALM), (4, "UP", GOOD))

VERDICT = words(
    (1, "No answer from Cadence", BAD),
    (2, "Cadence hangs: values are old", BAD),
    (3, "Down: the router is silent", BAD),
    (4, "Down: no way out", BAD),
    (5, "DNS shows a wrong address", BAD),
    (6, "No public address of its own", FAIR),
    (7, "Public address unclear", FAIR),
    (8, "Coming back, not trusted yet", FAIR),
    (9, "Starting", CALM),
    (10, "Up, but cannot save its state", FAIR),
    (11, "Up, but new settings refused", FAIR),
    (12, "Up, but DNS not verified for 6 h", FAIR),
    (13, "Up, but probes are lost", FAIR),
    (14, "All is well", GOOD),
)

DNS = words((1, "WRONG ADDRESS", BAD), (2, "Not verified for 6 h", FAIR), (3, "Correct", GOOD))

ADDRESS = words((1, "Agreed", GOOD), (2, "Disputed", FAIR), (3, "Unknown", "yellow"), (4, "Not public", "purple"))

ANSWERS = words((0, "No answer", BAD), (1, "Answers", GOOD))

SWITCH = words((0, "off", FAINT), (1, "on", CALM))

NINES = words((6, "6 or more", GOOD))
