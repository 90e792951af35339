"""Thresholds: where a number changes its colour."""

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

from grafana.src.words import BAD, CALM, FAINT, FAIR, GOOD


def steps(first: str, *others: tuple[float, str]) -> ThresholdsConfig:
    """The first colour holds below the first value; each other from its value upwards."""
    all_steps = [Threshold(None, first), *(Threshold(value, colour) for value, colour in others)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(all_steps)


def more_is_worse(fair: float, bad: float) -> ThresholdsConfig:
    """Green, orange from ``fair``, red from ``bad``."""
    return steps(GOOD, (fair, FAIR), (bad, BAD))


def more_is_better(fair: float, good: float) -> ThresholdsConfig:
    """Red, orange from ``fair``, green from ``good``."""
    return steps(BAD, (fair, FAIR), (good, GOOD))


def plain() -> ThresholdsConfig:
    """A number that is neither good nor bad."""
    return steps(CALM)


def faint() -> ThresholdsConfig:
    """A number in the colour of text."""
    return steps(FAINT)


AVAILABILITY = (0.99, 0.995)
"""Below 99 % is bad, from 99.5 % on good: the objective of a home, 3 h 36 min in 30 days."""
