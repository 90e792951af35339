"""The service account: from its JSON to access tokens that last an hour (OAuth 2.0 JWT grant, RFC 7523)."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.delivery import Trouble
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.outbound.child import RunChild
from cadence_exporter.outbound.https import Https, Request
from cadence_exporter.record.sheets import sign
from cadence_exporter.record.sinks.courier import DeliveryFailed, undelivered
from cadence_exporter.seams import Clock
from cadence_exporter.settings.extras import how_to_add

SERVICE = "sheets"
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
FIND_SCOPE = "https://www.googleapis.com/auth/drive.metadata.readonly"
"""Asked for only when the spreadsheet is given by its name."""
SIGN_TIMEOUT_S = 20.0
"""A Raspberry Pi takes two seconds to load google-auth."""
LIFETIME_S = 3600
_RENEW_BEFORE_S = 120.0
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
"""What may stand in a header: a line break in a token would begin another one."""


@dataclass(frozen=True, slots=True)
class Account:
    """What is used of a service account's JSON."""

    email: str = field(repr=False)
    key: str = field(repr=False)
    key_id: str = field(repr=False)
    token_uri: str = field(repr=False)

    @classmethod
    def of(cls, text: str) -> "Account":
        """From the JSON, which the settings have checked."""
        given = json.loads(text)
        return cls(
            given["client_email"],
            given["private_key"],
            str(given.get("private_key_id", "")),
            given.get("token_uri", "https://oauth2.googleapis.com/token"),
        )


class Tokens:
    """Access tokens, renewed in time. Used by one lane."""

    def __init__(
        self, account: Account, https: Https, clock: Clock, run_child: RunChild, scopes: tuple[str, ...]
    ) -> None:
        self._account = account
        self._https = https
        self._clock = clock
        self._run_child = run_child
        self._scopes = scopes
        self._token = ""
        self._good_until = Instant(0.0)

    def get(self, deadline: Instant) -> str:
        """A token that is good for some time yet. Raises DeliveryFailed."""
        if not self._token or self._clock.monotonic() >= self._good_until:
            self._token = ""
            self._renew(deadline)
        return self._token

    def drop(self) -> None:
        """It was not accepted."""
        self._token = ""

    def _renew(self, deadline: Instant) -> None:
        asked_at = self._clock.monotonic()
        form = urlencode({"grant_type": _GRANT, "assertion": self._assertion()}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = self._https.call(
                Request(SERVICE, self._account.token_uri, "POST", headers, form, max_bytes=16_384), deadline
            )
        except ProbeFailed as error:
            raise undelivered(error) from None
        if answer.status in (400, 401, 403):
            raise DeliveryFailed(
                Trouble.AUTH,
                f"the token endpoint refuses the service account ({answer.status}): "
                "its key was withdrawn, or this machine's clock is wrong by minutes",
            )
        if answer.status == 429 or answer.status >= 500:  # noqa: PLR2004 - HTTP
            raise DeliveryFailed(Trouble.SERVER, f"the token endpoint answers {answer.status}")
        token, lasts_s = _grant(answer.body)
        self._token = token
        self._good_until = later(asked_at, max(0.0, lasts_s - _RENEW_BEFORE_S))

    def _assertion(self) -> str:
        now = int(self._clock.wall())
        claims = {
            "iss": self._account.email,
            "scope": " ".join(self._scopes),
            "aud": self._account.token_uri,
            "iat": now,
            "exp": now + LIFETIME_S,
        }
        message = {"key": self._account.key, "key_id": self._account.key_id, "claims": claims}
        said = self._run_child(sign.__name__, json.dumps(message).encode(), SIGN_TIMEOUT_S)
        if said.code == sign.NOT_INSTALLED:
            raise DeliveryFailed(Trouble.SETUP, f"google-auth is not installed: {how_to_add('sheets')}")
        if said.code == sign.BAD_KEY:
            raise DeliveryFailed(Trouble.SETUP, "the private key of the service account's JSON cannot be read")
        if said.code != 0:
            raise DeliveryFailed(Trouble.SETUP, "the token request could not be signed in time")
        return said.answer.decode("ascii", "replace")


def _grant(body: bytes) -> tuple[str, float]:
    """The token and how many seconds it lasts."""
    try:
        given = json.loads(body)
        token, lasts_s = str(given["access_token"]), float(given.get("expires_in", LIFETIME_S))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        token, lasts_s = "", 0.0
    if not _TOKEN.fullmatch(token) or not 0.0 < lasts_s <= 86_400.0:  # noqa: PLR2004 - a day
        raise DeliveryFailed(Trouble.CONTENT, "the token endpoint's answer is no token")
    return token, lasts_s
