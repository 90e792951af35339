"""The sections of what is told outside: the sheet, messages, the dead man's switch. Attribute names are the keys of the YAML file."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from cadence_exporter.settings.endpoints import parse_url
from cadence_exporter.settings.kinds import duration, flag, location, read_by, secret, secrets, text
from cadence_exporter.settings.sections import Section

DEFAULT_WORKSHEET = "Cadence"
MOST_URLS = 16
"""Each has a lane of its own."""


def _secret_url(text: str) -> str:
    """A URL that is a password as a whole, so what is wrong with it is said without repeating it."""
    try:
        return parse_url(text)
    except ValueError as error:
        raise ValueError(
            "must be an https:// URL of a public host, without user or password (it is not shown here)"
        ) from error


def _token_uri(text: object) -> None:
    try:
        parse_url(text)
    except ValueError:
        raise ValueError("has a token_uri that is no https:// URL of a public host (it is not shown here)") from None


def _service_account(text: str) -> str:
    """The JSON that Google's console hands out for a service account. Nothing of it is repeated."""
    try:
        given = dict(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        problem = "must be the JSON of a service account's key, as Google's console hands it out (it is not shown here)"
        raise ValueError(problem) from None
    for name in ("client_email", "private_key"):
        if not isinstance(given.get(name), str) or not given[name].strip():
            raise ValueError(
                f"is JSON, but without {name}: it must be a key of a service account (it is not shown here)"
            )
    if "PRIVATE KEY-----" not in given["private_key"]:
        raise ValueError(
            "has a private_key that is none in PEM form; download the key once more (it is not shown here)"
        )
    if "token_uri" in given:
        _token_uri(given["token_uri"])
    return text


def _apprise_url(text: str) -> str:
    """Only its form: which services there are is known to Apprise alone."""
    scheme, separator, rest = text.partition("://")
    if not separator or not scheme.isalnum() or not rest or not text.isprintable():
        raise ValueError("must be an Apprise URL such as ntfy://topic (it is not shown here)")
    return text


class SheetsSettings(Section):
    """A Google sheet with one row for this home and a log of what happened. Needs the extra `sheets`."""

    enabled: Annotated[bool, flag()] = Field(default=False, description="Whether rows are written.")
    spreadsheet: Annotated[str | None, text(nullable=True)] = Field(
        default=None,
        description="The spreadsheet: its id, its URL, or its exact name (then the Drive API must be enabled, too).",
    )
    worksheet: Annotated[str | None, text(nullable=True)] = Field(
        default=None,
        description=f"The tab with the homes; default `{DEFAULT_WORKSHEET}`. The log is in a tab named after it and `site`. "
        "Both are made when missing.",
    )
    credentials: Annotated[SecretStr | None, secret("service account JSON", _service_account)] = Field(
        default=None, description="The service account's key, as JSON."
    )
    credentials_file: Annotated[Path | None, location()] = Field(
        default=None, description="The file that holds it, instead of the JSON itself."
    )
    show_addresses: Annotated[bool, flag()] = Field(
        default=True, description="Whether public addresses stand in the sheet: whoever may read it knows them."
    )
    base_url: Annotated[str | None, read_by("URL", parse_url, nullable=True)] = Field(
        default=None, description="Another place for the API."
    )


class NotifySettings(Section):
    """Messages for people without Alertmanager. Needs the extra `notify`."""

    urls: Annotated[tuple[SecretStr, ...], secrets("Apprise URLs", _apprise_url, most=MOST_URLS)] = Field(
        default=(), description="Where messages go. They carry passwords."
    )
    urls_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file with one URL a line, instead of the URLs."
    )
    quiet_period: Annotated[float, duration(0, 86400)] = Field(
        default=300.0,
        description="Least time between two messages; what happens meanwhile is told in one. An incident during which messages "
        "get out is told when it has lasted so long.",
    )
    show_addresses: Annotated[bool, flag()] = Field(
        default=True, description="Whether public addresses are in the messages: a lock screen shows them to anybody."
    )


class HeartbeatSettings(Section):
    """A dead man's switch: a service that raises the alarm when it is not called any more."""

    url: Annotated[SecretStr | None, secret("URL", _secret_url)] = Field(
        default=None,
        description="Called after UP cycles, at most once a minute at the default pace: Healthchecks, or a push monitor of Uptime Kuma. "
        "It is a secret.",
    )
    url_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds the URL, instead of the URL itself."
    )
