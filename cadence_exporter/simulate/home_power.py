"""Homes with power recovery, and weather that tempts it: many short outages of every kind, and everything that goes wrong with a plug."""

from dataclasses import replace

from cadence_exporter.model.power import Proof
from cadence_exporter.model.recovery import RecoveryPolicy
from cadence_exporter.simulate.dice import Dice
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.plug import OURS, Restores
from cadence_exporter.simulate.power import RecoverySpec
from cadence_exporter.simulate.world import HomeSpec

DEFAULTS = RecoveryPolicy(enabled=True, device="simulated")
BRAVE = replace(PLAIN, recovery=RecoverySpec(DEFAULTS))
"""The defaults of the settings, a plug that owns its timer."""

_LINE = {  # mean number a day
    "line_drops": 320.0, "modem_hangs": 3.0, "modem_stumbles": 12.0, "line_dead": 4.0, "flap": 40.0,
    "short_outage": 4.0, "outage_with_new_address": 3.0, "router_reboots": 2.0, "cable_out": 0.5,
}  # fmt: skip
_SOMETIMES = {
    "line_dead_for_hours": 0.1, "long_outage": 0.2, "mains_cut": 2.0, "mains_flicker": 1.0, "plug_silent": 2.0,
    "plug_calls_lost": 12.0, "answer_lost_at_the_cut": 4.0, "plug_silent_after_the_cut": 3.0, "plug_restarts": 3.0,
    "plug_restarts_in_the_middle": 3.0, "mains_fail_in_the_middle": 2.0, "killed_in_the_middle": 5.0,
    "clock_jumps_after_the_cut": 2.0, "another_device": 1.0, "timer_refused": 0.5, "ups_silent": 2.0,
    "maintenance": 1.0, "bounced_by_hand": 2.0, "crash": 6.0, "crash_loop": 0.5, "power_cut": 1.0,
    "clean_restart": 2.0, "suspended": 0.5, "disk_full": 1.0, "disk_blinks": 1.0, "disk_read_only": 0.5,
    "store_broken": 0.5, "clock_forward": 1.0, "clock_back": 1.0, "clock_1970": 0.5,
    "clock_drifts": 0.5, "reload": 2.0, "router_mute": 0.5, "natpmp_mute": 1.0, "natpmp_without_address": 2.0,
    "captive_portal": 1.0, "targets_down": 2.0, "echo_all_dead": 1.0, "names_fail": 1.0,
}  # fmt: skip


def brave_home(chance: Dice) -> HomeSpec:
    """One of many kinds of home whose owner dared to switch recovery on, with settings of all kinds that are allowed."""
    off_for_s = chance.choice((10.0, 15.0, 30.0, 30.0, 30.0, 60.0))
    escalation_s = chance.choice((90.0, 120.0, 240.0))
    modem_boot_s = chance.choice((60.0, 120.0, 180.0))
    least_cooldown_s = off_for_s + modem_boot_s + escalation_s
    policy = RecoveryPolicy(
        enabled=True,
        device="rehearsal" if chance.random() < 0.05 else "simulated",  # noqa: PLR2004 - some try it first
        escalation_s=escalation_s,
        off_for_s=off_for_s,
        cooldown_s=max(least_cooldown_s, chance.choice((0.0, 600.0, 900.0, 1800.0))),
        max_per_day=chance.choice((1, 2, 4, 4, 8, 24)),
        boot_grace_s=max(modem_boot_s, chance.choice((60.0, 180.0, 600.0))),
        modem_boot_s=modem_boot_s,
        ups=chance.random() < 0.3,  # noqa: PLR2004 - few have one
        identity=OURS if chance.random() < 0.5 else None,  # noqa: PLR2004 - pinned, or the first one met is kept
    )
    spec = RecoverySpec(
        policy,
        proof=Proof.CONTROLLER if chance.random() < 0.1 else Proof.TIMER,  # noqa: PLR2004 - with a network of its own
        restores=chance.choice((Restores.ON,) * 8 + (Restores.LAST, Restores.OFF)),
        checks_settings=chance.random() < 0.8,  # noqa: PLR2004 - some kinds do not tell
        feeds_router=chance.random() < 0.3,  # noqa: PLR2004 - modem and router in one box
        ups_runtime_s=chance.uniform(300.0, 3600.0) if policy.ups else None,
        boot_s=(360.0, 360.0) if chance.random() < 0.1 else (60.0, 360.0),  # noqa: PLR2004 - the slow one
    )
    spec = replace(
        spec,
        independent_network=spec.proof is Proof.CONTROLLER,
        # One that forgets its timer, on the network that it cuts: nobody could turn it on again.
        checks_settings=spec.checks_settings or spec.feeds_router,
    )
    return replace(
        PLAIN,
        speaks_natpmp=chance.random() < 0.6,  # noqa: PLR2004
        announces=False,
        tripwire=False,
        watches_router=False,
        recovery=spec,
    )


def tempting_weather(chance: Dice) -> dict[str, float]:
    """Outages without end, and a random part of everything else."""
    share = chance.uniform(0.1, 0.8)
    chosen = {name: rate for name, rate in _SOMETIMES.items() if chance.random() < share}
    density = chance.uniform(0.7, 1.5)
    return {name: rate * density for name, rate in (_LINE | chosen).items()}
