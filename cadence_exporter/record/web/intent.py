"""Who may make us do something by POST: nobody whom a stranger's web page, or a stranger, has sent."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from cadence_exporter.record.web.messages import Request, is_loopback

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers that a reverse proxy adds: then the peer being loopback says nothing about who asks."""


def refusal(request: Request, *, authenticated: bool) -> str | None:
    """Why this POST is refused, or ``None`` when it may pass."""
    if cross_site(request.headers):
        return "refused: another web site sent this request"
    if authenticated:
        return None
    if not is_loopback(request.peer) or any(name in request.headers for name in _FORWARDED):
        return "refused: only from this machine itself, or with a password (basic_auth_users in web_config_file)"
    if not _is_local_name(request.header("host") or ""):
        # DNS rebinding: a stranger's page whose name now points at 127.0.0.1 is same-origin to the browser.
        return "refused: call this by IP address or as localhost"
    return None


def cross_site(headers: Mapping[str, str]) -> bool:
    """Whether another web site sent this, by what browsers say (Fetch Metadata, RFC 6454); tools such as curl send neither."""
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    origin = headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:  # brackets that no address is in: no browser of our own page says that
        return True


def _is_local_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
