"""An observation -> what is true, what is unknown."""

from cadence_exporter.assess import fault, nat, path, power, public_ip, way_out
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Assessment, Nat
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Answered, Observation
from cadence_exporter.model.policy import Policy

# Each cycle asks for them, and Python 3.11 is slow to find a member of an enumeration.
_IPV4, _OPEN = Family.IPV4, Nat.OPEN


def assess(observation: Observation, memory: Memory, policy: Policy) -> Assessment:
    """Judge one observation. ``memory`` says only what the echo services were expected to answer."""
    router = observation.router_wan
    router_wan = router.value.address if isinstance(router, Answered) else None
    wan = path.wan(observation.wan)
    public = {
        family: public_ip.judge(
            observation.echo[family],
            router_wan if family is _IPV4 else None,
            memory.echo_plans.get(family),
            policy,
        )
        for family in policy.families
    }
    outside = observation.outside
    finding = fault.find(observation, wan, public.get(policy.families[0]), memory, policy)
    over_ipv4 = public.get(_IPV4)
    kind = nat.judge(observation, wan, over_ipv4, memory)
    return Assessment(
        lan=path.lan(observation.router, wan),
        wan=wan,
        public=public,
        router_wan=router_wan,
        cgnat=kind is not _OPEN and (kind in nat.UNREACHABLE or public_ip.behind_another_nat(router_wan)),
        fault=finding.layer,
        fault_why=finding.why,
        last_hop=finding.last_hop,
        nat=kind,
        usual_path=way_out.usual_path(observation),
        outside=outside.address if outside is not None and outside.is_fresh else None,
        asked={
            (family, reading.source): isinstance(reading, Answered)
            for family, round_ in observation.echo.items()
            for reading in round_.readings
        },
        power=power.view(observation, memory, policy.recovery.identity),
        router_edge=nat.router_edge(observation, wan, over_ipv4),
    )
