"""Text never becomes markup, wherever it stands."""

import ast
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.record.web.html import LONGEST, Html, element, joined
from tests.tidy.tree import PACKAGE

ANYTHING = st.text() | st.sampled_from(
    ["<script>", "'\"><img onerror=x>", "</style>", "&lt;", "\ud800", "\u202e", "\x1b[2J"]
)


class Seen(HTMLParser):
    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.extend(attributes)

    def handle_data(self, data):
        self.text += data


@given(ANYTHING, ANYTHING)
def test_whatever_the_text_there_is_one_element_with_one_attribute(text, value):
    seen = Seen(element("p", text, title=value))
    assert seen.tags == ["p"]
    assert [name for name, _ in seen.attributes] == ["title"]
    element("p", text, title=value).encode()


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=LONGEST))
def test_what_can_be_shown_is_shown_as_it_is(text):
    assert Seen(element("p", text)).text == text


def test_children_are_nested_joined_and_left_out():
    inside = element("b", "x & y")
    assert joined(inside, None, [inside, "<"]) == "<b>x &amp; y</b><b>x &amp; y</b>&lt;"
    assert (
        element("p", (each for each in "ab"), class_="c", aria_label=None, hidden=True) == '<p class="c" hidden>ab</p>'
    )
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_an_endless_text_is_cut():
    assert len(element("p", "x" * 10_000)) < 2 * LONGEST


def test_nothing_but_constants_is_declared_to_be_markup():
    """``Html(...)`` is called in its own module, and elsewhere with constants only: every other text is escaped."""
    for module in (PACKAGE / "record" / "web").glob("*.py"):
        calls = [
            node
            for node in ast.walk(ast.parse(module.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Html"
        ]
        if module.name != "html.py":
            given_ = [call.args[0] for call in calls]
            assert all(
                isinstance(each, ast.Constant) or (isinstance(each, ast.Name) and each.id.isupper()) for each in given_
            )
    assert issubclass(Html, str)
