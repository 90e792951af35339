"""What the documents promise is there: links, make targets, settings, variables, commands and options, metrics, alerts."""

import re
from urllib.parse import unquote

import pytest
import yaml

from cadence_exporter.cli import _parser
from cadence_exporter.record.metrics.families import all_metrics
from cadence_exporter.settings.keys import CONFIG_VARIABLE, RECORDS, leaves, variable_of
from cadence_exporter.settings.sections import RecordSettings
from tests.docs.metrics_usage import exposed
from tests.tidy.tree import ROOT, code_in, documents, outside_code

KEYS = {key for key, _ in leaves()}
SECTIONS = {key.rpartition(".")[0] for key in KEYS} - {""}
TOP = {key.partition(".")[0] for key in KEYS}
VARIABLES = {variable_of(key) for key in KEYS} | {CONFIG_VARIABLE}

DOTTED = re.compile(r"(?<![\w./:-])([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)(?![\w/(.-])")
"""``loop.interval``; not a file, not a host, not a call."""
VARIABLE = re.compile(r"\bCADENCE_[A-Z0-9_]+\b")
TARGET = re.compile(r"(?:^|[`$;&|] ?)make +(?:[A-Z_]+=\S+ +)*([a-z][a-z-]*)", re.MULTILINE)
COMMAND = re.compile(r"(?:^|[ /`])cadence-exporter +([a-z][a-z-]+)\b([^|#&;`\n]*)")
METRIC = re.compile(r"(?<![\w:/.-])cadence_[a-z0-9_]+(?![\w:/.*-])")
ALERT = re.compile(r"\bCadence[A-Z][A-Za-z]+\b")
HOST_ENDINGS = ("com", "net", "org", "arpa", "example")
FILE_ENDINGS = ("py", "md", "yaml", "yml", "toml", "txt", "json", "db", "pem", "conf", "env", "cadence", "example")


def unknown_links(markdown, folder):
    """Relative targets that do not exist, and anchors that no heading of their document has."""
    links = re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", outside_code(markdown))
    links += re.findall(r"^\[[^\]]+\]: +(\S+)", outside_code(markdown), flags=re.MULTILINE)
    return [
        link
        for link in links
        if not re.match(r"[a-z][a-z0-9+.-]*:", link) and not leads_somewhere(link, markdown, folder)
    ]


def leads_somewhere(link, markdown, folder):
    path, _, anchor = unquote(link).partition("#")
    target = (folder / path).resolve() if path else None
    if target is not None and not (target.exists() and target.is_relative_to(ROOT)):
        return False
    if not anchor or (target is not None and target.suffix != ".md"):
        return True
    return anchor in anchors(markdown if target is None else target.read_text())


def anchors(markdown):
    """As the usual forges make them from headings."""
    headings = re.findall(r"^#+ +(.+?) *#*$", markdown, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def unknown_keys(markdown):
    return [
        key
        for code in code_in(markdown)
        for key in DOTTED.findall(code)
        if key.partition(".")[0] in TOP and not key.endswith((*FILE_ENDINGS, *HOST_ENDINGS)) and not is_key(key)
    ]


def is_key(key):
    section, _, last = key.rpartition(".")
    return key in KEYS or key in SECTIONS or (section == RECORDS and last in RecordSettings.model_fields)


def unknown_variables(text):
    """A variable cut off at the end of a word (``CADENCE_LOOP__...``) stands for its section."""
    return [
        each
        for each in VARIABLE.findall(text)
        if each not in VARIABLES and not (each.endswith("_") and starts_one(each))
    ]


def starts_one(beginning):
    return any(variable.startswith(beginning) for variable in VARIABLES)


def unknown_settings(markdown):
    """Keys in YAML examples that look like settings: their top-level keys are sections of the schema."""
    blocks = re.findall(r"^```ya?ml\n(.*?)^```", markdown, flags=re.MULTILINE | re.DOTALL)
    found = [yaml.safe_load(block) for block in blocks]
    return [
        key for block in found if isinstance(block, dict) and set(block) & TOP for key in flat(block) if not is_key(key)
    ]


def flat(section, prefix=""):
    for name, value in section.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def targets_of_the_makefile():
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def subparsers():
    """Command -> its parser."""
    return next(dict(action.choices) for action in _parser()._actions if action.dest == "command" or action.choices)


def unknown_commands(markdown):
    """Commands that there are not, and options that theirs does not have."""
    known = subparsers()
    for code in code_in(markdown):
        for command, rest in COMMAND.findall(code):
            if command not in known:
                yield command
            else:
                options = {option for action in known[command]._actions for option in action.option_strings}
                yield from (f"{command} {each}" for each in re.findall(r"--[a-z][a-z-]*", rest) if each not in options)


def unknown_metrics(markdown):
    """A beginning is enough for ``grep``."""
    known = set(exposed()) | {metric.name for metric in all_metrics()} | {"cadence_exporter"}
    return sorted(
        {
            name
            for code in code_in(markdown)
            for name in METRIC.findall(code)
            if name not in known and not ("grep" in code and any(each.startswith(name) for each in known))
        }
    )


def alerts():
    rules = yaml.safe_load((ROOT / "alerting" / "cadence.alerts.yml").read_text())
    return {rule["alert"] for group in rules["groups"] for rule in group["rules"]}


def linked_pages(pages):
    """Documents that a link of another one leads to."""
    return {
        str((ROOT / name).parent.joinpath(unquote(link).partition("#")[0]).resolve().relative_to(ROOT))
        for name, text in pages.items()
        for link in re.findall(r"\]\(<?([^)\s>]+)>?\)", outside_code(text))
        if not re.match(r"[a-z][a-z0-9+.-]*:|#", link)
    }


@pytest.fixture(scope="module")
def pages():
    return {str(file.relative_to(ROOT)): file.read_text() for file in documents()}


def in_all(pages, find):
    found = {name: find(text) for name, text in pages.items()}
    return {name: faults for name, faults in found.items() if faults}


def test_there_are_documents(pages):
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= set(pages)


def test_every_internal_link_leads_somewhere(pages):
    found = {name: unknown_links(text, (ROOT / name).parent) for name, text in pages.items()}
    assert {name: links for name, links in found.items() if links} == {}


def test_every_make_target_that_is_named_exists(pages):
    known = targets_of_the_makefile()
    assert in_all(pages, lambda text: sorted(set(TARGET.findall("\n".join(code_in(text)))) - known)) == {}


def test_every_setting_that_is_named_exists(pages):
    assert in_all(pages, unknown_keys) == {}
    assert in_all(pages, unknown_settings) == {}


def test_every_variable_that_is_named_exists(pages):
    others = {name: (ROOT / name).read_text() for name in (".env.example", "cadence.example.yaml")}
    assert in_all({**pages, **others}, unknown_variables) == {}


def test_every_command_and_option_that_is_named_exists(pages):
    assert {"run", "once", "demo", "import"} <= set(subparsers())
    assert in_all(pages, lambda text: list(unknown_commands(text))) == {}


def test_the_readme_names_every_command(pages):
    table = set(re.findall(r"^\| `([a-z-]+)[^`]*` \|", pages["README.md"], flags=re.MULTILINE))
    assert set(subparsers()) - table == set()


def test_every_metric_that_is_named_exists(pages):
    assert in_all(pages, unknown_metrics) == {}


def test_every_alert_that_is_named_exists(pages):
    known = alerts()
    assert "CadenceWanDown" in known
    assert in_all(pages, lambda text: sorted(set(ALERT.findall(text)) - known)) == {}


def test_every_page_can_be_found(pages):
    docs = {name for name in pages if name.startswith("docs/") and not name.startswith("docs/decisions/")}
    assert docs - linked_pages(pages) == set()


def test_these_rules_bite():
    assert unknown_links("[a](missing.md) [b](README.md) [c](https://example.com) [d](#gone)\n# Here\n", ROOT) == [
        "missing.md",
        "#gone",
    ]
    assert unknown_links("[d](#it-is-here)\n# It is here\n`[x](y)`\n```\n[x](y)\n```\n", ROOT) == []
    assert unknown_keys("`loop.intervall` `loop.interval` `dns.records` `wan.py`") == ["loop.intervall"]
    assert unknown_variables("CADENCE_LOOP__INTERVALL CADENCE_LOOP__INTERVAL CADENCE_") == ["CADENCE_LOOP__INTERVALL"]
    assert unknown_settings("```yaml\nloop: {intervall: 1s}\n```\n") == ["loop.intervall"]
    assert TARGET.findall("`make test` $ make PYTHON=x demo\nmake check && make lock") == [
        "test",
        "demo",
        "check",
        "lock",
    ]
    assert list(
        unknown_commands("`cadence-exporter once --rehearse` `cadence-exporter onse` `cadence-exporter run --jsn`")
    ) == [
        "onse",
        "run --jsn",
    ]
    assert unknown_metrics(
        "`cadence_stat` `cadence_state` `cadence_loop_duration_seconds_bucket` cadence_prose `grep cadence_dns`"
    ) == ["cadence_stat"]
    assert linked_pages({"docs/a.md": "[x](b.md#here) `[y](c.md)` [z](https://example.com/d.md)"}) == {"docs/b.md"}
