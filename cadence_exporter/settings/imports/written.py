"""What was taken over, as a cadence.yaml."""

from collections.abc import Iterator

from cadence_exporter.settings.imports.carried import Carried, Record

TOKEN_FILE = "cloudflare_token"  # noqa: S105 - a file's name, relative to the YAML file


def as_yaml(carried: Carried) -> str:
    """The whole file, with what was not taken over as comments at its head."""
    return "\n".join([*_head(carried), *_families(carried), *_records(carried), "", *_provider(carried), ""])


def _head(carried: Carried) -> Iterator[str]:
    yield f"# Taken over from settings of {carried.program}. Read it, save it as cadence.yaml, then: cadence-exporter check-config"
    yield "# and: cadence-exporter once --rehearse. Switch the other program off before Cadence runs: two of them fight over a record."
    notes = list(carried.notes)
    if len(carried.tokens) > 1:
        notes.append(
            "several different tokens: Cadence has one for all records at Cloudflare; make one that may edit all their zones"
        )
    if len(carried.zone_ids) > 1:
        notes.append(
            "several zone ids: left out, zones are found by the records' names (the token needs Zone:Zone:Read)"
        )
    if notes:
        yield "#"
        yield "# Not, or not quite, as it was:"
        yield from (f"# - {note}" for note in notes)
    yield ""


def _families(carried: Carried) -> Iterator[str]:
    types = {kind for _, kind in carried.records}
    if "AAAA" in types:
        yield f"public_ip:\n  families: [{'ipv4, ' if 'A' in types else ''}ipv6]\n"


def _records(carried: Carried) -> Iterator[str]:
    yield "dns:"
    yield "  records:"
    yield from (f"    - {{{', '.join(_fields(record))}}}" for record in carried.records.values())


def _fields(record: Record) -> Iterator[str]:
    # Quoted: `*.example.com` would be an alias, and `y`, `on` or 1e3 in the wrong place something else than text.
    yield f'name: "{record.name}"'
    yield f"type: {record.type}"
    if record.ttl is not None:
        yield f"ttl: {record.ttl}"
    if record.proxied is not None:
        yield f"proxied: {'true' if record.proxied else 'false'}"
    yield "provider: cloudflare"


def _provider(carried: Carried) -> Iterator[str]:
    yield "providers:"
    yield "  cloudflare:"
    if carried.token_file is None:
        yield "    # A file that holds the API token and nothing else, readable by its owner only. Tokens are not taken over:"
        yield f"    # install -m 600 /dev/null {TOKEN_FILE}, then put the token into it with an editor."
    yield f"    api_token_file: {carried.token_file or TOKEN_FILE}"
    if len(carried.zone_ids) == 1:
        yield f'    zone_id: "{next(iter(carried.zone_ids))}"'
