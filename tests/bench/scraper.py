"""Scrapes as Prometheus does, from a process of its own: ``python -m tests.bench.scraper PORT TIMES PAUSE_S`` -> seconds, as JSON."""

import http.client
import json
import sys
import time

HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    "Accept-Encoding": "gzip",
}
"""Prometheus keeps its connection between scrapes, and so does this."""


def main() -> None:
    port, times, pause_s = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    took = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for _ in range(times):
        time.sleep(pause_s)
        began = time.perf_counter()
        connection.request("GET", "/metrics", headers=HEADERS)
        response = connection.getresponse()
        body = response.read()
        took.append(time.perf_counter() - began)
        if response.status != 200 or not body:
            raise SystemExit(f"status {response.status}")
        told = response.headers.get("Content-Type", ""), response.headers.get("Content-Encoding")
        if not told[0].startswith("application/openmetrics-text") or told[1] != "gzip":
            raise SystemExit(f"not what Prometheus gets: {told}")
    json.dump(took, sys.stdout)


if __name__ == "__main__":
    main()
