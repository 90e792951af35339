"""Weather with names: what a home may live through, as mean numbers a day of the faults in ``weather.KINDS``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.scenarios_power import POWER_STORIES
from cadence_exporter.simulate.weather import KINDS
from cadence_exporter.simulate.world import HomeSpec


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story."""

    name: str
    about: str
    days: float
    rates: Mapping[str, float]
    """Mean number a day."""
    home: HomeSpec = PLAIN


_SILENT_ROUTER = replace(PLAIN, speaks_natpmp=False)
_CHANGES = {"renumbered": 6.0, "there_and_back": 4.0}

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "quiet-month",
            "a month as most homes have it: a new address a week, a short outage now and then",
            30.0,
            {"renumbered": 1 / 7, "short_outage": 1 / 5, "router_reboots": 1 / 15, "echo_dead": 1 / 5, "flap": 0.5},
        ),
        Scenario(
            "flapping-isp",
            "the line comes and goes all day",
            7.0,
            {"flap": 80.0, "short_outage": 20.0, "outage_with_new_address": 8.0},
        ),
        Scenario(
            "cgnat-move",
            "the ISP moves the home behind a shared address, and back",
            14.0,
            {"cgnat_move": 2.0, "shared_exit_moves": 12.0, "short_outage": 1.0},
        ),
        Scenario(
            "dual-wan-flip-flop",
            "two lines, and a router that cannot make up its mind",
            7.0,
            {"second_wan": 40.0, "both_wans": 6.0, "flap": 6.0},
        ),
        Scenario(
            "captive-portal",
            "after each reboot the modem answers every request itself",
            7.0,
            {"router_reboots": 6.0, "captive_portal": 8.0, "walled_garden": 4.0, "renumbered": 2.0},
            _SILENT_ROUTER,
        ),
        Scenario(
            "isp-wide-outage",
            "hours without a line, a new address afterwards, resolvers of the ISP broken",
            7.0,
            {"long_outage": 1.5, "outage_with_new_address": 3.0, "resolvers_stale": 3.0, "echo_all_dead": 2.0},
        ),
        Scenario(
            "vpn-egress",
            "the host's own traffic leaves through a VPN whose network the user named",
            7.0,
            {"vpn_egress": 8.0, "renumbered": 3.0},
            _SILENT_ROUTER,
        ),
        Scenario(
            "dead-echo-operator",
            "one echo operator dies, another lies, a third lags",
            14.0,
            {"echo_dead": 4.0, "echo_lies": 3.0, "echo_lags": 3.0, "echo_page": 2.0, "renumbered": 4.0},
            _SILENT_ROUTER,
        ),
        Scenario(
            "cloudflare-down",
            "the provider has a bad week while the address keeps changing",
            7.0,
            _CHANGES
            | {"provider_5xx": 4.0, "provider_429": 3.0, "answer_lost": 4.0, "token_revoked": 1.0, "not_written": 2.0},
        ),
        Scenario(
            "clock-1970",
            "a host without a clock of its own, and time that jumps both ways",
            14.0,
            _CHANGES | {"clock_1970": 1.0, "clock_forward": 2.0, "clock_back": 2.0, "clock_drifts": 1.0},
        ),
        Scenario(
            "dying-disk",
            "commits fail, the card remounts read-only, the store breaks",
            14.0,
            _CHANGES | {"disk_full": 2.0, "disk_read_only": 2.0, "disk_blinks": 4.0, "store_broken": 0.5},
        ),
        Scenario(
            "crashing-host",
            "kills between any two steps, power cuts, crash loops",
            14.0,
            _CHANGES | {"crash": 20.0, "crash_while_writing": 20.0, "crash_loop": 2.0, "power_cut": 2.0},
        ),
        Scenario(
            "hand-edits",
            "somebody keeps editing the zone by hand",
            14.0,
            {"hand_edit": 4.0, "hand_private": 2.0, "hand_duplicate": 2.0, "hand_removal": 2.0, "hand_cname": 2.0}
            | {"renumbered": 2.0},
        ),
        Scenario(
            "everywhere",
            "it breaks at every layer in turn: own cable, router, access line, ISP, beyond, names, echo services",
            14.0,
            {"cable_out": 2.0, "router_reboots": 3.0, "router_unplugged": 2.0, "flap": 12.0, "short_outage": 6.0}
            | {"long_outage": 1.0, "outage_with_new_address": 3.0, "names_fail": 3.0, "echo_all_dead": 2.0}
            | {"router_mute": 1.0, "natpmp_without_address": 1.0},
        ),
        Scenario("everything", "a storm of every fault there is", 7.0, dict.fromkeys(KINDS, 1.5)),
        *(Scenario(name, *story) for name, story in POWER_STORIES.items()),
    )
}
