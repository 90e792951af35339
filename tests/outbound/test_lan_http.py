"""A device at home: what it may be asked with, and where its address may lie."""

import hashlib
import re
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.http_service import Asked, HttpService, Reply
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import later
from cadence_exporter.model.ranges import special_range
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.dial import Dialer, Reach, _may_reach
from cadence_exporter.outbound.https import Https
from cadence_exporter.outbound.lan_http import LanHttp, Login

CLOCK = SystemClock()
PASSWORD = "a-secret-of-the-plug"
REALM = "shellyplus1pm-a8032abe54dc"


def resolving_to(address: str) -> Callable[..., list[tuple[Any, ...]]]:
    return lambda _host, port, *_: [(0, socket.SOCK_STREAM, 0, "", (address, port))]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def challenging(challenge: str, seen: list[Asked]) -> Callable[[Asked], Reply]:
    """Answers 401 until the digest of RFC 7616 section 3.4.1 is right."""

    def answer(asked: Asked) -> Reply:
        seen.append(asked)
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', asked.headers.get("authorization", "")))
        if not fields:
            return Reply(401, headers={"WWW-Authenticate": challenge})
        ha1, ha2 = sha(f"admin:{REALM}:{PASSWORD}"), sha(f"{asked.method}:{asked.target}")
        right = sha(f"{ha1}:{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:auth:{ha2}")
        return Reply(200 if fields["response"] == right else 401, b"in")

    return answer


SHA256 = f'Digest qop="auth", realm="{REALM}", nonce="60dc2c6a", algorithm=SHA-256'


def lan(origin: str, **options: Any) -> LanHttp:
    return LanHttp(Https(CLOCK, CallLog()), origin, "actuator", **options)


def soon() -> Any:
    return later(CLOCK.monotonic(), 5)


def test_a_digest_challenge_is_answered_and_the_password_is_not_sent() -> None:
    seen: list[Asked] = []
    with HttpService(challenging(SHA256, seen)) as service:
        answer = lan(service.url, digest=Login("admin", PASSWORD)).call("/rpc?id=0", soon(), method="POST", body=b"{}")
    assert (answer.status, answer.body) == (200, b"in")
    assert len(seen) == 2
    assert all(asked.body == b"{}" and PASSWORD not in str(asked) for asked in seen)


def test_a_challenge_is_used_again_with_a_higher_count() -> None:
    seen: list[Asked] = []
    with HttpService(challenging(SHA256, seen)) as service:
        http = lan(service.url, digest=Login("admin", PASSWORD))
        assert [http.call("/rpc", soon()).status for _ in range(3)] == [200, 200, 200]
    assert [re.findall(r"nc=(\w+)", asked.headers.get("authorization", "")) for asked in seen] == [
        [],
        ["00000001"],
        ["00000002"],
        ["00000003"],
    ]


def test_a_challenge_that_went_stale_is_replaced_by_the_next_one() -> None:
    seen: list[Asked] = []
    nonces = iter(("first", "second"))
    old = {"nonce": ""}

    def answer(asked: Asked) -> Reply:
        seen.append(asked)
        if f'nonce="{old["nonce"]}"' in asked.headers.get("authorization", "") and len(seen) != 3:
            return Reply()
        old["nonce"] = next(nonces)
        return Reply(401, headers={"WWW-Authenticate": SHA256.replace("60dc2c6a", old["nonce"])})

    with HttpService(answer) as service:
        http = lan(service.url, digest=Login("admin", PASSWORD))
        assert [http.call("/rpc", soon()).status for _ in range(2)] == [200, 200]
    assert 'nonce="first"' in seen[2].headers["authorization"]
    assert 'nonce="second"' in seen[3].headers["authorization"]


@pytest.mark.parametrize(
    "challenge",
    [
        SHA256.replace("SHA-256", "MD5"),
        SHA256.replace(", algorithm=SHA-256", ""),
        SHA256.replace('qop="auth"', 'qop="auth-int"'),
        'Basic realm="x"',
        "",
        "Digest",
        "Digest \x7f=,,==",
    ],
)
def test_a_challenge_that_asks_for_less_than_sha256_is_not_answered(challenge: str) -> None:
    seen: list[Asked] = []
    with HttpService(challenging(challenge, seen)) as service, pytest.raises(ProbeFailed):
        lan(service.url, digest=Login("admin", PASSWORD)).call("/rpc", soon())
    assert len(seen) == 1


def test_without_a_password_401_is_an_answer() -> None:
    with HttpService(lambda _: Reply(401)) as service:
        assert lan(service.url).call("/", soon()).status == 401


def test_basic_authentication_goes_along_with_each_call() -> None:
    seen: list[Asked] = []

    def answer(asked: Asked) -> Reply:
        seen.append(asked)
        return Reply()

    with HttpService(answer) as service:
        lan(service.url, basic=Login("admin", "ä:b")).call("/", soon())
    assert seen[0].headers["authorization"] == "Basic YWRtaW46w6Q6Yg=="


def test_a_redirect_is_not_followed() -> None:
    with HttpService(lambda _: Reply(302, headers={"Location": "http://127.0.0.1:1/"})) as service:
        assert lan(service.url).call("/", soon()).status == 302


@pytest.mark.parametrize(
    ("address", "reach", "may"),
    [
        ("192.168.0.150", Reach.INSIDE, True),
        ("fd00::1", Reach.INSIDE, True),
        ("127.0.0.1", Reach.INSIDE, True),
        ("93.184.216.34", Reach.INSIDE, False),
        ("224.0.0.1", Reach.INSIDE, False),
        ("0.0.0.0", Reach.INSIDE, False),
        ("93.184.216.34", Reach.ANYWHERE, True),
        ("192.168.0.150", Reach.ANYWHERE, True),
        ("192.168.0.150", Reach.OUTSIDE, False),
        ("93.184.216.34", Reach.OUTSIDE, True),
    ],
)
def test_plain_http_stays_inside_the_home(address: str, reach: Reach, may: bool) -> None:

    assert _may_reach("plug.lan", ip_address(address), reach) is may, special_range(ip_address(address))


def test_a_name_that_resolves_to_a_public_address_is_not_asked() -> None:
    https = Https(CLOCK, CallLog(), resolver=resolving_to("93.184.216.34"))
    with pytest.raises(ProbeFailed, match="resolves to"):
        LanHttp(https, "http://plug.lan", "actuator").call("/", soon())


def test_a_name_of_the_home_is_asked() -> None:
    with HttpService(lambda asked: Reply(body=asked.headers["host"].encode())) as service:
        https = Https(CLOCK, CallLog(), resolver=resolving_to("127.0.0.1"))
        answer = LanHttp(https, f"http://plug.lan:{service.port.port}", "actuator").call("/", soon())
    assert answer.body == f"plug.lan:{service.port.port}".encode()


def test_other_callers_still_need_https() -> None:
    with pytest.raises(ProbeFailed, match=r"192\.168\.0\.150 resolves to 192\.168\.0\.150"):
        Dialer(CLOCK).connect("192.168.0.150", 80, Dialer(CLOCK).bound(soon(), 10))


def test_neither_login_nor_client_shows_the_password() -> None:
    login = Login("admin", PASSWORD)
    assert PASSWORD not in repr(login)
    assert PASSWORD not in repr(lan("http://127.0.0.1", digest=login))


def test_calls_are_counted_as_made_by_the_service_named() -> None:
    log = CallLog()
    with HttpService(lambda _: Reply()) as service:
        LanHttp(Https(CLOCK, log), service.url, "actuator").call("/", soon())
    assert [(call.service, call.code) for call in log.drain()] == [("actuator", "2xx")]
