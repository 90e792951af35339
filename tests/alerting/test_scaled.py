import pytest

from tests.alerting.scaled import NotUnderstood, scaled_alertmanager, scaled_expression, scaled_rules
from tests.alerting.shipped import ALERTMANAGER, ALERTS, RULES, document


@pytest.mark.parametrize(
    ("written", "scaled"),
    [
        ("max_over_time(up[5m]) == 0", "max_over_time(up[5000ms]) == 0"),
        ("time() - x > 60 + 3 * y", "time() - x > 1 + 3 * y"),
        ("time() - x > 6 * 3600", "time() - x > 6 * 60"),
        ("max_over_time(x[5m] offset 15m)", "max_over_time(x[5000ms] offset 15000ms)"),
        ('increase(a{code=~"4xx|429"}[1h]) > 3.5', 'increase(a{code=~"4xx|429"}[60000ms]) > 3.5'),
        (
            "instance:cadence_sli_error:ratio_rate1h > 14.4 * 0.005",
            "instance:cadence_sli_error:ratio_rate1h > 14.4 * 0.005",
        ),
        (
            'quantile_over_time(0.5, x{probe="wan_path"}[1h]) > 0.25',
            'quantile_over_time(0.5, x{probe="wan_path"}[60000ms]) > 0.25',
        ),
    ],
)
def test_times_are_divided_and_nothing_else(written, scaled):
    assert scaled_expression(written, 60) == scaled


@pytest.mark.parametrize(
    "expr",
    [
        "time() - x > 7200",
        "x > 120",
        "rate(x[1h30m])",
        "max_over_time(x[1h:1m])",
        "x offset 1h30m",
        "x offset -5m",
        "x @ 0",
        "hour() > 3",
        "x > 1e3",
        "x > 5m",
    ],
)
def test_what_it_does_not_understand_it_refuses(expr):
    with pytest.raises(NotUnderstood):
        scaled_expression(expr, 60)


@pytest.mark.parametrize("key", ["limit", "query_offset"])
def test_unknown_keys_of_a_rule_or_a_group_are_refused(key):
    rule = {"alert": "A", "expr": "x > 0"}
    with pytest.raises(NotUnderstood):
        scaled_rules({"groups": [{"name": "g", "rules": [{**rule, key: "5m"}]}]}, 60)
    with pytest.raises(NotUnderstood):
        scaled_rules({"groups": [{"name": "g", "rules": [rule], key: "5m"}]}, 60)


@pytest.mark.parametrize("path", [ALERTS, RULES])
def test_the_shipped_rules_keep_everything_but_their_times(path):
    shipped, scaled = document(path), scaled_rules(document(path), 60)
    kept = ("alert", "record", "labels", "annotations")
    for before, after in zip(shipped["groups"], scaled["groups"], strict=True):
        for old, new in zip(before["rules"], after["rules"], strict=True):
            assert set(old) == set(new)
            assert all(old[key] == new[key] for key in kept if key in old)
    rules = {rule.get("alert"): rule for group in scaled["groups"] for rule in group["rules"]}
    if path is ALERTS:
        assert (rules["CadenceWanDown"]["for"], rules["CadenceWanDown"]["keep_firing_for"]) == ("5000ms", "2000ms")
        assert "[5000ms]" in rules["CadenceWanDown"]["expr"]
        assert "> 3)" in rules["CadenceOutageRecovered"]["expr"]
        assert rules["CadenceOutageRecovered"]["expr"].endswith("< 15\n)")


def test_alertmanager_keeps_routes_and_inhibition_and_gets_addresses():
    shipped = document(ALERTMANAGER)
    urls = {receiver["name"]: f"http://127.0.0.1:1/{receiver['name']}" for receiver in shipped["receivers"]}
    scaled = scaled_alertmanager(shipped, 60, urls)
    assert scaled["inhibit_rules"] == shipped["inhibit_rules"]
    assert [route["matchers"] for route in scaled["route"]["routes"]] == [
        route["matchers"] for route in shipped["route"]["routes"]
    ]
    assert scaled["route"]["group_wait"] == "500ms"
    assert scaled["route"]["routes"][0]["repeat_interval"] == "833ms"
    assert {hook["url"] for receiver in scaled["receivers"] for hook in receiver["webhook_configs"]} == set(
        urls.values()
    )
    assert [hook.get("send_resolved") for r in scaled["receivers"] for hook in r["webhook_configs"]] == [
        False, False, True, True,
    ]  # fmt: skip
