"""The whole process against real servers: Knot takes the update, unbound behind dnsdist shows it, Prometheus scrapes it."""

import pytest

from cadence_exporter.demo.home import Home
from tests.blackbox.instance import QUICK, Instance, wait_for

HOME, MOVED = "93.184.216.34", "81.2.69.142"


@pytest.mark.real_server
def test_a_change_seen_by_echo_services_ends_up_in_a_real_zone_and_is_confirmed_by_a_real_resolver(
    tmp_path, knot, doh_before_knot, ca_environ
):
    with Home(longest_ttl_s=0.2, negative_ttl_s=0.2) as home:
        settings = {
            **home.as_settings(tmp_path / "state"),
            "loop": QUICK,
            "dns": {
                "truth": [doh_before_knot],
                "records": [
                    {"name": "vpn.example.com", "type": "A", "provider": "rfc2136"},
                    {"name": "new.example.com", "type": "A", "provider": "rfc2136", "ttl": 120},
                    {"name": "vpn.home.arpa", "type": "A", "provider": "file"},
                ],
            },
            "providers": {
                "rfc2136": {
                    "server": "127.0.0.1",
                    "port": knot.port,
                    "zone": knot.zone,
                    "tsig_name": knot.key_name,
                    "tsig_key": knot.key_secret,
                    "tsig_algorithm": knot.key_algorithm,
                }
            },
        }
        with Instance(tmp_path / "run", settings, environ=ca_environ) as instance:
            instance.wait_until_up()
            for name in ("vpn.example.com", "new.example.com"):
                wait_for(lambda name=name: knot.addresses(name) == [HOME], name)
            visible = 'cadence_dns_convergence_seconds_count{stage="visible"}'
            wait_for(lambda: (instance.metric(visible) or 0) == 2, "both DNS records visible")
            before = instance.metrics()
            home.change_address(MOVED)
            for name in ("vpn.example.com", "new.example.com"):
                wait_for(lambda name=name: knot.addresses(name) == [MOVED], name)
            published = 'cadence_dns_convergence_seconds_count{stage="published"}'
            wait_for(lambda: instance.metric(published) == before[published] + 3, "all three published")
            wait_for(lambda: instance.metric(visible) == before[visible] + 2, "both visible again")
            assert knot.ttl("vpn.example.com") == 60, "the zone's own TTL is kept"
            assert knot.ttl("new.example.com") == 120
            assert MOVED in (tmp_path / "state" / "hosts").read_text()
            assert instance.stop() == 0


@pytest.mark.real_server
def test_a_wrong_tsig_key_is_refused_by_the_server_and_nothing_else_suffers(
    tmp_path, knot, doh_before_knot, ca_environ
):
    with Home() as home:
        settings = {
            **home.as_settings(tmp_path / "state"),
            "loop": QUICK,
            "dns": {
                "truth": [doh_before_knot],
                "records": [{"name": "new.example.com", "type": "A", "provider": "rfc2136"}],
            },
            "providers": {
                "rfc2136": {
                    "server": "127.0.0.1",
                    "port": knot.port,
                    "zone": knot.zone,
                    "tsig_name": knot.key_name,
                    "tsig_key": "d3Jvbmc=",
                }
            },
        }
        with Instance(tmp_path / "run", settings, environ=ca_environ) as instance:
            instance.wait_until_up()
            wait_for(lambda: instance.metric('cadence_dns_mutations_suppressed_total{reason="backoff"}'), "back-off")
            assert knot.addresses("new.example.com") == []
            assert "TSIG" in instance.output
            assert instance.state() == "UP"
