from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cadence_exporter.errors import Problem, SettingsError
from cadence_exporter.settings.environment import process_variables, read_environment
from cadence_exporter.settings.keys import leaves, variable_of
from cadence_exporter.settings.load import load

VARIABLES = [variable_of(key) for key, _ in leaves()] + [
    "CLOUDFLARE_DNS_NAME",
    "CYCLE_INTERVAL",
    "CLOUDFLARE_API_TOKEN",
]
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["[]", "[1, {a: b}]", "{}", "null", "-1", "1e400", "0s", "\x00", "http://[", "::", "[[[[", "nan", "*.a", "a:99"]
    ),
)


def problems_of(environ: dict[str, str], cwd: Path) -> tuple[Problem, ...]:
    try:
        load(None, environ, cwd)
    except SettingsError as error:
        return error.problems
    return ()


@given(st.dictionaries(st.sampled_from(VARIABLES), VALUES, max_size=4))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_variable_breaks_the_loader(tmp_path: Path, environ: dict[str, str]) -> None:
    assert all(
        problem.where and problem.text and "\n" not in str(problem) for problem in problems_of(environ, tmp_path)
    )


@given(
    st.one_of(
        st.binary(max_size=80), st.text(alphabet="loop:wan dns\n\t-[]{}&*!|>'\"#,0123s", max_size=80).map(str.encode)
    )
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_file_breaks_the_loader(tmp_path: Path, content: bytes) -> None:
    for name in ("cadence.yaml", ".env"):
        (tmp_path / name).write_bytes(content)
    assert all("\n" not in str(problem) for problem in problems_of({}, tmp_path))


def test_a_variable_of_somebody_else_is_left_alone() -> None:
    assert read_environment(process_variables({"PATH": "/bin", "CADENCEX": "1"}, Path())).problems == []
