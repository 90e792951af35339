"""The whole surface of the settings. Attribute names are the keys of the YAML file; durations are float seconds."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from cadence_exporter.model.address import Family
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.settings.endpoints import parse_listen
from cadence_exporter.settings.kinds import location, read_by, text
from cadence_exporter.settings.later_sections import VpnSettings
from cadence_exporter.settings.provider_sections import ProvidersSettings
from cadence_exporter.settings.recovery_sections import RecoverySettings, UpsSettings
from cadence_exporter.settings.router_section import RouterSettings
from cadence_exporter.settings.sections import (
    BudgetSettings,
    DnsSettings,
    LogSettings,
    LoopSettings,
    MetricsSettings,
    PublicIpSettings,
    Section,
    WanSettings,
)
from cadence_exporter.settings.sink_sections import HeartbeatSettings, NotifySettings, SheetsSettings
from cadence_exporter.settings.web_sections import NicUpdateSettings

FALLBACK_STATE_DIR = Path("~/.cache/cadence-exporter")
"""Only seen by who makes Settings by hand; ``load`` puts the real directory in its place."""


def _listen(value: object) -> str:
    parse_listen(value)
    return str(value).strip()


class Settings(Section):
    """What a user can set."""

    site: Annotated[str, text()] = Field(
        default="home",
        description="Names this home in log lines, messages and on the status page; never a metric label.",
    )
    listen: Annotated[str, read_by("host:port", _listen)] = Field(
        default="127.0.0.1:9923", description="Where the HTTP side listens; `:9923` and `[::]:9923` mean every address."
    )
    web_config_file: Annotated[Path | None, location()] = Field(
        default=None, description="TLS and basic auth, in the web-config format of the Prometheus exporters."
    )
    state_dir: Annotated[Path, location()] = Field(
        default=FALLBACK_STATE_DIR,
        description="Where memory is kept; default `$STATE_DIRECTORY`, else `/app/cache` where it exists (containers), "
        "else `~/.cache/cadence-exporter`.",
    )
    nic_update: NicUpdateSettings = NicUpdateSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    loop: LoopSettings = LoopSettings()
    router: RouterSettings = RouterSettings()
    wan: WanSettings = WanSettings()
    public_ip: PublicIpSettings = PublicIpSettings()
    dns: DnsSettings = DnsSettings()
    budget: BudgetSettings = BudgetSettings()
    providers: ProvidersSettings = ProvidersSettings()
    recovery: RecoverySettings = RecoverySettings()
    ups: UpsSettings = UpsSettings()
    vpn: VpnSettings = VpnSettings()
    sheets: SheetsSettings = SheetsSettings()
    notify: NotifySettings = NotifySettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()

    def hosts_file(self) -> Path:
        """The file that the ``file`` provider writes."""
        return self.providers.file.path or self.state_dir / "hosts"

    def listen_address(self) -> tuple[str, int]:
        """Host (empty: every address) and port (0: any free one) of the HTTP side."""
        return parse_listen(self.listen)

    def echo_services(self, family: Family) -> tuple[str, ...]:
        """The URLs that answer with an address of ``family``."""
        return self.public_ip.echo if family is Family.IPV4 else self.public_ip.echo6

    def record_specs(self) -> tuple[RecordSpec, ...]:
        """The records to keep."""
        return tuple(
            RecordSpec(
                key=RecordKey(record.name, record.type),
                provider=record.provider,
                ttl=record.ttl,
                proxied=record.proxied,
                id=record.id,
                create=record.create,
            )
            for record in self.dns.records
        )
