"""The section of the HTTP side that is not in the web-config file: the update call for routers."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from cadence_exporter.settings.kinds import line, location, read_by, secret
from cadence_exporter.settings.sections import Section

LONGEST_PASSWORD = 72
"""Bytes: bcrypt looks at no more."""


def _username(value: object) -> str:
    text = line(value, 100)
    if ":" in text:
        raise ValueError("must not contain a colon: basic authentication ends the user name there")
    return text


def _password(text: str) -> str:
    if not text.isprintable() or len(text.encode()) > LONGEST_PASSWORD:
        raise ValueError(
            f"must be one printable line of at most {LONGEST_PASSWORD} bytes (its value is not shown here)"
        )
    return text


class NicUpdateSettings(Section):
    """The update call of routers, `GET /nic/update` (dyndns2). Off until both are set. A call only makes Cadence look."""

    username: Annotated[str | None, read_by("user name", _username, nullable=True)] = Field(
        default=None, description="What the router gives as user name."
    )
    password: Annotated[SecretStr | None, secret("password", _password)] = Field(
        default=None, description="What the router gives as password; used for nothing else."
    )
    password_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds the password, instead of the password itself."
    )
