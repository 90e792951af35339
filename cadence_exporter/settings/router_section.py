"""The section of the settings about the router of the home."""

from typing import Annotated

from pydantic import Field

from cadence_exporter.settings.endpoints import parse_address
from cadence_exporter.settings.kinds import choice, duration_or_off, flag, read_by
from cadence_exporter.settings.sections import Port, Section


def _router(value: object) -> str:
    return "auto" if str(value).strip().lower() == "auto" else parse_address(value)


class RouterSettings(Section):
    """The router of the home."""

    address: Annotated[str, read_by("`auto` or IP address", _router)] = Field(
        default="auto", description="`auto` follows the default gateway, also when it changes."
    )
    probe: Annotated[str, choice("auto", "arp", "icmp", "tcp")] = Field(
        default="auto",
        description="How the router is asked whether it is alive; `auto` takes the best that privileges allow.",
    )
    tcp_port: Port = Field(
        default=80, description="Where the `tcp` probe knocks; a refusal proves the router alive, too."
    )
    natpmp: Annotated[bool, flag()] = Field(
        default=True,
        description="Ask the router for its WAN address (NAT-PMP). Its word has no vote: it spares calls, and it can veto.",
    )
    natpmp_port: Port = Field(default=5351, description="UDP port of NAT-PMP.")
    watch: Annotated[float, duration_or_off(0.1, 3600)] = Field(
        default=5.0,
        description="How often the router is asked by NAT-PMP between two looks, on the LAN only: another answer is a reason to look. "
        "Its announcements are heard in any case. `off` asks only in a look.",
    )
    upnp: Annotated[bool, flag()] = Field(
        default=True,
        description="Ask the router by UPnP where NAT-PMP is off or not answered, and subscribe to its events. "
        "Its word has the same standing; an event only makes Cadence look.",
    )
    upnp_port: Port = Field(default=1900, description="UDP port where the router answers UPnP searches (SSDP).")
