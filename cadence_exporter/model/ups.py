"""What a UPS says of the mains and of its battery."""

from cadence_exporter.model.value import value


@value
class UpsReading:
    """One answer of a UPS."""

    on_battery: bool
    """The mains have failed."""
    low_battery: bool
    """It is about to go dark, or told everybody to shut down."""
    charge: float | None
    """Of the battery, 0 to 1, when it tells."""
    runtime_s: float | None
    """What it thinks is left on battery, when it tells."""
    flags: frozenset[str]
    """All of ``ups.status``: OL, OB, LB, CHRG ... Unknown ones are carried along."""
