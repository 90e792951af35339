"""What is allowed but worth a warning: parts that are not built yet, and settings that weaken a safeguard. Pure."""

from collections.abc import Collection, Iterator

from cadence_exporter.model.operators import is_loopback, operator_of
from cadence_exporter.settings.schema import Settings


def cautions(settings: Settings, chosen: Collection[str]) -> Iterator[str]:
    """Warnings, each beginning with its key. ``chosen`` are the keys that somebody set."""
    yield from _not_built(settings)
    yield from _weakened(settings)
    yield from _without_effect(settings, chosen)


def _not_built(settings: Settings) -> Iterator[str]:
    if settings.vpn.wireguard is not None:
        yield "vpn.wireguard: reading WireGuard peers is not in this version; the interface is not looked at"


def _weakened(settings: Settings) -> Iterator[str]:
    host, _ = settings.listen_address()
    if settings.web_config_file is None and not is_loopback(host):
        yield "listen: is not loopback, so whoever reaches this host may read metrics and status; a web_config_file asks for a password"
    if settings.public_ip.quorum == 1:
        yield "public_ip.quorum: is 1, so a single echo service that lies or errs can move your DNS records; 2 is safer"
    if settings.loop.confirmations == 1:
        yield "loop.confirmations: is 1, so an address is published after a single observation; 2 is safer"
    operators = {operator_of(url) for url in settings.dns.truth}
    if not operators:
        yield "dns.truth: is empty, so nobody is asked whether the world sees the records"
    if len(operators) == 1:
        yield f"dns.truth: has one operator only ({operators.pop()}); nothing notices when it is wrong"
    rfc2136 = settings.providers.rfc2136
    if rfc2136.tsig_name is None and any(record.provider == "rfc2136" for record in settings.dns.records):
        yield "providers.rfc2136.tsig_name: is not set, so updates are not signed; the server must trust this host's address"


def _without_effect(settings: Settings, chosen: Collection[str]) -> Iterator[str]:
    used = {record.provider for record in settings.dns.records}
    if settings.providers.cloudflare.api_token is not None and "cloudflare" not in used:
        yield "providers.cloudflare.api_token: is set, but no record has provider cloudflare; set CLOUDFLARE_DNS_NAME or dns.records"
    if settings.providers.rfc2136.server is not None and "rfc2136" not in used:
        yield "providers.rfc2136.server: is set, but no record has provider rfc2136"
    if settings.public_ip.families == ("ipv4",) and "public_ip.echo6" in chosen:
        yield "public_ip.echo6: is not used, because public_ip.families does not contain ipv6"
    for position, record in enumerate(settings.dns.records):
        if record.provider == "file" and record.ttl is not None:
            yield f"dns.records[{position}].ttl: has no effect, because a hosts file knows no TTL"
        if record.proxied and record.ttl is not None:
            yield f"dns.records[{position}].ttl: has no effect, because Cloudflare decides the TTL of proxied records"
