import ssl
from collections.abc import Iterator

import pytest
import requests
import trustme

from cadence_exporter.demo.http_service import Answering, Asked, HttpService, Reply, Reset, Silence


class Scripted:
    answering: Answering = Reply(200, b"hello")

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> Answering:
        self.asked.append(asked)
        return self.answering


@pytest.fixture
def script() -> Scripted:
    return Scripted()


@pytest.fixture
def service(script: Scripted) -> Iterator[HttpService]:
    with HttpService(script) as service:
        yield service


def test_requests_arrive_with_method_target_headers_and_body(service: HttpService, script: Scripted) -> None:
    assert requests.post(f"{service.url}/a?b=c", data=b"xyz", headers={"X-Odd": "1"}, timeout=2).text == "hello"
    asked = script.asked[0]
    assert (asked.method, asked.target, asked.body, asked.headers["x-odd"]) == ("POST", "/a?b=c", b"xyz", "1")


def test_one_connection_serves_many_requests(service: HttpService) -> None:
    with requests.Session() as session:
        for _ in range(3):
            session.get(service.url, timeout=2)
    assert service.port.accepted == 1


def test_a_caller_who_wants_the_connection_closed_is_told_that_it_will_be(service: HttpService) -> None:
    answer = requests.get(service.url, headers={"Connection": "close"}, timeout=2)
    assert answer.headers["Connection"] == "close"


def test_silence_lasts_until_the_caller_gives_up(service: HttpService, script: Scripted) -> None:
    script.answering = Silence()
    with pytest.raises(requests.ReadTimeout):
        requests.get(service.url, timeout=0.1)


def test_a_reset_is_a_reset(service: HttpService, script: Scripted) -> None:
    script.answering = Reset()
    with pytest.raises(requests.ConnectionError, match="reset"):
        requests.get(service.url, timeout=2)


def test_a_body_may_be_repeated_and_may_drip(service: HttpService, script: Scripted) -> None:
    script.answering = Reply(200, b"ab", times=3, drip_s=0.001)
    assert requests.get(service.url, timeout=2).content == b"ababab"


def test_close_does_not_wait_for_a_drip_or_a_hung_caller(script: Scripted) -> None:
    script.answering = Reply(200, b"ab", drip_s=3600)
    service = HttpService(script)
    with requests.get(service.url, timeout=2, stream=True):
        service.close()


def test_with_a_certificate_it_speaks_tls(script: Scripted) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with HttpService(script, tls=context) as service, authority.cert_pem.tempfile() as bundle:
        assert requests.get(service.url, timeout=2, verify=bundle).text == "hello"
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(service.url, timeout=2)
