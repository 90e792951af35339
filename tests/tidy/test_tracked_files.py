"""What must be in no tracked file: places and addresses that exist on one machine, or lead to one registry."""

import re

import pytest

from tests.tidy.tree import ROOT, text_of, tracked

# Taken apart, so that this file passes its own test.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("deb", "debian", "org"),
        ("docker", "io"),
    )
)
OF_ONE_MACHINE = re.compile(
    r"\.\./" + r"shared\b"
    r"|(?<![\w.:/-])/(?:work|root|Users)/[\w.]"
    r"|(?<![\w.:/-])/home/(?!someone\b)[\w.]"  # "someone" is the pretend user of the tests
)
LOCKS = ("requirements/*.txt", "*package-lock.json", "*poetry.lock", "*uv.lock", "*yarn.lock")


def lines_with(pattern, text):
    return [
        f"{number}: {line.strip()[:120]}" for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)
    ]


def registries(text):
    return [host for host in REGISTRY_HOSTS if host in text]


def test_no_tracked_file_names_a_path_of_one_machine():
    found = {}
    for file in tracked():
        lines = lines_with(OF_ONE_MACHINE, text_of(file) or "")
        if lines:
            found[str(file.relative_to(ROOT))] = lines
    assert found == {}


def test_no_tracked_file_names_a_registry():
    named = {str(file.relative_to(ROOT)): registries(text_of(file) or "") for file in tracked()}
    assert {name: hosts for name, hosts in named.items() if hosts} == {}


def test_every_lock_is_hashed_and_without_addresses():
    locks = tracked(*LOCKS)
    assert {file.name for file in locks} >= {"runtime.txt", "dev.txt"}
    for file in locks:
        text = text_of(file) or ""
        assert "--hash=sha256:" in text or '"integrity": "sha512-' in text, file.name
        assert lines_with(re.compile(r'--(extra-)?index-url|--find-links|"resolved": "http'), text) == [], file.name


@pytest.mark.parametrize(
    "line", ["see ../" + "shared/x", "cd /wo" + "rk/main", "open('/ro" + "ot/.ssh')", "/ho" + "me/bob"]
)
def test_a_path_of_one_machine_is_found(line):
    assert lines_with(OF_ONE_MACHINE, line)


@pytest.mark.parametrize("line", ["framework/main", "https://example.com/work/x", "a/root/b", "/home/someone/state"])
def test_what_only_looks_like_one_is_not(line):
    assert not lines_with(OF_ONE_MACHINE, line)
