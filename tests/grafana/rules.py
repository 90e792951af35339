"""The rules of the house for a dashboard. Each rule yields a sentence a fault.

The first block says what grafana/dashboard-linter 0.2.0 checks, for panels of every type; the second is ours.
"""

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.grafana import names
from tests.grafana.expressions import panels
from tests.grafana.selectors import functions, groupings, is_one_series, parsed, selectors

Rule = Callable[[dict], Iterator[str]]

SCHEMA = json.loads((Path(__file__).parent / "dashboard.schema.json").read_text())
FILTERS = {("job", "=~", "$job"), ("site", "=~", "$site"), ("instance", "=~", "$instance")}
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
GROWTH = {"rate", "irate", "increase", "resets", "changes"}
TOO_NEW = {
    "histogram_avg",
    "histogram_stddev",
    "sort_by_label",
    "sort_by_label_desc",
    "mad_over_time",
    "double_exponential_smoothing",
}
"""Functions that Prometheus 2.42 does not have."""
MARKS = {"Left a state for a worse one", "Address changed", "DNS written", "Restart", "New version"}
GLOBALS = {
    "__interval",
    "__rate_interval",
    "__range",
    "__range_s",
    "__from",
    "__all",
    "__to",
    "__url_time_range",
    "__all_variables",
    "__data",
    "__value",
}
"""Variables of Grafana itself that we use."""

_LABEL_VALUES = re.compile(r"label_values\((\w+)(?:\{(.*)\})?, (\w+)\)")
_RATE = re.compile(r"\b(?:rate|irate)\([^\[\]]*\[([^\]]*)\]")


def _asked(dashboard: dict) -> Iterator[tuple[str, str]]:
    """Where, and the expression."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def _trees(dashboard: dict) -> Iterator[tuple[str, object]]:
    for place, expr in _asked(dashboard):
        try:
            yield place, parsed(expr)
        except ValueError:
            continue  # is_promql says so


def _variables(dashboard: dict) -> dict[str, dict]:
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


# ---- what the linter says


def has_a_choice_of_data_source(dashboard):
    variable = _variables(dashboard).get("datasource", {})
    if (variable.get("type"), variable.get("query"), variable.get("label")) != (
        "datasource",
        "prometheus",
        "Data source",
    ):
        yield "no variable `datasource` for Prometheus, labelled Data source"


def has_choices_of_homes(dashboard):
    for name, everything in (("job", "cadence.*"), ("site", ".*"), ("instance", ".+")):
        variable = _variables(dashboard).get(name, {})
        if (variable.get("type"), variable.get("label")) != ("query", name.capitalize()):
            yield f"no query variable `{name}`"
            continue
        if not (variable.get("multi") and variable.get("includeAll") and variable.get("allValue") == everything):
            yield f"`{name}` does not offer several and all ({everything})"
        if variable.get("datasource", {}).get("uid") != "${datasource}":
            yield f"`{name}` asks another data source than the chosen one"


def choices_ask_for_what_is_there(dashboard):
    for name, variable in _variables(dashboard).items():
        if variable["type"] != "query":
            continue
        asked = _LABEL_VALUES.fullmatch(variable["query"]["query"])
        if asked is None or asked[1] not in names.labels_of() or asked[3] not in names.OF_THE_TARGET:
            yield f"`{name}` is not made from the labels of a metric of ours"
        if variable.get("definition") != variable["query"]["query"]:
            yield f"`{name}` shows another question than it asks"


def choices_follow_the_time_range(dashboard):
    for name, variable in _variables(dashboard).items():
        if variable["type"] == "query" and variable.get("refresh") != 2:
            yield f"`{name}` is not renewed when the time range changes"


def asks_the_chosen_data_source(dashboard):
    for panel in panels(dashboard):
        if panel["type"] != "text" and panel.get("datasource", {}).get("uid") != "${datasource}":
            yield f"{panel['title']}: not the chosen data source"
    for annotation in dashboard["annotations"]["list"]:
        if annotation["datasource"]["uid"] != "${datasource}":
            yield f"{annotation['name']}: not the chosen data source"


def says_what_it_shows(dashboard):
    for panel in panels(dashboard):
        if not panel.get("title", "").strip():
            yield f"panel {panel['id']}: no title"
        if len(panel.get("description", "")) < 30:
            yield f"{panel.get('title')}: no description that helps"


def has_a_known_unit(dashboard):
    for panel in panels(dashboard):
        config = panel["fieldConfig"]
        overridden = [
            each["value"] for over in config["overrides"] for each in over["properties"] if each["id"] == "unit"
        ]
        for unit in (config["defaults"].get("unit", ""), *overridden):
            if unit not in UNITS:
                yield f"{panel['title']}: unit {unit!r} is none of Grafana's"


def asks_something(dashboard):
    for panel in panels(dashboard):
        if panel["type"] != "text" and not panel.get("targets"):
            yield f"{panel['title']}: asks nothing"


def is_promql(dashboard):
    for place, expr in _asked(dashboard):
        try:
            parsed(expr)
        except ValueError as error:
            yield f"{place}: {error}"


def rates_fit_the_scrapes(dashboard):
    for place, expr in _asked(dashboard):
        for window in _RATE.findall(expr):
            if window != "$__rate_interval":
                yield f"{place}: a rate over {window}"
        if re.search(r"\[\$\{?__interval\}?\]", expr):
            yield f"{place}: a window of $__interval may hold a single scrape"


def filters_by_home(dashboard):
    for place, tree in _trees(dashboard):
        for selector in selectors(tree):
            missing = FILTERS - set(selector.matchers)
            if missing:
                yield f"{place}: {selector.name} without {sorted(label for label, *_ in missing)}"
            for label, _, value in selector.matchers:
                if label in names.OF_THE_TARGET and not value.startswith("$"):
                    yield f"{place}: {selector.name} only of {label} {value}"


def shows_growth_of_counters(dashboard):
    for place, tree in _trees(dashboard):
        for selector in selectors(tree):
            if selector.name in names.counters() and selector.function not in GROWTH:
                yield f"{place}: the bare counter {selector.name}"


def is_not_edited_in_the_browser(dashboard):
    if dashboard.get("editable") is not False:
        yield "is editable"


# ---- rules of our own


def keeps_to_the_schema(dashboard):
    for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(dashboard):
        yield f"{error.json_path}: {error.message[:120]}"


def is_of_the_classic_format(dashboard):
    for key in ("__inputs", "__requires", "apiVersion", "kind", "spec", "elements"):
        if key in dashboard:
            yield f"{key} does not belong into a file that is provisioned"
    if "${DS_" in json.dumps(dashboard):
        yield "names a data source by an import's placeholder"


def the_library_knows_every_key(dashboard):
    register_default_plugins()
    try:
        known = json.loads(json.dumps(Dashboard.from_json(copy.deepcopy(dashboard)), cls=JSONEncoder))
    except (KeyError, TypeError, ValueError) as error:
        yield f"the library cannot read it: {error!r}"
        return
    yield from (f"{path} is lost" for path in _lost(dashboard, known, ""))


def _lost(ours, theirs, path):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key not in theirs:
                if value is not None:
                    yield f"{path}/{key}"
            else:
                yield from _lost(value, theirs[key], f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _lost(mine, other, f"{path}/{index}")
    elif ours != theirs:
        yield path


def has_ids_of_its_own(dashboard):
    ids = Counter(panel.get("id", 0) for panel in (*dashboard["panels"], *panels(dashboard)) if panel["type"] != "row")
    headings = Counter(panel.get("id", 0) for panel in dashboard["panels"] if panel["type"] == "row")
    open_ids = Counter(panel.get("id", 0) for panel in dashboard["panels"])
    if 0 in ids or 0 in headings:
        yield "a panel without an id"
    for number, count in open_ids.items():
        if count > 1:
            yield f"id {number} twice"


def titles_are_told_apart(dashboard):
    counts = Counter(panel["title"] for panel in panels(dashboard))
    yield from (f"{title}: {count} panels of this name" for title, count in counts.items() if count > 1)


def nothing_overlaps(dashboard):
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{panel['title']}: wider than the page"
        fields = [
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        others = {taken[field] for field in fields if field in taken}
        yield from (f"{panel['title']} lies on {other}" for other in sorted(others))
        taken |= dict.fromkeys(fields, panel["title"])


def leaves_no_holes(dashboard):
    """Grafana pushes panels up into free rows, so a hole is never where the file says."""
    rows: Counter[int] = Counter()
    for panel in dashboard["panels"]:
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"]):
            rows[y] += panel["gridPos"]["w"]
    yield from (f"row {y} is {rows[y]} wide" for y in range(max(rows, default=-1) + 1) if rows[y] != 24)


def names_its_series(dashboard):
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            if (
                target["format"] == "time_series"
                and not target["legendFormat"]
                and not is_one_series(parsed(target["expr"]))
            ):
                yield f"{panel['title']} {target['refId']}: several series without names"


def values_have_a_meaning(dashboard):
    for panel in panels(dashboard):
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] not in ("text", "heatmap") and not (defaults.get("mappings") or defaults.get("thresholds")):
            yield f"{panel['title']}: neither thresholds nor words"


def codes_have_words(dashboard):
    """An expression that answers with codes (``... * 0 + 7``) needs a word for each."""
    for panel in panels(dashboard):
        config = panel["fieldConfig"]
        properties = [each for over in config["overrides"] for each in over["properties"] if each["id"] == "mappings"]
        mappings = [*config["defaults"].get("mappings", []), *(one for each in properties for one in each["value"])]
        words = {code for mapping in mappings if mapping["type"] == "value" for code in mapping["options"]}
        codes = {code for target in panel.get("targets", []) for code in re.findall(r"\* 0 \+ (\d+)", target["expr"])}
        if codes - words:
            yield f"{panel['title']}: no words for {sorted(codes - words)}"


def metrics_exist(dashboard):
    for place, tree in _trees(dashboard):
        for selector in selectors(tree):
            if selector.name not in names.labels_of():
                yield f"{place}: no metric is called {selector.name}"


def labels_exist(dashboard):
    known = names.labels_of()
    for place, tree in _trees(dashboard):
        seen: set[str] = set()
        for selector in selectors(tree):
            has = known.get(selector.name, set())
            seen |= has
            for label, *_ in selector.matchers:
                if has and label not in has:
                    yield f"{place}: {selector.name} has no label {label}"
        made = {"hour"}  # by count_values
        yield from (
            f"{place}: grouped by {label}, which nothing has" for label in groupings(tree) if label not in seen | made
        )


def the_oldest_prometheus_can_answer(dashboard):
    for place, tree in _trees(dashboard):
        yield from (f"{place}: Prometheus 2.42 has no {name}" for name in functions(tree) if name in TOO_NEW)


def marks_what_happened(dashboard):
    """Those of a fleet and of a month are there, and wait for a click."""
    many = dashboard["uid"] in {"cadence-fleet", "cadence-slo"}
    missing = MARKS - {each["name"] for each in dashboard["annotations"]["list"] if each["enable"] or many}
    if missing:
        yield f"no marks for {sorted(missing)}"


def marks_hide_no_outage(dashboard):
    """In a field of one pixel a mark is all that one sees."""
    narrow = [panel["id"] for panel in panels(dashboard) if panel["type"] in {"state-timeline", "status-history"}]
    for each in dashboard["annotations"]["list"]:
        if narrow and each.get("filter") != {"exclude": True, "ids": narrow}:
            yield f"{each['name']}: drawn over a timeline"


def variables_are_defined(dashboard):
    known = set(_variables(dashboard)) | GLOBALS
    text = json.dumps({**dashboard, "description": ""})
    used = {found[0] or found[1] for found in re.findall(r"\$(?:\{(\w+)[^}]*\}|(\w+))", text)}
    yield from (f"${name} is nothing" for name in sorted(used - known))


def links_lead_somewhere(dashboard):
    pages = {file.stem for file in (names.ROOT / "grafana/dashboards").glob("*.json")}
    runbooks = {name.lower() for name in names.alerts()}
    text = json.dumps(dashboard)
    yield from (f"no page {uid}" for uid in sorted(set(re.findall(r"/d/([\w-]+)", text)) - pages))
    yield from (f"no alert {name}" for name in sorted(set(re.findall(r"\$\{runbooks\}#([\w-]+)", text)) - runbooks))
    if not any(
        link["type"] == "dashboards" and link["includeVars"] and link["keepTime"] for link in dashboard["links"]
    ):
        yield "no way to the other pages"
    if not any(link.get("url") == "${runbooks}" for link in dashboard["links"]):
        yield "no way to the runbooks"


RULES: tuple[Rule, ...] = (
    has_a_choice_of_data_source,
    has_choices_of_homes,
    choices_ask_for_what_is_there,
    choices_follow_the_time_range,
    asks_the_chosen_data_source,
    says_what_it_shows,
    has_a_known_unit,
    asks_something,
    is_promql,
    rates_fit_the_scrapes,
    filters_by_home,
    shows_growth_of_counters,
    is_not_edited_in_the_browser,
    keeps_to_the_schema,
    is_of_the_classic_format,
    the_library_knows_every_key,
    has_ids_of_its_own,
    titles_are_told_apart,
    nothing_overlaps,
    leaves_no_holes,
    names_its_series,
    values_have_a_meaning,
    codes_have_words,
    metrics_exist,
    labels_exist,
    the_oldest_prometheus_can_answer,
    marks_what_happened,
    marks_hide_no_outage,
    variables_are_defined,
    links_lead_somewhere,
)
