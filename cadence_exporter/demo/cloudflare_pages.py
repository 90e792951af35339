"""Lists and envelopes of the pretend Cloudflare API."""

from collections.abc import Mapping
from typing import Any

from cadence_exporter.demo.cloudflare_zone import CloudflareZone, Refused


def list_records(zone: CloudflareZone, query: Mapping[str, str]) -> dict[str, Any]:
    """One page of the records that the filters leave over. Raises Refused."""
    name = query.get("name.exact", query.get("name", "")).lower()
    content = query.get("content.exact", query.get("content", "")).lower()
    record_type = query.get("type", "")
    found = [
        dict(record)
        for record in zone.records
        if name in ("", record["name"])
        and record_type in ("", record["type"])
        and content in ("", record["content"].lower())
    ]
    return page_of(found, query, 100)


def page_of(found: list[dict[str, Any]], query: Mapping[str, str], default: int) -> dict[str, Any]:
    """One page of ``found``, with ``result_info``. Raises Refused (1003)."""
    page, per_page = number(query, "page", 1), number(query, "per_page", default)
    if page < 1 or per_page < 1:
        raise Refused(400, 1003, "Invalid or missing page.")
    shown = found[(page - 1) * per_page : page * per_page]
    info = {
        "page": page,
        "per_page": per_page,
        "count": len(shown),
        "total_count": len(found),
        "total_pages": -(-len(found) // per_page),
    }
    return {**envelope(shown), "result_info": info}


def envelope(result: object) -> dict[str, Any]:
    """A success."""
    return {"result": result, "success": True, "errors": [], "messages": []}


def number(query: Mapping[str, str], key: str, default: int) -> int:
    """A query parameter that must be a whole number. Raises Refused (1003)."""
    try:
        return int(query.get(key, default))
    except ValueError:
        raise Refused(400, 1003, f"Invalid or missing {key}.") from None
