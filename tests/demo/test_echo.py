from collections.abc import Iterator

import pytest
import requests

from cadence_exporter.demo.echo import EchoFake, EchoForm, EchoMode

TRUTH = "93.184.216.34"


@pytest.fixture
def fake() -> Iterator[EchoFake]:
    with EchoFake(lambda: TRUTH) as fake:
        yield fake


def test_the_documented_forms() -> None:
    with EchoFake(lambda: TRUTH) as text, EchoFake(lambda: TRUTH, EchoForm.JSON) as json:
        assert requests.get(text.url, timeout=5).text == f"{TRUTH}\n"
        assert requests.get(json.url, timeout=5).json() == {"ip": TRUTH}
    with EchoFake(lambda: TRUTH, EchoForm.TRACE) as trace:
        lines = dict(line.split("=", 1) for line in requests.get(trace.url, timeout=5).text.splitlines())
        assert (lines["ip"], lines["h"], lines["warp"]) == (TRUTH, trace.http.port.address, "off")


def test_a_lie_lasts_until_it_is_honest_again_and_calls_are_counted(fake: EchoFake) -> None:
    fake.lie("198.41.0.4")
    assert requests.get(fake.url, timeout=5).text == "198.41.0.4\n"
    fake.be_honest()
    assert requests.get(fake.url, timeout=5).text == f"{TRUTH}\n"
    assert fake.calls == 2


@pytest.mark.parametrize(
    ("mode", "status", "begins"),
    [
        (EchoMode.HTML, 200, b"<!DOCTYPE"),
        (EchoMode.HTML_403, 403, b"<!DOCTYPE"),
        (EchoMode.EMPTY, 200, b""),
        (EchoMode.LIST, 200, b"93.184.216.34, 10.0.0.1"),
        (EchoMode.LEADING_ZEROS, 200, b"093.184.216.034"),
        (EchoMode.WITH_PORT, 200, b"93.184.216.34:443"),
        (EchoMode.IPV6, 200, b"2a00:"),
        (EchoMode.OVERSIZED, 200, b"9999"),
        (EchoMode.DRIP, 200, b"9"),
        (EchoMode.REDIRECT, 302, b""),
        (EchoMode.TOO_MANY_REQUESTS, 429, b"slow"),
        (EchoMode.SERVER_ERROR, 500, b"<!DOCTYPE"),
    ],
)
def test_misbehaviour_that_answers(fake: EchoFake, mode: EchoMode, status: int, begins: bytes) -> None:
    fake.mode = mode
    with requests.get(fake.url, timeout=5, stream=True, allow_redirects=False) as response:
        assert response.status_code == status
        assert next(response.iter_content(len(begins) or 1), b"").startswith(begins)


def test_the_gzip_bomb_is_small_on_the_wire_and_large_when_unpacked(fake: EchoFake) -> None:
    fake.mode = EchoMode.GZIP_BOMB
    response = requests.get(fake.url, timeout=5)
    assert int(response.headers["Content-Length"]) < 100_000
    assert len(response.content) > 10_000_000


def test_misbehaviour_that_does_not_answer(fake: EchoFake) -> None:
    fake.mode = EchoMode.SILENCE
    with pytest.raises(requests.ReadTimeout):
        requests.get(fake.url, timeout=0.1)
    fake.mode = EchoMode.RESET
    with pytest.raises(requests.ConnectionError):
        requests.get(fake.url, timeout=5)


def test_every_mode_is_tested_here_or_is_honest(fake: EchoFake) -> None:
    for mode in set(EchoMode) - {EchoMode.SILENCE, EchoMode.RESET}:
        fake.mode = mode
        requests.get(fake.url, timeout=5, stream=True, allow_redirects=False).close()
