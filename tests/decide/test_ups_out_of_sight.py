"""A UPS that could not be asked for a while: what hangs on the mains may just be booting."""

from dataclasses import replace
from types import MappingProxyType

from cadence_exporter.decide.power import PowerDecision, decide_power
from cadence_exporter.model.assessment import Assessment, FaultLayer, Link
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.power import PowerReading
from cadence_exporter.model.recovery import EMPTY_LEDGER, Bounce, PowerView, RecoveryMemory, RecoveryPolicy, Suppression
from tests.decide.cases import at, make_policy

FINE = PowerView(link_up=True, on_mains=True, plug=PowerReading(on=True))
SILENT = replace(FINE, on_mains=None)
RECOVERY = RecoveryPolicy(enabled=True, ups=True)
DAY = 86_400.0


def decided(view: PowerView, seconds: float, ledger: RecoveryMemory, recovery: RecoveryPolicy) -> PowerDecision:
    memory = Memory(Phase.DOWN, at(1.0), started=at(0.0).instant, recovery=ledger)
    seen = Assessment(Link.UP, Link.DOWN, MappingProxyType({}), None, cgnat=False, fault=FaultLayer.ACCESS, power=view)
    return decide_power(memory, Phase.DOWN, seen, (), at(seconds), make_policy(recovery=recovery))


def test_mains_that_went_and_came_while_the_ups_could_not_be_asked_leave_the_modem_time_to_boot() -> None:
    dark = decided(SILENT, DAY, EMPTY_LEDGER, RECOVERY)
    assert (dark.action, dark.withheld[0].reason) == (None, Suppression.UPS)
    soon = decided(FINE, DAY + RECOVERY.modem_boot_s - 1.0, dark.ledger, RECOVERY)
    assert (soon.action, [each.reason for each in soon.withheld]) == (None, [Suppression.UPS_GRACE])
    later = decided(FINE, DAY + RECOVERY.modem_boot_s, soon.ledger, RECOVERY)
    assert isinstance(later.action, Bounce)


def test_a_home_without_a_ups_waits_for_none() -> None:
    assert isinstance(decided(SILENT, DAY, EMPTY_LEDGER, replace(RECOVERY, ups=False)).action, Bounce)
