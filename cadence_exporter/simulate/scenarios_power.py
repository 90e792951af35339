"""How cutting power by itself went wrong in the field, each as a story with a name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from cadence_exporter.model.power import Proof
from cadence_exporter.simulate.home_power import BRAVE, DEFAULTS
from cadence_exporter.simulate.power import RecoverySpec
from cadence_exporter.simulate.world import HomeSpec


class PowerStory(NamedTuple):
    """See ``scenarios.Scenario``."""

    about: str
    days: float
    rates: Mapping[str, float]
    home: HomeSpec = BRAVE


def _home(**differs: object) -> HomeSpec:
    return replace(BRAVE, recovery=replace(RecoverySpec(DEFAULTS), **differs))  # type: ignore[arg-type]


_HANGS = {"modem_hangs": 6.0}

POWER_STORIES: Mapping[str, PowerStory] = {
    "modem-hangs": PowerStory("a modem that hangs every few hours: what recovery is for", 7.0, _HANGS),
    "plug-on-the-network-it-cuts": PowerStory(
        "modem and router hang on the plug: it cannot be reached while the power is off",
        7.0,
        _HANGS,
        _home(feeds_router=True),
    ),
    "reply-lost-after-the-act": PowerStory(
        "the power is cut, and nobody hears of it",
        7.0,
        _HANGS | {"answer_lost_at_the_cut": 12.0, "plug_calls_lost": 8.0},
    ),
    "plug-restarts-in-the-middle": PowerStory(
        "the plug forgets its timer while the power is off", 7.0, _HANGS | {"plug_restarts_in_the_middle": 12.0}
    ),
    "killed-in-the-middle": PowerStory(
        "Cadence is killed between intent and act, and between off and on",
        7.0,
        _HANGS | {"killed_in_the_middle": 12.0, "crash_loop": 2.0},
    ),
    "nobody-writes-it-down": PowerStory(
        "the state directory cannot be written",
        7.0,
        _HANGS | {"disk_full": 3.0, "disk_blinks": 6.0, "store_broken": 1.0},
    ),
    "clock-over-the-cooldown": PowerStory(
        "the wall clock leaps over cooldown and budget",
        7.0,
        _HANGS | {"clock_jumps_after_the_cut": 8.0, "clock_forward": 4.0, "clock_1970": 1.0},
    ),
    "slow-modem": PowerStory("a modem that boots for six minutes", 7.0, _HANGS, _home(boot_s=(360.0, 360.0))),
    "no-bounce-helps": PowerStory("a digger found the cable", 7.0, {"line_dead_for_hours": 2.0, "line_dead": 4.0}),
    "another-device": PowerStory("the plug's address is given to the freezer's", 7.0, _HANGS | {"another_device": 6.0}),
    "mains-and-battery": PowerStory(
        "the mains fail; on battery, and while the ISP's gear boots, nothing is cut",
        7.0,
        _HANGS | {"mains_cut": 6.0, "mains_flicker": 2.0, "ups_silent": 2.0},
        _home(policy=replace(DEFAULTS, ups=True), ups_runtime_s=1800.0),
    ),
    "people-around": PowerStory(
        "maintenance, and people who ask for bounces", 7.0, _HANGS | {"maintenance": 2.0, "bounced_by_hand": 6.0}
    ),
    "no-timer": PowerStory(
        "a switch that only Cadence turns on again, on a network of its own",
        7.0,
        _HANGS | {"crash": 4.0},
        _home(proof=Proof.CONTROLLER, independent_network=True),
    ),
    "rehearsal": PowerStory(
        "a month of what would have been done", 30.0, _HANGS, _home(policy=replace(DEFAULTS, device="rehearsal"))
    ),
}
