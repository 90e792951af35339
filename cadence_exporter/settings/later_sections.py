"""Sections whose parts are not built yet. They are read and checked; switching one on gives a warning, never silence."""

from typing import Annotated

from pydantic import Field

from cadence_exporter.settings.kinds import text
from cadence_exporter.settings.sections import Port, Section


class VpnSettings(Section):
    """The VPN that people reach through the record. Not in this version."""

    wireguard: Annotated[str | None, text(nullable=True)] = Field(
        default=None, description="The interface whose peers are read."
    )
    port: Port = Field(default=51820, description="The UDP port that the router forwards to it.")
