"""Which faults there are, and storms of them: each run draws a random subset with random rates from its seed.

A storm of everything at once hides what two faults do together when the rest is quiet; subsets find more (swarm testing).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cadence_exporter.simulate import faults_host as host
from cadence_exporter.simulate import faults_line as line
from cadence_exporter.simulate import faults_power as power
from cadence_exporter.simulate import faults_services as services
from cadence_exporter.simulate.dice import Dice
from cadence_exporter.simulate.world import World

DAY_S = 86_400.0
Fault = Callable[[World, Dice], None]

_LINE: tuple[Fault, ...] = (
    line.renumbered, line.renumbered_quietly, line.announced_early, line.announced_late,
    line.there_and_back, line.three_in_a_row, line.flap, line.short_outage,
    line.long_outage, line.outage_with_new_address, line.cgnat_move, line.shared_exit_moves, line.second_wan,
    line.both_wans, line.vpn_egress, line.captive_portal, line.walled_garden, line.new_prefix, line.router_reboots,
    line.router_unplugged, line.router_mute, line.natpmp_mute, line.natpmp_stale, line.natpmp_forged,
    line.natpmp_without_address, line.double_nat, line.announcements,
)  # fmt: skip
_SERVICES: tuple[Fault, ...] = (
    services.target_down, services.targets_down, services.echo_dead, services.echo_blinks, services.echo_page,
    services.echo_error, services.echo_slow, services.echo_all_dead, services.echo_lies, services.echo_lies_the_past,
    services.echo_lies_the_present, services.echo_lies_special, services.echo_lags, services.echo_all_lag,
    services.resolver_silent, services.resolver_servfail, services.resolver_stale, services.resolvers_stale,
    services.resolver_blocks, services.resolvers_block, services.resolver_sinkhole, services.provider_5xx,
    services.provider_429, services.provider_says_no, services.provider_timeout, services.token_revoked,
    services.answer_lost, services.written_late, services.not_written, services.old_reads, services.hand_edit,
    services.names_fail, services.hand_private, services.hand_duplicate, services.hand_removal, services.hand_cname,
    services.stun_dead,
)  # fmt: skip
_HOST: tuple[Fault, ...] = (
    host.crash, host.crash_while_writing, host.crash_loop, host.power_cut, host.clean_restart, host.suspended,
    host.disk_full, host.disk_read_only, host.disk_blinks, host.store_broken, host.store_lost, host.clock_forward,
    host.clock_back, host.clock_1970, host.clock_drifts, host.reload, host.impatient_user, host.cable_out,
)  # fmt: skip

_POWER: tuple[Fault, ...] = (
    power.modem_hangs, power.modem_stumbles, power.line_drops, power.line_dead, power.line_dead_for_hours, power.mains_cut,
    power.mains_flicker, power.plug_silent, power.plug_calls_lost, power.answer_lost_at_the_cut,
    power.plug_silent_after_the_cut, power.plug_restarts, power.plug_restarts_in_the_middle,
    power.mains_fail_in_the_middle, power.killed_in_the_middle, power.clock_jumps_after_the_cut, power.another_device,
    power.timer_refused, power.ups_silent, power.maintenance, power.bounced_by_hand,
)  # fmt: skip

KINDS: Mapping[str, Fault] = {fault.__name__: fault for fault in (*_LINE, *_SERVICES, *_HOST)}
POWER_KINDS: Mapping[str, Fault] = {fault.__name__: fault for fault in _POWER}
"""Only for homes with power recovery."""

MOST_A_DAY = 12.0
LEAST_A_DAY = 0.3


def swarm(chance: Dice, *, density: float = 1.0) -> dict[str, float]:
    """A random subset of all kinds, each with its mean number a day."""
    share = chance.uniform(0.1, 0.9)
    chosen = [name for name in KINDS if chance.random() < share]
    spread = math.log(MOST_A_DAY / LEAST_A_DAY)
    return {name: density * LEAST_A_DAY * math.exp(chance.random() * spread) for name in chosen}


@dataclass(slots=True)
class Weather:
    """Faults of the chosen kinds at random moments, until ``until``."""

    world: World
    chance: Dice
    rates: Mapping[str, float]
    until: float
    """True seconds."""
    told: Callable[[str], None]
    """Who is told of each fault, by name."""
    befallen: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Plan the first fault of each kind."""
        for name in self.rates:
            self._plan(name)

    def strike(self, name: str) -> None:
        """One fault, now."""
        self.befallen[name] = self.befallen.get(name, 0) + 1
        self.told(name)
        (KINDS.get(name) or POWER_KINDS[name])(self.world, self.chance)

    def _plan(self, name: str) -> None:
        wait_s = self.chance.expovariate(self.rates[name] / DAY_S)
        if self.world.clock.true + wait_s < self.until:
            self.world.after(wait_s, lambda: self._strike_and_go_on(name))

    def _strike_and_go_on(self, name: str) -> None:
        self._plan(name)
        self.strike(name)
