"""Everything that eats foreign bytes, as one table. Nothing here needs the fuzzer: the tests replay inputs without it."""

from tests.fuzz import answers, cloudflare, files, imports, request, store, upnp
from tests.fuzz.canary import MAGIC, canary
from tests.fuzz.promises import Target

CANARY = Target(
    "canary", f"a planted bug behind {len(MAGIC)} nested comparisons, which must be found", canary, (b"a seed",)
)
TARGETS = {
    target.name: target
    for target in (
        *answers.TARGETS,
        *cloudflare.TARGETS,
        *files.TARGETS,
        *imports.TARGETS,
        *request.TARGETS,
        *store.TARGETS,
        *upnp.TARGETS,
    )
}
