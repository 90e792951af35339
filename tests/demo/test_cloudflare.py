from collections.abc import Iterator
from typing import Any

import pytest
import requests

from cadence_exporter.demo import cloudflare_faults as faults
from cadence_exporter.demo.cloudflare import CloudflareFake, Mutation

ZONE = "0" * 31 + "a"
TOKEN = "a-token-for-tests"
VPN = {"name": "vpn.example.com", "type": "A", "content": "93.184.216.34", "ttl": 60}


class Api:
    def __init__(self, base_url: str, token: str = TOKEN) -> None:
        self.base_url = base_url
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, json: object = None, **query: object) -> requests.Response:
        url = self.base_url + path
        return requests.request(method, url, params=query, json=json, headers=self.headers, timeout=5)  # type: ignore[arg-type]

    def records(self, **query: object) -> dict[str, Any]:
        body: dict[str, Any] = self.call("GET", f"/zones/{ZONE}/dns_records", **query).json()
        return body

    def post(self, **fields: object) -> requests.Response:
        return self.call("POST", f"/zones/{ZONE}/dns_records", json={**VPN, **fields})


@pytest.fixture
def fake() -> Iterator[CloudflareFake]:
    with CloudflareFake({"example.com": ZONE}, TOKEN) as fake:
        yield fake


@pytest.fixture
def api(fake: CloudflareFake) -> Api:
    return Api(fake.base_url)


def codes(response: requests.Response) -> tuple[int, list[int], list[int]]:
    body = response.json()
    assert body["success"] is False
    beneath = [each["code"] for error in body["errors"] for each in error.get("error_chain", [])]
    return response.status_code, [error["code"] for error in body["errors"]], beneath


def test_a_record_is_created_found_changed_and_read_back(fake: CloudflareFake, api: Api) -> None:
    made = api.post(comment="mine").json()["result"]
    assert len(made["id"]) == 32
    assert api.records(**{"name.exact": "VPN.example.com", "type": "A"})["result"] == [made]
    path = f"/zones/{ZONE}/dns_records/{made['id']}"
    changed = api.call("PATCH", path, json={"content": "81.2.69.142"}).json()["result"]
    assert (changed["content"], changed["comment"], changed["ttl"]) == ("81.2.69.142", "mine", 60)
    assert api.call("GET", path).json()["result"]["content"] == "81.2.69.142"
    assert fake.mutations == [
        Mutation("POST", "vpn.example.com", "A", "93.184.216.34"),
        Mutation("PATCH", "vpn.example.com", "A", "81.2.69.142"),
    ]


def test_put_resets_what_it_leaves_out(api: Api) -> None:
    made = api.post(comment="mine", proxied=False).json()["result"]
    path = f"/zones/{ZONE}/dns_records/{made['id']}"
    replaced = api.call("PUT", path, json={**VPN, "ttl": 120, "content": "81.2.69.142"}).json()["result"]
    assert (replaced["comment"], replaced["ttl"]) == (None, 120)


def test_zones_are_filtered_and_records_come_in_pages(fake: CloudflareFake, api: Api) -> None:
    assert api.call("GET", "/zones", name="example.org").json()["result"] == []
    assert api.call("GET", "/zones", name="example.com", per_page=50).json()["result"][0]["id"] == ZONE
    for number in range(101):
        fake.add_by_hand(f"h{number}.example.com", "A", "93.184.216.34")
    first, second = api.records(), api.records(page=2)
    assert (len(first["result"]), len(second["result"])) == (100, 1)
    assert first["result_info"] == {"page": 1, "per_page": 100, "count": 100, "total_count": 101, "total_pages": 2}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"content": "93.184.216.034"}, (400, [1004], [9005])),
        ({"type": "AAAA", "content": "93.184.216.34"}, (400, [1004], [9006])),
        ({"ttl": 30}, (400, [1004], [9021])),
        ({"ttl": True}, (400, [1004], [9021])),
        ({"proxied": "no"}, (400, [1004], [9003])),
        ({"content": ""}, (400, [1004], [9000])),
        ({}, (400, [81058], [])),
        ({"type": "CNAME", "content": "example.net"}, (400, [81053], [])),
        ({"name": "alias.example.com"}, (400, [81054], [])),
    ],
)
def test_bad_and_conflicting_records_are_refused_by_code(
    fake: CloudflareFake, api: Api, fields: dict[str, object], expected: tuple[int, list[int], list[int]]
) -> None:
    fake.add_by_hand("vpn.example.com", "A", "93.184.216.34")
    fake.add_by_hand("alias.example.com", "CNAME", "example.net")
    assert codes(api.post(**fields)) == expected
    assert fake.mutations == []


def test_the_same_name_with_other_content_makes_a_second_record(fake: CloudflareFake, api: Api) -> None:
    api.post()
    api.post(content="81.2.69.142")
    assert fake.contents("vpn.example.com") == ["93.184.216.34", "81.2.69.142"]


def test_a_name_outside_the_zone_lands_inside_it(api: Api) -> None:
    assert api.post(name="vpn.example.org").json()["result"]["name"] == "vpn.example.org.example.com"
    assert api.post(name="@").json()["result"]["name"] == "example.com"
    assert api.post(name="bücher.example.com").json()["result"]["name"] == "xn--bcher-kva.example.com"


def test_a_proxied_record_reports_an_automatic_ttl_and_answers_with_the_proxy(fake: CloudflareFake, api: Api) -> None:
    assert api.post(proxied=True, ttl=3600).json()["result"]["ttl"] == 1
    assert "93.184.216.34" not in fake.answer("vpn.example.com", "A").contents


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", (400, [6003], [6111])),
        ("Bearer two words", (400, [6003], [6111])),
        ("Bearer somebody-elses", (403, [9109], [])),
    ],
)
def test_bad_credentials(api: Api, header: str, expected: tuple[int, list[int], list[int]]) -> None:
    api.headers = {"Authorization": header}
    assert codes(api.call("GET", "/user/tokens/verify")) == expected


def test_a_token_can_be_revoked_in_the_middle(fake: CloudflareFake, api: Api) -> None:
    assert api.call("GET", "/user/tokens/verify").json()["result"]["status"] == "active"
    fake.revoked = True
    assert codes(api.post()) == (403, [10000], [])
    assert [each.authorised for each in fake.requests] == [True, False]


def test_wrong_ids_and_paths(api: Api) -> None:
    assert codes(api.call("GET", "/zones/nonsense/dns_records")) == (404, [7003], [7000])
    assert codes(api.call("GET", f"/zones/{'b' * 32}/dns_records")) == (403, [9109], [])
    assert codes(api.call("PATCH", f"/zones/{ZONE}/dns_records/{'b' * 32}", json={"ttl": 60})) == (404, [81044], [])
    assert codes(api.call("GET", "/nothing/here")) == (404, [7003], [7000])


def test_a_delete_is_recorded_and_does_nothing(fake: CloudflareFake, api: Api) -> None:
    made = api.post().json()["result"]
    assert codes(api.call("DELETE", f"/zones/{ZONE}/dns_records/{made['id']}")) == (405, [7001], [])
    assert (fake.deletes, len(fake.records)) == (1, 1)


def test_faults_hit_one_request_each_and_wait_for_their_method(fake: CloudflareFake, api: Api) -> None:
    fake.inject(faults.too_many_requests(7).on("PATCH"), faults.throttled_with_200(), faults.html(502))
    throttled = api.call("GET", "/zones")
    assert codes(throttled) == (200, [971], [])
    assert api.call("GET", "/zones").status_code == 502
    assert api.call("GET", "/zones").status_code == 200
    limited = api.call("PATCH", f"/zones/{ZONE}/dns_records/{'b' * 32}", json={})
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")


def test_a_lost_answer_leaves_the_record_behind(fake: CloudflareFake, api: Api) -> None:
    fake.inject(faults.lost_answer())
    with pytest.raises(requests.ConnectionError):
        api.post()
    assert fake.contents("vpn.example.com") == ["93.184.216.34"]


def test_hand_edits_are_no_mutations(fake: CloudflareFake, api: Api) -> None:
    fake.add_by_hand("vpn.example.com", "A", "93.184.216.34", proxied=True)
    fake.edit_by_hand("vpn.example.com", "A", content="81.2.69.142")
    assert fake.contents("vpn.example.com") == ["81.2.69.142"]
    fake.remove_by_hand("vpn.example.com", "A")
    assert (fake.records, fake.mutations) == ([], [])


def test_too_many_requests_block_the_token(fake: CloudflareFake, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cadence_exporter.demo.cloudflare.RATE_LIMIT", 2)
    assert api.call("GET", "/zones").headers["Ratelimit"] == '"default";r=1;t=300'
    api.call("GET", "/zones")
    blocked = api.call("GET", "/zones")
    assert codes(blocked) == (429, [10100], [])
    assert blocked.headers["Retry-After"] == "300"
