"""The status page in a real browser: on a phone and on a desk, light and dark, by keyboard, without JavaScript, and for axe-core."""

import json
import time
from pathlib import Path

import pytest

from cadence_exporter.record.web.page_style import EVERY_S
from tests.page.chromium import FOUND, PATIENCE_S, Chromium
from tests.page.scene import HOSTILE, Home, served
from tests.record.web.web_world import make_cycle

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESK = (390, 844), (1280, 900)

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(FOUND is None, reason="Chromium is not installed (Debian: apt-get install chromium)"),
]

LOOKS = pytest.mark.parametrize(
    ("size", "dark"),
    [(PHONE, False), (PHONE, True), (DESK, False), (DESK, True)],
    ids=["phone-light", "phone-dark", "desk-light", "desk-dark"],
)
HOMES = pytest.mark.parametrize(
    "make",
    [lambda: Home().healthy(), lambda: Home().down(), lambda: Home().down(HOSTILE), Home, lambda: Home().stuck()],
    ids=["healthy", "down", "hostile", "starting", "stuck"],
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Chromium(tmp_path_factory.mktemp("chromium") / "profile") as found:
        yield found


QUICKER = 20
HURRIED = f"""
window.asked_for = [];
const every = window.setInterval;
window.setInterval = (work, milliseconds) => {{ asked_for.push(milliseconds); return every(work, milliseconds / {QUICKER}); }};
"""


@pytest.fixture
def hurried(browser):
    """The browser with intervals that pass more quickly; ``asked_for`` in the page are those that it wanted."""
    added = browser.call("Page.addScriptToEvaluateOnNewDocument", source=HURRIED)["identifier"]
    yield browser
    browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=added)


def opened(browser, url, size=DESK, *, dark=False):
    browser.look(*size, dark=dark)
    browser.open(url)
    return browser


@HOMES
@LOOKS
def test_nothing_sticks_out_and_nothing_is_complained_about(browser, make, size, dark):
    with served(make()) as url:
        opened(browser, url, size, dark=dark)
        wide = browser.run(
            "[...document.querySelectorAll('*')].filter(each => each.getBoundingClientRect().right > innerWidth + 1)"
            ".map(each => each.tagName)"
        )
        assert wide == []
        assert browser.run("document.documentElement.scrollWidth") <= size[0]
        assert browser.complaints() == []
        assert browser.requests() == [url]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make contracts")
@HOMES
@LOOKS
def test_axe_finds_nothing_serious(browser, make, size, dark):
    with served(make()) as url:
        opened(browser, url, size, dark=dark)
        browser.run(AXE.read_text("utf-8") + "; 0")
        found = json.loads(browser.run("axe.run(document, {resultTypes: ['violations']}).then(JSON.stringify)"))
        assert len(found["passes"]) > 10
        serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in serious] == []


def test_dark_is_dark_and_light_is_light(browser):
    with served(Home().healthy()) as url:
        papers = []
        for dark in (False, True):
            opened(browser, url, dark=dark)
            papers.append(browser.run("getComputedStyle(document.body).backgroundColor"))
        assert papers == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_everything_is_reached_with_the_tab_key_and_shows_it(browser, size):
    with served(Home().healthy()) as url:
        opened(browser, url, size)
        wanted = browser.run("[...document.querySelectorAll('a[href], summary')].map(each => each.textContent)")
        reached = []
        for _ in wanted:
            browser.press_tab()
            reached.append(browser.run("document.activeElement.textContent"))
            assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert reached == wanted
        assert len(wanted) >= 6


def test_hostile_text_stays_text(browser):
    with served(Home().down(HOSTILE)) as url:
        opened(browser, url)
        assert browser.run("document.querySelectorAll('img').length") == 0
        assert browser.run("document.querySelectorAll('script').length") == 1
        assert "<script>alert('pwned')</script>" in browser.run("document.body.innerText")
        assert browser.complaints() == []


def test_the_shortest_outage_is_two_pixels_wide_on_a_phone(browser):
    with served(Home().healthy()) as url:
        opened(browser, url, PHONE)
        narrow = browser.run(
            "Math.min(...[...document.querySelectorAll('.strip .bar-down')].map(each => each.getBoundingClientRect().width))"
        )
        low = browser.run(
            "Math.min(...[...document.querySelectorAll('.strip .bar-down')].map(each => each.getBoundingClientRect().height))"
        )
        assert narrow >= 1.8
        assert low >= 8


def waits(browser, script):
    until = time.monotonic() + PATIENCE_S
    while not browser.run(script):
        assert time.monotonic() < until, f"never true: {script}"
        time.sleep(0.1)


def test_it_stays_fresh_by_itself_and_keeps_what_was_opened_and_focused(hurried):
    home, browser = Home().healthy(), hurried
    with served(home) as url:
        opened(browser, url)
        assert browser.run("asked_for") == [1000 * EVERY_S]
        browser.run("document.getElementById('lines').open = false; document.getElementById('lines-title').focus()")
        home.board.record(make_cycle(at=home.clock.seconds, memory={"cycle": 777, "up_cycles": 777}))
        waits(browser, "document.body.innerText.includes('777 of 777')")
        assert browser.run("document.getElementById('lines').open") is False
        assert browser.run("document.activeElement.id") == "lines-title"
        assert browser.complaints() == []
        home.down()
        waits(browser, "document.title.startsWith('DOWN')")
        home.clock.seconds += 3600  # and then the loop stands still
        waits(browser, "document.body.innerText.includes('Cadence is stuck: the last cycle ended')")


def test_it_says_so_when_nobody_answers_any_more(hurried):
    with served(Home().healthy()) as url:
        opened(hurried, url)
        assert hurried.run("document.getElementById('lost').hidden") is True
    waits(hurried, "!document.getElementById('lost').hidden")


def test_without_javascript_the_page_is_whole(browser):
    with served(Home().healthy()) as url:
        opened(browser, url)
        with_script = browser.run("document.querySelector('main').innerText.length")
        browser.call("Emulation.setScriptExecutionDisabled", value=True)
        try:
            opened(browser, url)
            root = browser.call("DOM.getDocument", depth=-1)["root"]
            text = json.dumps(root)
            assert '"refresh"' in text
            assert "vpn.example.com" in text
        finally:
            browser.call("Emulation.setScriptExecutionDisabled", value=False)
        assert with_script > 500


def test_a_password_in_the_address_does_not_keep_the_page_from_being_fresh(hurried):
    """A relative address would take it over, and fetch refuses such addresses."""
    home = Home().healthy()
    with served(home) as url:
        opened(hurried, url.replace("http://", "http://user:word@"))
        home.down()
        waits(hurried, "document.title.startsWith('DOWN')")
