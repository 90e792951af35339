"""Chance, always from a seed. One seed gives several independent dice, so that one more throw here changes nothing there."""

from random import Random as Dice

__all__ = ["Dice", "dice"]


def dice(seed: int, purpose: str) -> Dice:
    """Dice of their own for one purpose. The same on every machine and under every PYTHONHASHSEED: text is seeded by its SHA-512."""
    return Dice(f"{seed}/{purpose}")  # noqa: S311 - weather, no secret
