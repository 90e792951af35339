"""One target under the fuzzer: ``python -m tests.fuzz.search NAME [libFuzzer's options and folders]``. Ends with status 77 at a find."""

import sys

import atheris

INSTRUMENTED = ["cadence_exporter", "tests.fuzz", "yaml", "dns", "dotenv", "idna", "email"]
"""What the search can see into: our own code, and the parsers it leans on that are written in Python."""

with atheris.instrument_imports(include=INSTRUMENTED):
    from tests.fuzz.targets import CANARY, TARGETS


def main():
    name, *arguments = sys.argv[1:]
    target = {CANARY.name: CANARY, **TARGETS}[name]
    atheris.Setup([sys.argv[0], *arguments], target.hold)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
