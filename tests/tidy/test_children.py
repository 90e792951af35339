"""A process that the program starts gets no more of the environment than it needs: secrets may be in there."""

import ast

from tests.tidy.tree import modules

STARTS = {"run", "Popen", "call", "check_call", "check_output"}


def starts(tree):
    """Each call that starts a process."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        if isinstance(owner, ast.Name) and (
            (owner.id == "subprocess" and node.func.attr in STARTS)
            or (owner.id == "os" and node.func.attr.startswith(("system", "popen", "spawn", "posix_spawn", "exec")))
        ):
            yield node


def test_whoever_starts_a_process_says_what_is_in_its_environment():
    found = {path: list(starts(ast.parse(path.read_text("utf-8")))) for path in modules()}
    assert sum(map(len, found.values())) >= 3
    silent = [
        f"{path.name}:{node.lineno}"
        for path, nodes in found.items()
        for node in nodes
        if not any(keyword.arg == "env" for keyword in node.keywords)
    ]
    assert silent == []
